"""When a child that died is started again, and when that is no use any more. Standard library only."""

from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 5.0  # who served this long was well: its next death is a new trouble
GIVE_UP_DEATHS, GIVE_UP_SECONDS = 5, 60.0


@dataclass(kw_only=True)
class Restarts:
    """The deaths of one child."""

    pause: float = 0.0
    """Seconds between its last death and its next start."""
    died_at: list[float] = field(default_factory=list)

    def note_death(self, *, at: float, served_seconds: float) -> None:
        """Count a death at `at`, of one that was ready for so long."""
        steady = served_seconds >= STEADY_SECONDS or not self.pause
        self.pause = FIRST_PAUSE_SECONDS if steady else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.died_at = [*self.died_at, at][-GIVE_UP_DEATHS:]

    @property
    def is_hopeless(self) -> bool:
        """Whether so many deaths came so close together that another start would only hide the fault."""
        deaths = self.died_at
        return len(deaths) == GIVE_UP_DEATHS and deaths[-1] - deaths[0] < GIVE_UP_SECONDS

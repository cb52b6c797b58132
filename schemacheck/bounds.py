"""What a check may take, by the door it came through: a caller waits for a request, a worker for nobody, and a person
at a command for their own machine."""

from dataclasses import dataclass

from config.home import PROGRAM
from schemacheck.checker.clock import UNHURRIED_SECONDS
from schemacheck.checker.source import MAX_SCRIPT_CHARS, refuse_longer
from schemacheck.refusals import translated

IN_REQUEST_CHARS = 1024 * 1024
IN_REQUEST_SECONDS = 5.0
IN_JOB_CHARS = 8 * 1024 * 1024
IN_JOB_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Characters of a script, and seconds of a processor."""

    chars: int
    seconds: float
    longer: str = ""
    """Where a longer script may go."""

    @translated()
    def hold(self, sql: str) -> None:
        """Raises TooLong, which says where a longer script may go."""
        refuse_longer(sql, self.chars, f"{self.longer}, or split it." if self.longer else "Split it.")


IN_REQUEST = Bounds(chars=IN_REQUEST_CHARS, seconds=IN_REQUEST_SECONDS, longer="Send it with background true")
IN_JOB = Bounds(chars=IN_JOB_CHARS, seconds=IN_JOB_SECONDS, longer=f"Check it by `{PROGRAM} schemacheck`")
AT_COMMAND = Bounds(chars=MAX_SCRIPT_CHARS, seconds=UNHURRIED_SECONDS)


def bounds_of(door: str) -> Bounds:
    """What a check may take that came through a door."""
    return {"command": AT_COMMAND, "none": AT_COMMAND, "job": IN_JOB}.get(door, IN_REQUEST)

"""What a check may take, by what asks for it: a caller waits for a request, a worker for nobody, and a person at a
command for their own machine."""

from dataclasses import dataclass

from config.errors import FieldError, PayloadTooLarge
from schemacheck.checker.clock import UNHURRIED_SECONDS

IN_REQUEST_CHARS = 1024 * 1024
IN_REQUEST_SECONDS = 5.0
IN_JOB_CHARS = 8 * 1024 * 1024
IN_JOB_SECONDS = 60.0


class TooLong(PayloadTooLarge):
    """A script longer than the door it came through may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Characters of a script, and seconds of a processor."""

    chars: int
    seconds: float

    def hold(self, sql: str) -> None:
        """Raises TooLong, which says where a longer script may go."""
        if len(sql) <= self.chars:
            return
        ways = {IN_REQUEST_CHARS: "Send it with background true", IN_JOB_CHARS: "Check it by `manage.py schemacheck`"}
        way = f"{ways[self.chars]}, or split it." if self.chars in ways else "Split it."
        detail = f"The script has {len(sql):,} characters; {self.chars:,} is the limit here. {way}"
        raise TooLong(detail, errors=[FieldError(field="sql", code="too-long", detail=detail)])


IN_REQUEST = Bounds(chars=IN_REQUEST_CHARS, seconds=IN_REQUEST_SECONDS)
IN_JOB = Bounds(chars=IN_JOB_CHARS, seconds=IN_JOB_SECONDS)
AT_COMMAND = Bounds(chars=32 * 1024 * 1024, seconds=UNHURRIED_SECONDS)


def bounds_of(door: str) -> Bounds:
    """What a check may take that came through a door."""
    return {"command": AT_COMMAND, "none": AT_COMMAND, "job": IN_JOB}.get(door, IN_REQUEST)

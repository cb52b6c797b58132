"""Whether a container engine answers, for /health/ready and `manage.py doctor`."""

from collections.abc import Iterator

from config.watching.health import Check
from dockerdebug.deadline import Deadline
from dockerdebug.engine import EngineUnavailable, address, connect

SECONDS = 0.9


def checks() -> Iterator[Check]:
    try:
        connect(Deadline(SECONDS)).close()
    except EngineUnavailable as error:
        # Not critical: this machine can be diagnosed without one, and so can everything else go on.
        yield Check(name="container engine", status="warn", detail=error.problem.cause, fix=error.problem.fix)
    else:
        yield Check(name="container engine", status="ok", detail=f"answers at {address()}")

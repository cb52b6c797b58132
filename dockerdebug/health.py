"""Whether a container engine answers, for /health/ready and `manage.py doctor`."""

from collections.abc import Iterator

from django.conf import settings

from config.watching.health import Check
from dockerdebug.deadline import Deadline
from dockerdebug.refusals import EngineUnavailable

SECONDS = 0.9


def checks() -> Iterator[Check]:
    from dockerdebug.engine import address, connect

    try:
        connect(Deadline(SECONDS)).close()
    except EngineUnavailable as error:
        # Not critical: this machine can be diagnosed without one, and so can everything else go on.
        problem, unset = error.problem, not settings.DOCKER_HOST
        yield Check("container engine", "warn", problem.cause, problem.fix, optional=unset)
    else:
        yield Check(name="container engine", status="ok", detail=f"answers at {address()}")

"""Is escalation well: does somebody look at what is critical, and does the job that weighs bugs run?"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from config.home import PROGRAM
from config.watching.health import Check
from escalation.models import Bug, Priority, Status

LATE = timedelta(minutes=15)  # the job runs every minute


def checks() -> Iterator[Check]:
    now = timezone.now()
    critical = Bug.objects.filter(priority=Priority.CRITICAL, status=Status.PENDING)
    waiting = critical.exclude(pk__in=critical.muted(at=now).values("pk")).count()
    if waiting:
        fix = f"`{PROGRAM} escalation list --priority critical --status pending`, then acknowledge them."
        yield Check("bugs", "warn", f"critical bugs that wait for somebody: {waiting}", fix)
    else:
        yield Check("bugs", "ok", "no critical bug waits")
    late = Bug.objects.due_for_weighing(at=now - LATE).count()
    if late:
        fix = f"See that beat and a worker run: `{PROGRAM} up` starts both."
        yield Check("deadlines", "warn", f"bugs not weighed although their deadline came near: {late}", fix)
    else:
        yield Check("deadlines", "ok", "priorities follow the deadlines")

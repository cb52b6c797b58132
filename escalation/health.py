"""Is escalation well: does somebody look at what is critical, and does the job that weighs bugs run?"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from config.home import PROGRAM
from config.watching.health import Check
from escalation.models import Bug, Channel, Delivery, DeliveryState, Escalation, Priority, Status

LATE = timedelta(minutes=15)  # the job runs every minute
RECENTLY = timedelta(days=1)


def checks() -> Iterator[Check]:
    yield from _bugs()
    yield from _calls()


def _bugs() -> Iterator[Check]:
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


def _calls() -> Iterator[Check]:
    """Whether whoever should be called is: what died lately, channels that gave up, and timers that nobody serves."""
    now = timezone.now()
    off = sorted(Channel.objects.filter(is_active=False).exclude(off_because="").values_list("name", flat=True))
    dead = Delivery.objects.filter(state=DeliveryState.DEAD, finished_at__gt=now - RECENTLY).count()
    late = Escalation.objects.due(at=now - LATE).count() + Delivery.objects.due(at=now - LATE).count()
    if off:
        fix = f"Mend what `{PROGRAM} channels list` says, then `{PROGRAM} channels change NAME --on`."
        yield Check("channels", "warn", f"turned off since nothing came through: {', '.join(off)}", fix)
    if dead:
        fix = f"`{PROGRAM} deliveries list --state dead`, and `{PROGRAM} deliveries replay ID` once it is mended."
        yield Check("deliveries", "warn", f"messages of the last day that nobody got: {dead}", fix)
    if late:
        fix = f"See that beat and a worker run: `{PROGRAM} up` starts both."
        yield Check("calls", "warn", f"steps and messages that are late: {late}", fix)
    if not (off or dead or late):
        yield Check("calls", "ok", "whoever is to be called is")

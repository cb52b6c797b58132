"""Is escalation well: does somebody look at what is critical, does what should report, and do its jobs run?"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from config.home import PROGRAM
from config.watching.health import Check
from escalation.alerts import watching
from escalation.models import (
    Bug,
    Channel,
    Delivery,
    DeliveryState,
    Escalation,
    Heartbeat,
    Policy,
    Priority,
    Status,
)
from escalation.oncall.reaching import reach

LATE = timedelta(minutes=15)  # the jobs run every minute or more often
RECENTLY = timedelta(days=1)
RUNS = f"See that beat and a worker run: `{PROGRAM} up` starts both."


def checks() -> Iterator[Check]:
    yield from _bugs()
    yield from _calls()
    yield _whom_policies_call()
    yield from _reporting()
    yield _alerts()


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
        yield Check("deadlines", "warn", f"bugs not weighed although their deadline came near: {late}", RUNS)
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
        yield Check("calls", "warn", f"steps and messages that are late: {late}", RUNS)
    if not (off or dead or late):
        yield Check("calls", "ok", "whoever is to be called is")


def _whom_policies_call() -> Check:
    """A step whose people left calls nobody, and nobody would notice until it is needed."""
    now, empty = timezone.now(), []
    for policy in Policy.objects.in_order().filter(is_active=True):
        empty += [policy.name for step in policy.steps if not reach(step["targets"], at=now).targets][:1]
    if empty:
        fix = f"`{PROGRAM} policies show NAME` says whom; `{PROGRAM} schedules on-call` who is on call."
        return Check("policies", "warn", f"a step reaches nobody now: {', '.join(empty)}", fix)
    return Check("policies", "ok", "every step reaches somebody")


def _reporting() -> Iterator[Check]:
    """What stopped reporting, and what did although nobody noticed."""
    silent = sorted(Heartbeat.objects.down().values_list("name", flat=True))
    unnoticed = Heartbeat.objects.missed(at=timezone.now() - LATE).count()
    if silent:
        fix = f"Mend what `{PROGRAM} heartbeats list` says; its bug closes when it reports."
        yield Check("heartbeats", "warn", f"stopped reporting: {', '.join(silent)}", fix)
    if unnoticed:
        yield Check("heartbeats", "warn", f"overdue and not missed yet: {unnoticed}", RUNS)
    if not (silent or unnoticed):
        yield Check("heartbeats", "ok", "whatever should report does")


def _alerts() -> Check:
    """Whether the trail is looked at: an alert that nobody serves is worse than none."""
    since = watching.unseen_since()
    if since is not None and since < timezone.now() - LATE:
        return Check("alerts", "warn", f"events not looked at since {since:%Y-%m-%d %H:%M} UTC", RUNS)
    return Check("alerts", "ok", "the trail is looked at")

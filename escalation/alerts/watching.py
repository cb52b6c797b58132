"""The job that looks at the trail for what alerts speak of.

What alerts make of a batch of events, and the place behind it, are written in one transaction: a worker that is killed
leaves nothing half done, and the next one looks at the same events again.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import following
from audit.models import Event
from audit.trail import record
from config.context import acting_as
from config.errors import DomainError
from config.identifiers import made_at
from config.jobs.overrun import note_progress
from escalation.alerts import firing
from escalation.alerts.matching import LONGEST_WINDOW, fits, is_of_type, still_counted, subject_of
from escalation.models import Alert, AlertTally, TrailPosition

logger = logging.getLogger(__name__)

JOB = "escalation.check_alerts"
ACTOR = f"job:{JOB}"
"""Whose events are no matter for alerts: an alert never sets off another, or itself."""
BATCH = 1000


def check_alerts() -> int:
    """Look at every event that came since the last time; returns how many there were."""
    looked = 0
    with acting_as(actor=ACTOR, door="job"):
        while done := _check_batch():
            looked += done
            note_progress()
            if done < BATCH:
                break
    return looked


def unseen_since() -> datetime | None:
    """When the oldest event came that nobody looked at yet; None where there is none."""
    waiting = following.next_places(_place(TrailPosition.objects.first()), limit=1)
    return made_at(Event.objects.values_list("uid", flat=True).get(pk=waiting[0][1])) if waiting else None


def clean_up_alerts() -> int:
    """Forget what was counted longer ago than any alert looks back; returns how many tallies."""
    before = timezone.now() - timedelta(minutes=LONGEST_WINDOW)
    return AlertTally.objects.untouched_since(before).delete()[0]


def _check_batch() -> int:
    if not following.next_places(_place(TrailPosition.objects.first()), limit=1):
        return 0  # without a lock: most times there is nothing
    with transaction.atomic():
        kept = TrailPosition.objects.select_for_update().get_or_create(pk=1)[0]
        after = _place(kept)
        places = following.next_places(after, limit=BATCH)
        if places:
            _look(after, places[-1])
            kept.tx, kept.event_id = places[-1]
            kept.save()
    return len(places)


def _place(kept: TrailPosition | None) -> following.Place:
    return (kept.tx, kept.event_id) if kept else (-1, -1)


def _look(after: following.Place, upto: following.Place) -> None:
    alerts = list(Alert.objects.filter(is_active=True))
    if not alerts:
        return
    events = following.events_between(after, upto).filter(_of_types(alerts)).exclude(actor=ACTOR)
    matched: dict[tuple[int, str], list[Event]] = {}
    for event in events:
        for alert in _that_fit(event, alerts):
            matched.setdefault((alert.pk, subject_of(event, alert.per)), []).append(event)
    by_pk = {alert.pk: alert for alert in alerts}
    for (pk, subject), found in matched.items():
        _count(by_pk[pk], subject, found)


def _of_types(alerts: Iterable[Alert]) -> Q:
    """What of a batch is read whole."""
    wanted = Q()
    for event_type in {alert.event_type for alert in alerts}:
        if event_type.endswith(".*"):
            wanted |= Q(event_type__startswith=event_type[:-1])
        else:
            wanted |= Q(event_type=event_type)
    return wanted


def _that_fit(event: Event, alerts: Sequence[Alert]) -> Iterator[Alert]:
    """A message of an alert that died sets off no further one."""
    if isinstance(event.context, Mapping) and event.context.get("purpose") == "alert":
        return
    for alert in alerts:
        if is_of_type(event.event_type, alert.event_type) and fits(event, alert.where):
            yield alert


def _count(alert: Alert, subject: str, found: Sequence[Event]) -> None:
    now = timezone.now()
    key = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()
    tally = AlertTally.objects.get_or_create(alert=alert, subject=key, defaults={"touched_at": now})[0]
    moments = [*tally.moments, *(min(event.timestamp, now).timestamp() for event in found)]
    tally.moments = still_counted(moments, window=timedelta(minutes=alert.window_minutes), most=alert.count)
    tally.touched_at = now
    if len(tally.moments) >= alert.count:
        tally.moments = []
        is_news = tally.said_at is None or now - tally.said_at >= timedelta(minutes=alert.again_after_minutes)
        tally.said_at = now if is_news else tally.said_at
        _fire(alert, subject, found, is_news=is_news, at=now)
    tally.save()


def _fire(alert: Alert, subject: str, found: Sequence[Event], *, is_news: bool, at: datetime) -> None:
    """One alert that cannot do what it says keeps no other from it."""
    with acting_as(correlation_id=found[-1].correlation_id):
        try:
            with transaction.atomic():
                bug = firing.open_bug(alert, subject, found)
                sent = firing.send(alert, found) if is_news else []
        except DomainError as error:
            logger.warning("The alert %s could not fire: %s", alert.name, error.detail)
            record(event_type="alert.failed", entity_type="alert", entity_id=alert.name, context={"why": error.detail})
            return
        Alert.objects.filter(pk=alert.pk).update(last_fired_at=at)
        record(
            event_type="alert.fired",
            entity_type="alert",
            entity_id=alert.name,
            context={
                "event": str(found[-1].uid),
                "events": len(found),
                "bug": bug.bug_id if bug else None,
                "messages": len(sent),
            },
        )

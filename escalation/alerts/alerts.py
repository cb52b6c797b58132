"""Alerts: adding, changing and removing one, and setting one off to see that it reaches somebody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.models import Event
from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from escalation import fields
from escalation.alerts import firing, matching
from escalation.alerts.shipped import SHIPPED
from escalation.fields import require
from escalation.models import Alert, Bug, Channel, Delivery, Impact

LONGEST_MESSAGE = 500
MOST_CHANNELS = 20


class InvalidAlert(DomainError):
    code = "invalid-alert"


class AlertNotFound(NotFound):
    code = "alert-not-found"


class AlertExists(Conflict):
    code = "alert-exists"
    remedy = "choose another name, or change the alert that has it"


class AlertShips(Conflict):
    code = "alert-ships"
    remedy = "turn it off instead: it is put in place again at each upgrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a test of an alert set off."""

    bug: Bug | None
    deliveries: list[Delivery]


def add_alert(
    *,
    name: str,
    event_type: str,
    message: str,
    where: Mapping[str, Any] | None = None,
    per: str = "",
    count: int = 1,
    window_minutes: int = 10,
    bug_impact: str = "",
    channels: Sequence[str] = (),
    again_after_minutes: int = 60,
    is_active: bool = True,
) -> Alert:
    """Say which events, after how many of them, open a bug or send a message. Raises InvalidAlert, AlertExists."""
    alert = Alert(
        name=name,
        event_type=event_type,
        message=message,
        where=dict(where or {}),
        per=per,
        count=count,
        window_minutes=window_minutes,
        bug_impact=bug_impact,
        channels=list(channels),
        again_after_minutes=again_after_minutes,
        is_active=is_active,
    )
    require(chain(fields.check_slug("name", name), _problems(alert)), InvalidAlert)
    try:
        with transaction.atomic():
            alert.save(force_insert=True)
            _tell(alert, "alert.added", before=None, now=alert.state())
    except IntegrityError as error:
        raise AlertExists(f"An alert {name} exists. Choose another name, or change that one.") from error
    return alert


@transaction.atomic
def change_alert(*, name: str, **changes: Any) -> Alert:
    """Change some fields; `where` and `channels` replace all. Raises AlertNotFound, InvalidAlert."""
    alert = find_alert(name=name, lock=True)
    before = alert.state()
    for field, value in changes.items():
        setattr(alert, field, value)
    require(_problems(alert), InvalidAlert)
    alert.save()
    _tell(alert, "alert.changed", before=before, now=alert.state())
    return alert


@transaction.atomic
def remove_alert(*, name: str) -> None:
    """Raises AlertNotFound, AlertShips."""
    alert = find_alert(name=name, lock=True)
    if name in SHIPPED:
        raise AlertShips(f"{name} ships with Handrail. Turn it off instead.")
    _tell(alert, "alert.removed", before=alert.state(), now=None)
    alert.delete()


@transaction.atomic
def try_alert(*, name: str) -> Tried:
    """Do what it does when it fires, said to be a test: a message by each channel, and the bug it opens.

    Raises AlertNotFound.
    """
    alert = find_alert(name=name)
    like = Event(event_type=alert.event_type, entity_type="test", entity_id="test", actor="test")
    tried = Tried(bug=firing.open_test_bug(alert, like), deliveries=firing.send_test(alert, like))
    record(event_type="alert.tested", entity_type="alert", entity_id=alert.name)
    return tried


def list_alerts() -> QuerySet[Alert]:
    return Alert.objects.all()


def find_alert(*, name: str, lock: bool = False) -> Alert:
    """Raises AlertNotFound."""
    rows = Alert.objects.select_for_update() if lock else list_alerts()
    found = rows.filter(name=name).first()
    if found is None:
        raise AlertNotFound(f"There is no alert {name[:80]}. GET /api/v1/escalation/alerts lists them.")
    return found


def ship() -> None:
    """Put in place what ships and is not there; what is stays as people changed it."""
    Alert.objects.bulk_create([Alert(name=name, **said) for name, said in SHIPPED.items()], ignore_conflicts=True)


def _problems(alert: Alert) -> Iterator[FieldError]:
    yield from matching.problems(alert.state())
    yield from fields.check_name("message", alert.message, longest=LONGEST_MESSAGE)
    yield from fields.check_choice("bug_impact", alert.bug_impact, ["", *Impact.values])
    yield from fields.check_count("count", alert.count, most=matching.MOST_EVENTS)
    for name in ("window_minutes", "again_after_minutes"):
        yield from fields.check_count(name, getattr(alert, name), most=matching.LONGEST_WINDOW)
    yield from _channel_problems(alert.channels)
    if alert.is_active and not (alert.bug_impact or alert.channels):
        detail = "An alert that is on opens a bug (bug_impact) or names a channel."
        yield FieldError(field="channels", code="required", detail=detail)


def _channel_problems(names: Sequence[Any]) -> Iterator[FieldError]:
    if len(names) > MOST_CHANNELS:
        yield FieldError(field="channels", code="length", detail=f"Must name at most {MOST_CHANNELS}.")
        return
    known = set(Channel.objects.filter(name__in=names).values_list("name", flat=True))
    for index, name in enumerate(names):
        if name not in known:
            yield FieldError(field=f"channels[{index}]", code="unknown", detail=f"There is no channel {name[:80]}.")


def _tell(alert: Alert, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    record(event_type=event_type, entity_type="alert", entity_id=alert.name, old_value=before, new_value=now)

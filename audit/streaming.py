"""Sending the trail on to a SIEM as it grows: OCSF events, one JSON object a line, by HTTP POST.

Only sealed events are sent, in the ledger's order, so none is passed over that was committed late. At least once:
the place is kept after the receiver's 2xx, and a receiver tells a repetition by `metadata.uid`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from audit import ocsf
from audit.export import COLUMNS
from audit.models import Event, EventQuerySet, StreamPosition, Tile
from config.context import caller
from config.errors import Conflict, Forbidden, Unavailable

if TYPE_CHECKING:
    import httpx2  # loaded by who sends; health, metrics and retention only ask where the stream stands

BATCH = 500
LEASE = timedelta(minutes=2)
"""How long a sender that was killed keeps others from going on."""
TIMEOUT_SECONDS = 20.0


class RestartRefused(Forbidden):
    """Sending the whole trail again floods the receiver, so that a key for recording must not."""

    remedy = "use an admin key to send the whole trail again"


class NoReceiver(Conflict):
    code = "no-receiver"
    remedy = "name a receiver in the settings first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the stream stands."""

    receiver: str
    """Its address, empty when there is none."""
    waiting: int
    """Sealed events that it has not confirmed."""
    last_sent_at: datetime | None
    failure: str
    """Why the last try failed; empty after one that did not."""


def send(*, progress: Callable[[int], None] = lambda done: None) -> int:
    """Send every sealed event that was not confirmed yet; returns how many. Raises NoReceiver, Unavailable."""
    if not settings.AUDIT_STREAM_URL:
        raise NoReceiver("No receiver is set. Set AUDIT_STREAM_URL, and AUDIT_STREAM_AUTHORIZATION if it wants one.")
    import httpx2

    place = StreamPosition.objects.get_or_create(pk=1)[0]
    if not _leased(place):
        return 0  # another sender is at it
    sent, failure = 0, ""
    with httpx2.Client(timeout=TIMEOUT_SECONDS, headers=_headers()) as client:
        while not failure and (events := _next(place)):
            failure = _post(client, events)
            if not failure:
                now, last = timezone.now(), events[-1]
                _save(place, tx=last.tx, event_id=last.pk, sent_at=now, leased_until=now + LEASE)
                sent += len(events)
                progress(sent)
    _save(place, failure=failure, leased_until=None)
    if failure:
        raise Unavailable(f"The receiver of the stream {failure}. Events wait for the next try, in a minute.")
    return sent


def restart() -> None:
    """Begin at the first event again, for a new receiver or one that lost what it had.

    Raises RestartRefused, Conflict.
    """
    if caller().scope != "admin":
        raise RestartRefused("Beginning at the first event again needs a key of scope admin.")
    place = StreamPosition.objects.get_or_create(pk=1)[0]
    if not _leased(place):
        raise Conflict("Events are being sent at this moment. Try again in a minute.")
    _save(place, tx=-1, event_id=-1, sent_at=None, failure="", leased_until=None)


def confirmed(events: EventQuerySet) -> EventQuerySet:
    """Those of the events that the receiver has; all of them where there is none."""
    if not settings.AUDIT_STREAM_URL:
        return events
    place = _place()
    return events.up_to(place.tx, place.event_id)


def standing() -> Standing:
    """What an operator wants to know."""
    place = _place()
    return Standing(
        receiver=settings.AUDIT_STREAM_URL,
        waiting=_sealed_after(place).count(),
        last_sent_at=place.sent_at,
        failure=place.failure,
    )


def _place() -> StreamPosition:
    """To look at: nothing is written for it."""
    return StreamPosition.objects.first() or StreamPosition(pk=1)


def _save(place: StreamPosition, **fields: object) -> None:
    for name, value in fields.items():
        setattr(place, name, value)
    place.save(update_fields=list(fields))


def _leased(place: StreamPosition) -> bool:
    now = timezone.now()
    free = StreamPosition.objects.filter(pk=place.pk).free(now)
    return bool(free.update(leased_until=now + LEASE))


def _next(place: StreamPosition) -> list[Event]:
    return list(_sealed_after(place).in_order()[:BATCH])


def _sealed_after(place: StreamPosition) -> EventQuerySet:
    last = Tile.objects.order_by("-number").first()
    if last is None:
        return Event.objects.none()
    return Event.objects.after(place.tx, place.event_id).up_to(last.last_tx, last.last_id)


def _headers() -> dict[str, str]:
    given = settings.AUDIT_STREAM_AUTHORIZATION
    authorization = {"Authorization": given} if given else {}
    return {"User-Agent": "handrail", "Content-Type": "application/x-ndjson", **authorization}


def _post(client: "httpx2.Client", events: list[Event]) -> str:
    """What went wrong, empty when the receiver took them."""
    import httpx2

    rows = ({name: getattr(event, name) for name in COLUMNS} for event in events)
    lines = (json.dumps(ocsf.entity_management(row), cls=DjangoJSONEncoder, ensure_ascii=False) for row in rows)
    try:
        # Of the answer only the status counts; a body, however long, is not read.
        with client.stream("POST", settings.AUDIT_STREAM_URL, content="".join(f"{line}\n" for line in lines)) as answer:
            return "" if answer.is_success else f"answered {answer.status_code}"
    except httpx2.HTTPError as error:
        return f"does not answer ({type(error).__name__})"

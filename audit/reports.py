"""What callers say happened: taken into the trail without secrets, and only about what they may change."""

from collections.abc import Sequence

from django.conf import settings

from audit import rollback, trail
from audit.models import Event
from audit.trail import NewEvent
from config.context import caller
from config.errors import Forbidden
from config.limits import check_size
from config.models import Scope


class NotTheirHistory(Forbidden):
    """A history that is rolled back to must not be written by those who may not change the entity itself."""

    remedy = "change the entity itself; its history is written with it"


def report(*, events: Sequence[NewEvent]) -> list[Event]:
    """Record up to 500 events as the doors bring them, all or none.

    Raises InvalidEvent, NotTheirHistory, PayloadTooLarge.
    """
    for index, new in enumerate(events):
        _check_history(new.entity_type)
        _check_size(new, f"events[{index}]." if len(events) > 1 else "")
    return trail.record_all(events=events)


def _check_size(new: NewEvent, path: str) -> None:
    check_size(
        {path + name: getattr(new, name) for name in ("old_value", "new_value", "context")},
        most=settings.MAX_EVENT_BYTES,
        setting="MAX_EVENT_BYTES",
    )


def _check_history(entity_type: str) -> None:
    needed = rollback.scope_of(entity_type)
    if needed is not None and not Scope(caller().scope).covers(needed):
        raise NotTheirHistory(
            f"Events of a {entity_type} of Handrail's own need a key of scope {needed}: rolling back would restore "
            "what they say. Name an entity of yours by another entity_type."
        )

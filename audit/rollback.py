"""Going back: the states an entity had, and restoring one of them."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction

from audit.changes import Change, deep_compare
from audit.models import Event
from audit.trail import history, record
from config.errors import Conflict, NotFound


class Adapter(Protocol):
    """How the states of one entity type are read and written; register one to make a type restorable in place."""

    def read(self, entity_id: str) -> Any:
        """The present state as JSON, its rows locked; None when the entity does not exist."""

    def write(self, entity_id: str, state: Any) -> None:
        """Make `state` the present state; None removes the entity. Raises DomainError when it cannot."""


_adapters: dict[str, Adapter] = {}


def register(entity_type: str, adapter: Adapter) -> None:
    """Make entities of a type restorable in place."""
    _adapters[entity_type] = adapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rollback would do."""

    entity_type: str
    entity_id: str
    restores: Event
    """The event whose new state comes back."""
    current: Any
    target: Any
    changes: list[Change]
    in_place: bool
    """Whether the entity itself is written; otherwise it lives elsewhere and the trail says what it should be."""


class NothingToRollBack(Conflict):
    code = "nothing-to-roll-back"


def points(*, entity_type: str, entity_id: str, limit: int = 10) -> list[Event]:
    """The last states of an entity that one can go back to, newest first."""
    return history(entity_type=entity_type, entity_id=entity_id, limit=limit)


def plan(*, entity_type: str, entity_id: str, to: str | None = None) -> Plan:
    """What `apply` would do: back to the state after event `to`, or to the one before the last change."""
    adapter = _adapters.get(entity_type)
    events = Event.objects.of(entity_type, entity_id).order_by("-id")
    last = events.first()
    if last is None:
        raise NotFound(f"Nothing is recorded of {entity_type} {entity_id}.")
    current = adapter.read(entity_id) if adapter else last.new_value
    if to is not None:
        restores = events.filter(uid=to).first()
        if restores is None:
            raise NotFound(f"Event {to} is not in the history of {entity_type} {entity_id}.")
        target = restores.new_value
    else:
        restores, target = last, last.old_value
    changes = deep_compare(current, target)
    if not changes:
        raise NothingToRollBack(f"{entity_type} {entity_id} is in that state already.")
    return Plan(
        entity_type=entity_type,
        entity_id=entity_id,
        restores=restores,
        current=current,
        target=target,
        changes=changes,
        in_place=adapter is not None,
    )


@transaction.atomic
def apply(*, entity_type: str, entity_id: str, to: str | None = None, reason: str = "") -> Event:
    """Restore a state and record it as an event that names what it restores, itself revertible."""
    steps = plan(entity_type=entity_type, entity_id=entity_id, to=to)
    if adapter := _adapters.get(entity_type):
        adapter.write(entity_id, steps.target)
    return record(
        event_type="entity.rolled_back",
        entity_type=entity_type,
        entity_id=entity_id,
        old_value=steps.current,
        new_value=steps.target,
        context={"restores": str(steps.restores.uid), **({"reason": reason} if reason else {})},
    )

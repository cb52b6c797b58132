"""Going back: the states an entity had, and restoring one of them."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.utils.module_loading import import_string

from audit.changes import Change, deep_compare, json_patch
from audit.models import Event
from audit.trail import history, record
from config.canonical import canonical_json
from config.errors import Conflict, DomainError, NotFound
from config.identifiers import row_of
from config.secrets import MARK, scrub


class Adapter(Protocol):
    """How the states of one entity type are read and written; register one to make a type restorable in place."""

    def read(self, entity_id: str) -> Any:
        """The present state as JSON, its rows locked; None when the entity does not exist."""

    def write(self, entity_id: str, state: Any) -> None:
        """Make `state` the present state; None removes the entity. Raises DomainError when it cannot."""


_adapters: dict[str, str] = {}
_scopes: dict[str, str] = {}


def register(entity_type: str, adapter: str, *, scope: str = "write") -> None:
    """Make entities of a type restorable in place; `scope` is what changing one of them needs.

    The adapter's class is named by its dotted path: every process registers it, few ever roll anything back.
    """
    _adapters[entity_type] = adapter
    _scopes[entity_type] = scope


def _adapter_of(entity_type: str) -> Adapter | None:
    path = _adapters.get(entity_type)
    return import_string(path)() if path else None


def scope_of(entity_type: str) -> str | None:
    """What changing an entity of a type needs; None for types that live elsewhere."""
    return _scopes.get(entity_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rollback of one entity would do."""

    entity_type: str
    entity_id: str
    based_on: Event
    """The entity's last event when this was planned."""
    restores: str
    """The event whose state comes back; empty for the state before the first event."""
    reverts: list[str]
    """The events whose effect goes."""
    current: Any
    target: Any
    changes: list[Change]
    patch: list[dict[str, Any]]
    conflicts: list[Change]
    """Where the entity is not what the trail says it should be: something changed it without an event."""
    in_place: bool
    """Whether the entity itself is written; otherwise it lives elsewhere and the trail says what it should be."""


class NothingToRollBack(Conflict):
    code = "nothing-to-roll-back"
    remedy = "name an earlier event or time; the entity is in that state already"


class ChangedMeanwhile(Conflict):
    code = "changed-meanwhile"
    remedy = "plan again, and roll back from the state there is now"


class NoSuchState(Conflict):
    """The trail names a state that no entity of the type can have: somebody recorded it by hand."""

    code = "no-such-state"
    remedy = "choose a state that the service recorded itself"


class SecretNotKept(Conflict):
    """A state had a secret, which the trail does not have: restoring the mark in its place would be wrong."""

    code = "secret-not-kept"
    remedy = "set the secret by hand; the trail does not keep it"


def points(*, entity_type: str, entity_id: str, limit: int = 10) -> list[Event]:
    """The last states of an entity that one can go back to, newest first."""
    return history(entity_type=entity_type, entity_id=entity_id, limit=limit)


def plan(*, entity_type: str, entity_id: str, to: str | None = None) -> Plan:
    """What `apply` would do: back to the state after event `to`, or to the one before the last change.

    Raises NotFound for an entity or event the trail does not know, NothingToRollBack, DomainError for an erased state.
    """
    events = Event.objects.of(entity_type, entity_id).order_by("-id")
    last = events.first()
    if last is None:
        raise NotFound(f"Nothing is recorded of {entity_type} {entity_id}.")
    if to is None:
        return _plan(last, [last])
    point = row_of(events, to, NotFound(f"Event {to} is not in the history of {entity_type} {entity_id}."))
    return _plan(last, list(events.filter(id__gt=point.pk)), point)


def plan_group(*, correlation_id: str) -> list[Plan]:
    """What undoing everything of one request, command or job would do, entity by entity. Raises NotFound."""
    events = list(Event.objects.where(correlation_id=correlation_id).order_by("-id"))
    if not correlation_id or not events:
        raise NotFound(f"No event has the correlation id {correlation_id}.")
    by_entity: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        by_entity.setdefault((event.entity_type, event.entity_id), []).append(event)
    return [_plan(group[0], group) for group in by_entity.values()]


def _plan(last: Event, reverted: list[Event], point: Event | None = None) -> Plan:
    """Undo `reverted`, newest first, whose newest should have left the entity as it is now."""
    adapter = _adapter_of(last.entity_type)
    source = point or reverted[-1]
    if source.erased_at:
        raise DomainError(f"The state in event {source.uid} is erased; choose another.")
    target = point.new_value if point else source.old_value
    newest = Event.objects.of(last.entity_type, last.entity_id).order_by("-id").first() or last
    # The trail knows states without their secrets, so they are compared without.
    current = scrub(adapter.read(last.entity_id)) if adapter else newest.new_value
    changes = deep_compare(current, target)
    if not changes:
        raise NothingToRollBack(f"{last.entity_type} {last.entity_id} is in that state already.")
    return Plan(
        entity_type=last.entity_type,
        entity_id=last.entity_id,
        based_on=newest,
        restores=str(point.uid) if point else _before(source),
        reverts=[str(event.uid) for event in reverted],
        current=current,
        target=target,
        changes=changes,
        patch=json_patch(current, target),
        conflicts=deep_compare(last.new_value, current),
        in_place=adapter is not None,
    )


def _before(event: Event) -> str:
    earlier = Event.objects.of(event.entity_type, event.entity_id).filter(id__lt=event.pk).order_by("-id").first()
    return str(earlier.uid) if earlier else ""


@transaction.atomic
def apply(
    *,
    entity_type: str,
    entity_id: str,
    to: str | None = None,
    reason: str = "",
    based_on: str | None = None,
    force: bool = False,
) -> Event:
    """Restore a state and record it as an event that names what it reverts, itself revertible.

    Raises what `plan` raises, and ChangedMeanwhile when the entity has an event after `based_on` or is not what the
    trail says; `force` overwrites in the second case.
    """
    _lock(entity_type, entity_id)
    steps = plan(entity_type=entity_type, entity_id=entity_id, to=to)
    if based_on is not None and str(steps.based_on.uid) != based_on:
        raise ChangedMeanwhile(f"{entity_type} {entity_id} has changed since event {based_on}. Plan again.")
    return _carry_out(steps, reason, force=force)


@transaction.atomic
def apply_group(*, correlation_id: str, reason: str = "", force: bool = False) -> list[Event]:
    """Undo everything of one request, command or job: all of its entities, or none. Raises as `apply`."""
    entities = Event.objects.where(correlation_id=correlation_id).values_list("entity_type", "entity_id")
    for entity_type, entity_id in sorted(set(entities.order_by())):  # one order for everybody: no deadlock
        _lock(entity_type, entity_id)
    return [_carry_out(steps, reason, force=force) for steps in plan_group(correlation_id=correlation_id)]


def _lock(entity_type: str, entity_id: str) -> None:
    """Hold back other rollbacks of the entity: its first event's row is the lock."""
    list(Event.objects.of(entity_type, entity_id).select_for_update().order_by("id").values_list("pk")[:1])


def _carry_out(steps: Plan, reason: str, *, force: bool) -> Event:
    if steps.conflicts and not force:
        where = ", ".join(change.path or "value" for change in steps.conflicts[:5])
        raise ChangedMeanwhile(
            f"{steps.entity_type} {steps.entity_id} is not as the trail left it ({where}). Look at the plan; "
            "`force` overwrites."
        )
    if adapter := _adapter_of(steps.entity_type):
        if MARK in canonical_json(steps.target):
            raise SecretNotKept(
                f"The trail keeps no secrets, and this state of {steps.entity_type} {steps.entity_id} had one. "
                "Set it by hand, with the secret from where you keep it."
            )
        try:
            adapter.write(steps.entity_id, steps.target)
        except (AttributeError, LookupError, TypeError, ValueError, ValidationError, DataError) as error:
            raise NoSuchState(
                f"What the trail says of {steps.entity_type} {steps.entity_id} is no state it can have. "
                "Look at the plan, and go back `to` another event."
            ) from error
    why = {"reason": reason} if reason else {}
    return record(
        event_type="entity.rolled_back",
        entity_type=steps.entity_type,
        entity_id=steps.entity_id,
        old_value=steps.current,
        new_value=steps.target,
        context={"restores": steps.restores, "reverts": steps.reverts[:100], **why},
    )

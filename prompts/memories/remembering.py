"""Remembering, correcting, superseding and forgetting, and what the trail keeps of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.identifiers import row_of
from config.secrets import blank
from prompts.memories import index, limits
from prompts.models import Memory, MemoryQuerySet

ENTITY = "memory"
SHORT: Final = timedelta(minutes=30)
CHANGEABLE = ("text", "project", "agent", "task_id", "tags", "success")
FORGET_BATCH = 200


class MemoryNotFound(NotFound):
    code = "memory-not-found"


class MemorySuperseded(Conflict):
    code = "memory-superseded"
    remedy = "supersede or correct the memory that took its place, which `detail` names"


class MemoryInvalid(DomainError):
    code = "memory-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    memory: Memory
    created: bool
    """False when the same was known already."""


def get_memory(*, uid: UUID | str, lock: bool = False) -> Memory:
    """Raises MemoryNotFound."""
    rows = Memory.objects.select_for_update() if lock else Memory.objects.select_related("superseded_by")
    missing = MemoryNotFound(f"There is no memory {str(uid)[:64]}. GET /api/v1/prompts/memories lists them.")
    return row_of(rows, uid, missing)


@transaction.atomic
def remember(
    *,
    text: str,
    project: str = "",
    agent: str = "",
    session_id: str = "",
    task_id: str = "",
    tags: Sequence[str] = (),
    tier: str = Memory.Tier.LONG,
    is_explicit: bool = True,
    success: bool | None = None,
    supersedes: UUID | str | None = None,
) -> Remembered:
    """Keep something to be known later, without the secrets in it; in place of a memory that it supersedes.

    Short-term memories are of one session, for 30 minutes. Raises MemoryInvalid, MemoryNotFound, MemorySuperseded.
    """
    old = _superseded(supersedes)
    memory = Memory(
        text=_checked(text),
        tier=tier,
        project=project.strip(),
        agent=agent.strip(),
        session_id=session_id,
        task_id=task_id,
        tags=list(dict.fromkeys(tags)),
        is_explicit=is_explicit,
        success=success,
        created_by=caller().actor,
        expires_at=timezone.now() + SHORT if tier == Memory.Tier.SHORT else None,
    )
    _require_session(memory)
    if old is None and (known := _same(memory)):
        return Remembered(memory=known, created=False)
    memory.save(force_insert=True)
    before = _before(memory)
    _index(memory, before)
    if before:
        _index(before, _before(before), memory)
    _tell("memory.remembered", memory, new=memory.state())
    if old:
        old.superseded_by = memory
        old.save(update_fields=["superseded_by"])
        _tell("memory.superseded", old, old=old.state(), new={"superseded_by": str(memory.uid)})
    return Remembered(memory=memory, created=True)


@transaction.atomic
def correct_memory(*, uid: UUID | str, **changes: Any) -> Memory:
    """Change what a memory says or where it holds. Raises MemoryNotFound, MemoryInvalid."""
    memory = get_memory(uid=uid, lock=True)
    before = memory.state()
    if unknown := sorted(set(changes) - set(CHANGEABLE)):
        raise _invalid(unknown[0], f"Cannot be changed; {', '.join(CHANGEABLE)} can.")
    for name, value in changes.items():
        setattr(memory, name, _checked(value) if name == "text" else value)
    memory.save()
    _index(memory, _before(memory), _after(memory))
    for neighbour in filter(None, (_before(memory), _after(memory))):
        _index(neighbour, _before(neighbour), _after(neighbour))
    _tell("memory.corrected", memory, old=before, new=memory.state())
    return memory


@transaction.atomic
def forget(*, uid: UUID | str) -> None:
    """Delete a memory for good; what is no longer true is better superseded. Raises MemoryNotFound."""
    memory = get_memory(uid=uid, lock=True)
    _tell("memory.forgotten", memory, old=memory.state())
    index.drop([memory.pk])
    memory.delete()


def prune_memories() -> int:
    """Delete memories past their time, in batches, and make all others findable; how many went."""
    deleted = 0
    while doomed := list(Memory.objects.expired().values_list("pk", flat=True)[:FORGET_BATCH]):
        with transaction.atomic():
            index.drop(doomed)
            deleted += Memory.objects.filter(pk__in=doomed).delete()[1].get(Memory._meta.label, 0)
    return deleted


@transaction.atomic
def reindex() -> int:
    """Index every memory anew, as after a move to another database; how many there are."""
    count = 0
    for memory in Memory.objects.order_by("pk").iterator(500):
        _index(memory, _before(memory), _after(memory))
        count += 1
    return count


def _index(memory: Memory, *neighbours: Memory | None) -> None:
    around = "\n".join(neighbour.text for neighbour in neighbours if neighbour)
    index.put(memory.pk, text=memory.text, around=around, scope=index.Scope(memory.project, memory.agent))


def _before(memory: Memory) -> Memory | None:
    """What was noted right before it, by the same agent in the same session and project."""
    return _beside(memory).filter(pk__lt=memory.pk).order_by("-pk").first()


def _after(memory: Memory) -> Memory | None:
    return _beside(memory).filter(pk__gt=memory.pk).order_by("pk").first()


def _beside(memory: Memory) -> MemoryQuerySet:
    return Memory.objects.filter(project=memory.project, agent=memory.agent, session_id=memory.session_id)


def _same(memory: Memory) -> Memory | None:
    """A live memory that says the same of the same."""
    told = ("tier", "text", "project", "agent", "task_id", "is_explicit", "success")
    found = Memory.objects.live().filter(**{name: getattr(memory, name) for name in told})
    return found.known_in(memory.session_id).first()


def _superseded(uid: UUID | str | None) -> Memory | None:
    if uid is None:
        return None
    old = get_memory(uid=uid, lock=True)
    if old.superseded_by is not None:
        raise MemorySuperseded(f"The memory {uid} was superseded by {old.superseded_by.uid}; supersede that one.")
    return old


def _require_session(memory: Memory) -> None:
    if memory.tier == Memory.Tier.SHORT and not memory.session_id:
        raise _invalid("session_id", "A short-term memory is of a session: name it, or keep the memory long.")


def _checked(text: str) -> str:
    """The text without secrets. Raises MemoryInvalid for one that is empty, too long or cannot be stored."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _invalid("text", "Must not hold a NUL character or half of a surrogate pair.")
    if len(text) > limits.LONGEST_TEXT:
        raise _invalid("text", f"Has {len(text):,} characters; a memory has at most {limits.LONGEST_TEXT:,}.")
    kept = blank(text).strip()
    if not kept:
        raise _invalid("text", "Must say something.")
    return kept


def _invalid(field: str, detail: str) -> MemoryInvalid:
    return MemoryInvalid(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])


def _tell(event_type: str, memory: Memory, *, old: Any = None, new: Any = None) -> None:
    record(
        event_type=event_type,
        entity_type=ENTITY,
        entity_id=str(memory.uid),
        old_value=old,
        new_value=new,
        agent=memory.agent,
        session_id=memory.session_id,
    )

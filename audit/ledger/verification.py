"""Checking the whole trail, or a part of it, against its tree and every checkpoint kept in or outside the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from audit.leaves import ENVELOPE, PAYLOAD, leaf, payload_hash
from audit.ledger import merkle, notes, signing
from audit.ledger.sealing import Tree, event_ids, leaves
from audit.models import Checkpoint, Event, Tile
from audit.verdicts import outcome_of, verdict_of
from config.database.json_column import load_json
from config.errors import Conflict

COLUMNS = ("id", "timestamp", *ENVELOPE, *PAYLOAD, "salt", "erased_at", "decision")
TILES_A_READ = 40

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first thing found that should not be; `position` is the leaf's place in the tree."""

    kind: str
    detail: str
    position: int | None = None
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the trail found."""

    valid: bool
    events: int
    removed: int
    """Leaves whose event retention has removed, as an event of the trail says."""
    checkpoints: int
    size: int
    fault: Fault | None = None


class _Found(Exception):
    def __init__(self, kind: str, detail: str, position: int | None = None, uid: str = "") -> None:
        super().__init__(detail)
        self.fault = Fault(kind=kind, detail=detail, position=position, uid=uid)


def verify(
    *,
    since: int = 0,
    until: int | None = None,
    checkpoint: str = "",
    key: str = "",
    progress: Progress = lambda done, total: None,
) -> Verdict:
    """Check leaves `since` to `until` against their events, and the tree against every checkpoint.

    `checkpoint` is the text of a note kept elsewhere; `key` a verifier key other than this service's. Raises
    Conflict for a range or a note that makes no sense.
    """
    key = key or signing.public_key()
    tree = Tree()
    end = tree.size if until is None else min(until, tree.size)
    if not 0 <= since <= end:
        raise Conflict(f"The range must lie within the {tree.size} sealed events.")
    events = removed = checkpoints = 0
    fault = None
    try:
        checkpoints = _check_checkpoints(tree, key, checkpoint)
        for tile_events, tile_removed in _check_tiles(since, end):
            events += tile_events
            removed += tile_removed
            progress(events + removed, end - since)
        _check_strays(tree.size)
    except _Found as found:
        fault = found.fault
    return Verdict(
        valid=fault is None, events=events, removed=removed, checkpoints=checkpoints, size=tree.size, fault=fault
    )


def _check_checkpoints(tree: Tree, key: str, given: str) -> int:
    """Every checkpoint known must be signed and state a root that the tree has at its size."""
    known = {str(path.name): path.read_text(encoding="utf-8") for path in _files()}
    known |= {f"in the database at {point.size}": point.note for point in Checkpoint.objects.all()}
    if given:
        known["given"] = given
    for where, note in known.items():
        try:
            head = notes.verify(note, key)
        except notes.BadNote as error:
            raise _Found("bad-checkpoint", f"The checkpoint {where} is not sound: {error}") from error
        if head.size > tree.size:
            detail = f"The checkpoint {where} covers {head.size} events, but the tree has only {tree.size}."
            raise _Found("truncated", detail, position=tree.size)
        if head.size and tree.subtree(0, head.size) != head.root:
            raise _Found("rewritten", f"The tree does not have the root of the checkpoint {where}, size {head.size}.")
    return len(known)


def _files() -> list[Path]:
    return sorted(settings.AUDIT_CHECKPOINT_DIR.glob("*.txt"))


def _check_tiles(since: int, end: int) -> Iterator[tuple[int, int]]:
    """Tile by tile: its root is that of its leaves, and each leaf is that of its event; (read, removed) each time."""
    removed_by_retention = _removed_ranges()
    numbers = range(since // Tile.SIZE, -(-end // Tile.SIZE))
    expected = numbers.start
    for first in range(numbers.start, numbers.stop, TILES_A_READ):
        tiles = list(Tile.objects.filter(number__in=range(first, min(first + TILES_A_READ, numbers.stop))))
        rows = _rows([id_ for tile in tiles for id_ in event_ids(tile)])
        for tile in tiles:
            if tile.number != expected:
                break
            expected += 1
            yield _check_tile(tile, rows, since, end, removed_by_retention)
    if expected != numbers.stop:
        raise _Found("tile-missing", f"Tile {expected} of the tree is missing.", position=expected * Tile.SIZE)


def _check_tile(
    tile: Tile, rows: dict[int, tuple[Any, ...]], since: int, end: int, allowed: list[range]
) -> tuple[int, int]:
    found = leaves(tile)
    if tile.root is not None and merkle.root(found) != bytes(tile.root):
        raise _Found("tile-edited", f"Tile {tile.number} does not have its root.", position=tile.number * Tile.SIZE)
    read = removed = 0
    for offset, id_ in enumerate(event_ids(tile)):
        position = tile.number * Tile.SIZE + offset
        if not since <= position < end:
            continue
        if id_ in rows:
            _check_event(rows[id_], found[offset], position)
            read += 1
        elif any(position in positions for positions in allowed):
            removed += 1
        else:
            raise _Found("deleted", f"The event at {position} is gone, and no retention says so.", position=position)
    return read, removed


def _check_event(row: tuple[Any, ...], expected: bytes, position: int) -> None:
    fields = dict(zip(COLUMNS, row, strict=True))
    fields["uid"], fields["timestamp"] = _uid(fields["uid"]), _time(fields["timestamp"])
    if leaf(fields) != expected.hex():
        raise _Found("edited", "The event is not the one that was sealed.", position=position, uid=fields["uid"])
    if fields["erased_at"] is None:
        payload = {name: _value(fields[name]) for name in PAYLOAD}
        if payload_hash(fields["salt"], payload) != fields["payload_hash"]:
            detail = "The event's old or new value, changes or context were altered."
            raise _Found("payload-edited", detail, position=position, uid=fields["uid"])
        told = fields["event_type"], payload["new_value"]
        if fields["decision"] not in (outcome_of(*told), verdict_of(*told)):  # at first what is left was to confirm
            detail = "The column the decision is found by does not say what the event's new value says."
            raise _Found("decision-edited", detail, position=position, uid=fields["uid"])
    elif any(_value(fields[name]) for name in PAYLOAD):
        raise _Found("payload-edited", "An erased payload holds something.", position=position, uid=fields["uid"])


def _rows(ids: list[int]) -> dict[int, tuple[Any, ...]]:
    """The events' columns as the database gives them: model instances would take three times as long."""
    wanted, values = f"id IN ({', '.join(['%s'] * len(ids))})", ids
    if ids and max(ids) - min(ids) < 2 * len(ids):  # as always but after a transaction that was open for long
        wanted, values = "id BETWEEN %s AND %s", [min(ids), max(ids)]
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM audit_event WHERE {wanted}", values)  # noqa: S608  -- our own names
        return {row[0]: row for row in cursor.fetchall()}


def _uid(value: Any) -> str:
    text = str(value)
    return text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _time(value: Any) -> datetime:
    """SQLite gives text or a naive datetime, both in UTC, PostgreSQL an aware one."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    # Naive ones are not left to astimezone(): it takes them for local time, and fails in the years 1 and 9999.
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _value(stored: Any) -> Any:
    return load_json(stored) if isinstance(stored, str) else stored


def _removed_ranges() -> list[range]:
    """The leaves that retention removed, as events of the trail say."""
    events = Event.objects.filter(event_type="audit.pruned").values_list("new_value", flat=True)
    return [range(start, stop) for value in events if value for start, stop in value["positions"]]


def _check_strays(size: int) -> None:
    """An event below the last sealed one that no tile has was slipped in later, or back-dated."""
    last = Tile.objects.order_by("-number").first()
    if last is None:
        return
    sealed = size - _count_removed()
    below = Event.objects.up_to(last.last_tx, last.last_id)
    if below.count() > sealed:
        raise _Found("inserted", "There are more events before the last sealed one than the tree has.")


def _count_removed() -> int:
    return sum(len(positions) for positions in _removed_ranges())

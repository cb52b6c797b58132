"""Sealing events into an RFC 6962 Merkle tree, and proving from it.

What has a checkpoint outside the database cannot be altered unseen, by anybody. Events younger than the last
checkpoint (the open window: the sealing interval, and on PostgreSQL the longest open transaction) are not yet held.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from audit.leaves import envelope
from audit.ledger import counting, merkle, notes, signing
from audit.ledger.counting import NOWHERE, Place
from audit.ledger.triggers import removal_permit
from audit.models import Checkpoint, Event, EventQuerySet, Tile, TransactionBase
from config.errors import DomainError, NotFound
from config.home import PROGRAM
from config.identifiers import row_of

BATCH = 50_000
"""Events sealed in one transaction; a backlog takes several."""

_LOCK = 0x68616E6472
"""The advisory lock one sealer holds; on SQLite the transaction itself is the lock."""


class AnotherDatabase(DomainError):
    status = 409
    code = "ledger-of-another-database"
    remedy = "give each database a `DATA_DIR` of its own"


class NotSealed(DomainError):
    status = 409
    code = "not-sealed"
    remedy = f"seal first (`{PROGRAM} audit seal`), or wait for the job that does"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one run of the sealer did."""

    events: int
    size: int
    checkpoint: Checkpoint | None


def seal(*, progress: Callable[[int], None] = lambda done: None) -> Sealed:
    """Append every event that can no longer be overtaken to the tree; sign and export a checkpoint."""
    events = 0
    while count := _seal_batch():
        events += count
        progress(events)
    checkpoint = _checkpoint()
    return Sealed(events=events, size=size(), checkpoint=checkpoint)


@transaction.atomic
def _seal_batch() -> int:
    _lock()
    last = Tile.objects.order_by("-number").first()
    behind = (last.last_tx, last.last_id) if last else NOWHERE
    rows = _unsealed(behind)
    if not rows:
        return 0
    unfinished = last if last is not None and last.size < Tile.SIZE else None
    number = 0 if last is None else last.number + (unfinished is None)
    tiles = _tiles(unfinished, number, rows)
    if unfinished:
        tiles.pop(0).save(update_fields=["size", "last_tx", "last_id", "ids", "hashes", "root"])
    Tile.objects.bulk_create(tiles, batch_size=500)
    counting.add(behind=behind, upto=rows[-1][:2])
    return len(rows)


@transaction.atomic
def fold_counts() -> None:
    """Join the hourly counts of days long past; the sealer waits meanwhile."""
    _lock()
    counting.fold(now=timezone.now())


def _lock() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _unsealed(behind: Place) -> list[tuple[int, int, str]]:
    """(tx, id, leaf hash) of the next events, in tree order.

    Ids are given out before commit, so on PostgreSQL a sealer that follows ids misses events committed late: 27 of
    100 in a race. Below the oldest running transaction nothing can appear any more; there (tx, id) is final.
    """
    tx, id_ = behind
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            base = TransactionBase.current()
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %s", [base])
            horizon = cursor.fetchone()[0]
            if horizon < tx:
                raise AnotherDatabase(
                    "The transaction ids of this server are behind the sealed ones: the database was restored "
                    f"elsewhere. Run `{PROGRAM} audit seal --rebase` once."
                )
            cursor.execute(
                "SELECT tx, id, leaf_hash FROM audit_event WHERE (tx, id) > (%s, %s) AND tx > 0 AND tx < %s "
                "ORDER BY tx, id LIMIT %s",
                [tx, id_, horizon, BATCH],
            )
        else:
            cursor.execute("SELECT tx, id, leaf_hash FROM audit_event WHERE id > %s ORDER BY id LIMIT %s", [id_, BATCH])
        return list(cursor.fetchall())


def _tiles(unfinished: Tile | None, number: int, rows: Sequence[tuple[int, int, str]]) -> list[Tile]:
    """The rows as tiles from `number` on, the first one continuing an unfinished tile."""
    room = Tile.SIZE - (unfinished.size if unfinished else 0)
    tiles = [_extend(unfinished, number, rows[:room])]
    for start in range(room, len(rows), Tile.SIZE):
        number += 1
        tiles.append(_extend(None, number, rows[start : start + Tile.SIZE]))
    return tiles


def _extend(tile: Tile | None, number: int, rows: Sequence[tuple[int, int, str]]) -> Tile:
    ids = array("q", [row[1] for row in rows])
    ids.byteswap()  # kept big-endian, whatever machine reads them
    hashes = bytes.fromhex("".join(row[2] for row in rows))
    if tile is None:
        tile = Tile(number=number, size=0, first_tx=rows[0][0], first_id=rows[0][1], ids=b"", hashes=b"")
    tile.ids = bytes(tile.ids) + ids.tobytes()
    tile.hashes = bytes(tile.hashes) + hashes
    tile.size += len(rows)
    tile.last_tx, tile.last_id = rows[-1][:2]
    tile.root = merkle.root(leaves(tile)) if tile.size == Tile.SIZE else None
    return tile


def leaves(tile: Tile) -> list[bytes]:
    """The tile's leaf hashes in order."""
    data = bytes(tile.hashes)
    return [data[start : start + 32] for start in range(0, len(data), 32)]


def event_ids(tile: Tile) -> list[int]:
    """The ids of the tile's events in order."""
    ids = array("q", bytes(tile.ids))
    ids.byteswap()
    return list(ids)


def size() -> int:
    """How many leaves the tree has."""
    last = Tile.objects.order_by("-number").values_list("number", "size").first()
    return last[0] * Tile.SIZE + last[1] if last else 0


def unsealed() -> EventQuerySet:
    """The events the tree does not hold yet, in the order they come."""
    last = Tile.objects.order_by("-number").values_list("last_tx", "last_id").first()
    return Event.objects.after(*last or NOWHERE).in_order()


@transaction.atomic
def _checkpoint() -> Checkpoint | None:
    """Sign the tree as it is, unless the last checkpoint has its size."""
    _lock()
    tree = Tree()
    last = Checkpoint.objects.first()
    if tree.size == 0 or (last and last.size == tree.size):
        return last
    root = tree.root()
    head = notes.Head(origin=signing.origin(), size=tree.size, root=root)
    note = notes.sign(head, signing.name(), signing.private_key())
    checkpoint = Checkpoint.objects.create(size=tree.size, root=root.hex(), note=note)
    transaction.on_commit(lambda: export_checkpoint(checkpoint))
    return checkpoint


def export_checkpoint(checkpoint: Checkpoint) -> None:
    """Keep the note outside the database, in AUDIT_CHECKPOINT_DIR: one file a size, never rewritten."""
    folder = settings.AUDIT_CHECKPOINT_DIR
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{checkpoint.size:012}.txt"
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.write_text(checkpoint.note, encoding="utf-8")
        draft.rename(path)


class Tree:
    """The tree at one size, read from the tiles; of full tiles only their roots."""

    def __init__(self, size_: int | None = None) -> None:
        self.size = size() if size_ is None else size_
        full = self.size // Tile.SIZE
        roots = Tile.objects.filter(number__lt=full).order_by("number").values_list("root", flat=True)
        self._roots = [bytes(found) for found in roots.iterator(5000) if found is not None]
        self._last: dict[int, list[bytes]] = {}

    def root(self) -> bytes:
        return self.subtree(0, self.size)

    def subtree(self, start: int, end: int) -> bytes:
        """The root over leaves `start` to `end`, as RFC 6962 cuts subtrees: aligned to tiles or within one."""
        first, last = start // Tile.SIZE, (end - 1) // Tile.SIZE
        if first == last:
            found = self._leaves(first)
            inside = found[start - first * Tile.SIZE : end - first * Tile.SIZE]
            return merkle.root(inside)
        whole = end // Tile.SIZE
        roots = self._roots[first:whole]
        if end % Tile.SIZE:
            roots = [*roots, merkle.root(self._leaves(last)[: end % Tile.SIZE])]
        return merkle.root(roots)

    def _leaves(self, number: int) -> list[bytes]:
        if number not in self._last:
            self._last[number] = leaves(Tile.objects.get(number=number))
        return self._last[number]


def position_of(event: Event) -> int:
    """Where an event stands in the tree. Raises NotSealed while it does not."""
    before = Q(first_tx__lt=event.tx) | Q(first_tx=event.tx, first_id__lte=event.pk)
    tile = Tile.objects.filter(before).order_by("-number").first()
    ids = event_ids(tile) if tile else []
    if tile is None or event.pk not in ids:
        raise NotSealed(f"The event is not sealed yet. Wait for the next checkpoint, or run `{PROGRAM} audit seal`.")
    return tile.number * Tile.SIZE + ids.index(event.pk)


def prove(*, uid: str, checkpoint_size: int | None = None) -> dict[str, Any]:
    """Everything an offline verifier needs to see that a checkpoint holds an event. Raises NotFound, NotSealed."""
    event = row_of(Event.objects.all(), uid, NotFound(f"No event has the uid {uid[:64]}."))
    position = position_of(event)
    checkpoint = _covering(position + 1, checkpoint_size)
    proof = merkle.inclusion_proof(position, checkpoint.size, Tree(checkpoint.size).subtree)
    fields = {name: getattr(event, name) for name in Event.PROVEN}
    payload = {"old_value": event.old_value, "new_value": event.new_value}
    payload |= {"changes": event.changes, "context": event.context}
    return {
        "format": "handrail-audit-proof-1",
        "envelope": envelope({**fields, "uid": str(event.uid)}),
        "payload": None if event.erased_at else payload,
        "salt": event.salt,
        "position": position,
        "inclusion": [node.hex() for node in proof],
        "checkpoint": checkpoint.note,
    }


def _covering(leaves_needed: int, wanted: int | None) -> Checkpoint:
    found = Checkpoint.objects.filter(size__gte=leaves_needed).order_by("size")
    checkpoint = found.filter(size=wanted).first() if wanted else found.first()
    if checkpoint is None:
        raise NotSealed("No such checkpoint holds the event. `GET audit/checkpoints` lists them.")
    return checkpoint


def prove_consistency(*, old: int, new: int) -> dict[str, Any]:
    """That the tree of one checkpoint is the beginning of another's. Raises NotFound for a size without one."""
    notes_ = {point.size: point.note for point in Checkpoint.objects.filter(size__in=[old, new])}
    for wanted in (old, new):
        if wanted not in notes_:
            raise NotFound(f"No checkpoint has the size {wanted}. `GET audit/checkpoints` lists them.")
    if old > new:
        raise DomainError("The old checkpoint must be the smaller one.")
    proof = merkle.consistency_proof(old, new, Tree(new).subtree)
    return {
        "format": "handrail-audit-consistency-1",
        "old_checkpoint": notes_[old],
        "new_checkpoint": notes_[new],
        "consistency": [node.hex() for node in proof],
    }


@transaction.atomic
def rebase() -> int:
    """After a restore into another PostgreSQL: go on counting transactions above the sealed ones.

    Transaction ids start afresh on another server, so new events would sort before sealed ones. From now on a base
    is added to them; events recorded before this ran are given the first id above. Returns the base.
    """
    if connection.vendor != "postgresql":
        return 0
    _lock()
    last = Tile.objects.order_by("-number").first()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint, (SELECT max(tx) FROM audit_event)")
        now, highest = cursor.fetchone()
        base = max(0, max(highest or 0, last.last_tx if last else 0) + 1 - now)
        sealed = last.last_id if last else 0
        with removal_permit("rebase"):
            cursor.execute(
                "UPDATE audit_event SET tx = %s WHERE id > %s AND tx <= %s AND NOT EXISTS "
                "(SELECT 1 FROM audit_tile WHERE first_tx <= tx AND last_tx >= tx)",
                [base + now - 1, sealed, now],
            )
        cursor.execute(f"ALTER TABLE audit_event ALTER tx SET DEFAULT (pg_current_xact_id()::text::bigint + {base:d})")
    return TransactionBase.objects.create(base=base).base


def seconds_unsealed() -> float:
    """Age of the oldest event that no checkpoint holds yet; 0 when all are held."""
    oldest = unsealed().values_list("timestamp", flat=True).first()
    return (timezone.now() - oldest).total_seconds() if oldest else 0.0

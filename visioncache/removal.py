"""Taking answers away: on request, or because their time is over."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit.trail import record
from visioncache.entries import find_entry, snapshot
from visioncache.identity import DEFAULT_NAMESPACE, read_hashes, read_namespace, read_text, wrong
from visioncache.images import choose_images
from visioncache.leases import drop_expired_leases
from visioncache.models import Entry, EntryQuerySet
from visioncache.tallies import fold_tallies
from visioncache.terms import MAX_TAG_LENGTH

BATCH = 2_000
PAUSE_SECONDS = 0.005
"""Between batches, so that other writers of an SQLite database get their turn."""

LARGE_BATCHES = {"cache_size": -32_000, "wal_autocheckpoint": 0}
"""What SQLite is told while batches are removed, see `_pages_written_between_batches`."""

FEWEST, HOLD_SECONDS = 100, 0.03
"""On SQLite a batch has as many entries as the last ones removed in that time: one that waits for the write lock looks
again after 1, 2, 5, 10, 15, 20, 25 ms, and from its eighth try on only each 50 and 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidation:
    matched: int
    removed: int
    dry_run: bool


def invalidate(
    *,
    entry_id: UUID | str | None = None,
    image_hash: str | None = None,
    image: str | None = None,
    model_version: str | None = None,
    tag: str | None = None,
    namespace: str | None = None,
    all_namespaces: bool = False,
    dry_run: bool = False,
) -> Invalidation:
    """Remove every entry that meets all the given conditions, in the default namespace unless told otherwise.

    At least one condition is needed. `dry_run` only counts. Raises InvalidEntry.
    """
    if image is not None and image_hash is not None:
        raise wrong("image_hash", "one-of", "Give image_hash or image (base64), not both.")
    if namespace is not None and all_namespaces:
        raise wrong("namespace", "one-of", "Give a namespace or all_namespaces, not both.")
    if image is not None:
        [image_hash] = choose_images(image=image)
    given = {"id": entry_id, "image_hash": image_hash, "model_version": model_version, "tag": tag}
    conditions = {name: str(value) for name, value in given.items() if value is not None}
    if not conditions and namespace is None:
        raise wrong(
            "image_hash", "required", "Name at least one of id, image_hash, image, model_version, tag, namespace."
        )
    if not all_namespaces and (entry_id is None or namespace is not None):
        conditions["namespace"] = read_namespace(DEFAULT_NAMESPACE if namespace is None else namespace)
    entries = _matching(conditions)
    matched = entries.count()
    removed = 0
    if not dry_run:
        # Waits for what others hold: an entry that is being read at this moment must not outlive its invalidation.
        held = entries.order_by("pk").select_for_update()
        removed = sum(_remove_in_batches(held, "entries.invalidated", conditions))
    return Invalidation(matched=max(matched, removed), removed=removed, dry_run=dry_run)


def _matching(conditions: Mapping[str, str]) -> EntryQuerySet:
    entries = Entry.objects.all()
    for name, value in conditions.items():
        match name:
            case "id":
                try:
                    entries = entries.filter(uid=UUID(value))
                except ValueError as error:
                    raise wrong("id", "uuid", "Must be the id of an entry, a UUID.") from error
            case "image_hash":
                entries = entries.of_image(read_hashes([value])[0])
            case "tag":
                entries = entries.tagged(read_text("tag", value, MAX_TAG_LENGTH))
            case "model_version":
                entries = entries.filter(model_version=read_text("model_version", value, 255))
            case "namespace":
                entries = entries.filter(namespace=value)
    return entries


@transaction.atomic
def remove_entry(*, entry_id: UUID | str) -> None:
    """Remove one live entry. Raises EntryNotFound."""
    entry = find_entry(entry_id=entry_id, locked=True)
    _delete([entry.pk])
    record(
        event_type="entry.invalidated",
        entity_type="cache_entry",
        entity_id=str(entry.uid),
        old_value=snapshot(entry),
    )


def cleanup_expired(*, batch: int = BATCH) -> int:
    """Remove expired entries, in batches, and run-out leases; the number of entries removed.

    Only space depends on this: no door ever returns an expired entry.
    """
    now = timezone.now()
    # What another writer holds is being replaced or removed: the next run judges it anew.
    expired = Entry.objects.expired(now).order_by("expires_at").select_for_update(skip_locked=True)
    conditions = {"expired_before": now.isoformat()}
    removed = sum(_remove_in_batches(expired, "entries.expired", conditions, batch, overwritten=False))
    drop_expired_leases()
    fold_tallies()
    return removed


def _remove_in_batches(
    locking: EntryQuerySet,
    event_type: str,
    conditions: Mapping[str, str],
    batch: int = BATCH,
    *,
    overwritten: bool = True,
) -> Iterator[int]:
    """Remove what matches now, locked as `locking` says, batch by batch, each with its event.

    Entries stored meanwhile may be among them. What they held is overwritten in the file wherever SQLite does so by
    itself, unless `overwritten` is false.
    """
    size = min(batch, FEWEST) if connection.vendor == "sqlite" else batch
    with _pages_written_between_batches(overwritten) as write_pages:
        while True:
            with transaction.atomic():
                began = time.perf_counter()  # from here on the write lock is held
                rows = list(locking[:size].values_list("pk", "uid"))
                if not rows:
                    return
                removed = _delete([pk for pk, _ in rows])
                record(
                    event_type=event_type,
                    entity_type="cache",
                    entity_id=conditions.get("namespace", "*"),
                    new_value={"removed": removed, "conditions": dict(conditions)},
                    context={"entries": [str(uid) for _, uid in rows[:100]]},
                )
            held = time.perf_counter() - began  # with the commit, which writes every page into the log
            yield removed
            if len(rows) < size:
                return
            if connection.vendor == "sqlite":
                size = min(batch, max(FEWEST, int(size * HOLD_SECONDS / held)))
            write_pages()
            time.sleep(PAUSE_SECONDS)


def _delete(ids: list[int]) -> int:
    """By four statements; `delete()` would fetch every row because of the cascades, and spell out each id."""
    given: object
    listed, given = "IN (SELECT value FROM json_each(%s))", json.dumps(ids)
    if connection.vendor == "postgresql":
        listed, given = "= ANY(%s)", ids
    with connection.cursor() as cursor:
        for table in ("visioncache_entrytag", "visioncache_entryimage", "visioncache_entrystat"):
            cursor.execute(f"DELETE FROM {table} WHERE entry_id {listed}", [given])  # noqa: S608 -- our own tables
        cursor.execute(f"DELETE FROM visioncache_entry WHERE id {listed}", [given])  # noqa: S608 -- as above
        removed: int = cursor.rowcount
    return removed


@contextmanager
def _pages_written_between_batches(overwritten: bool) -> Iterator[Callable[[], object]]:
    """What to call between batches, so that SQLite moves the pages of its log into the database while nobody waits.

    By itself it does so in whichever commit makes the log long: a thousand entries are on some thousand pages of
    indexes. They need more memory, too, than its usual 2 MB, else each is read and written several times. Many builds,
    Debian's too, fill with zeros what is deleted, and so write each page that becomes free; `fast` leaves those alone,
    and a third of the log is spared.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:  # whoever began that transaction ends it
        yield lambda: None
        return
    with connection.cursor() as cursor:

        def tell(pragma: str) -> int:
            [row] = cursor.execute(f"PRAGMA {pragma}").fetchall() or [(0,)]
            answered: int = row[0]
            return answered

        wanted: dict[str, object] = {**LARGE_BATCHES}
        if not overwritten and tell("secure_delete") == 1:
            wanted["secure_delete"] = "fast"
        usual = {name: tell(name) for name in wanted}
        try:
            for name, value in wanted.items():
                tell(f"{name} = {value}")
            yield lambda: tell("wal_checkpoint(PASSIVE)")
        finally:
            for name, was in usual.items():
                tell(f"{name} = {was}")

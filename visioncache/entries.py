"""Storing answers and prolonging their lives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.trail import record
from config.errors import Conflict, NotFound
from config.identifiers import row_of
from config.secrets import blank
from visioncache.identity import DEFAULT_NAMESPACE, Identity, identify, read_json, read_text
from visioncache.images import choose_images
from visioncache.models import Entry, EntryImage, EntryTag, Lease
from visioncache.terms import DEFAULT_TTL_HOURS, read_confidence, read_count, read_data, read_lifetime, read_tags

_USERINFO = re.compile(r"(?<=://)[^/?#]*@")


class EntryNotFound(NotFound):
    code = "entry-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    entry: Entry
    created: bool
    """False: the entry was there and its data has been replaced."""


def store_entry(  # noqa: PLR0913 -- the parts of an identity and the terms of an entry, all by keyword
    *,
    model_version: str,
    extracted_data: Any,
    confidence_score: float,
    image_hash: str | None = None,
    image: str | None = None,
    image_hashes: Sequence[str] | None = None,
    request: Mapping[str, Any] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
    ttl_hours: float | None = DEFAULT_TTL_HOURS,
    image_url: str | None = None,
    tags: Sequence[str] = (),
    cost_micros: int | None = None,
    latency_ms: int | None = None,
) -> Stored:
    """Store a model's answer, or replace the data stored under the same identity; its hits so far stay counted.

    `ttl_hours` 0 makes an entry that is expired at once, None one that never expires.
    Raises InvalidEntry, EmptyResult or PayloadTooLarge.
    """
    read_text("model_version", model_version, 255)
    identity = identify(
        image_hashes=choose_images(image_hash=image_hash, image=image, image_hashes=image_hashes),
        model_version=model_version,
        request=request,
        namespace=namespace,
    )
    now = timezone.now()
    lifetime = read_lifetime(ttl_hours)
    values: dict[str, Any] = {
        "image_url": _without_secrets(read_text("image_url", image_url, 2048)) if image_url is not None else None,
        "extracted_data": extracted_data,
        "size_bytes": read_data(extracted_data) + len(read_json("request", identity.request).encode()),
        "confidence_score": read_confidence(confidence_score),
        "tags": read_tags(tags),
        "cost_micros": read_count("cost_micros", cost_micros),
        "latency_ms": read_count("latency_ms", latency_ms),
        "stored_at": now,
        "expires_at": None if lifetime is None else now + lifetime,
    }
    with transaction.atomic():
        # The lease is always taken before the entry's row, here as in look_up, so that the two cannot deadlock.
        Lease.objects.filter(key=identity.key).delete()
        entry, old = _upsert(identity, values)
        _index(entry)
        record(
            event_type="entry.stored" if old is None else "entry.replaced",
            entity_type="cache_entry",
            entity_id=str(entry.uid),
            old_value=old,
            new_value=snapshot(entry),
        )
    return Stored(entry=entry, created=old is None)


def _without_secrets(image_url: str) -> str:
    """Where an image is, without the means to fetch it: no user and password, no signature."""
    return blank(_USERINFO.sub("", image_url))[:2048]


def _upsert(identity: Identity, values: dict[str, Any]) -> tuple[Entry, dict[str, Any] | None]:
    """The row of the key, locked and with the new values, and what it was before (None: there was none)."""
    fresh = Entry(
        key=identity.key,
        question_key=identity.question_key,
        namespace=identity.namespace,
        image_hash=identity.image_hashes[0],
        image_hashes=list(identity.image_hashes),
        model_version=identity.model_version,
        request=identity.kept_request,
        request_hash=identity.request_hash,
        **values,
    )
    rows = Entry.objects.select_related("stat").select_for_update(of=("self",)).filter(key=fresh.key)
    for _ in range(3):  # a row that another writer made may be invalidated before it is locked here
        entry = rows.first()
        if entry is None:
            Entry.objects.bulk_create([fresh], ignore_conflicts=True)
            entry = rows.first()
        if entry is not None:
            break
    else:
        raise Conflict("The entry is being removed while it is stored. Try again.")
    if entry.uid == fresh.uid:
        return entry, None
    old = snapshot(entry)
    for name, value in values.items():
        setattr(entry, name, value)
    entry.save(update_fields=list(values))
    return entry, old


def _index(entry: Entry) -> None:
    entry.tag_rows.exclude(name__in=entry.tags).delete()
    EntryTag.objects.bulk_create([EntryTag(entry=entry, name=tag) for tag in entry.tags], ignore_conflicts=True)
    further = set(entry.image_hashes[1:]) - {entry.image_hash}
    if further and not entry.further_images.exists():
        EntryImage.objects.bulk_create([EntryImage(entry=entry, image_hash=digest) for digest in sorted(further)])


def snapshot(entry: Entry) -> dict[str, Any]:
    """An entry in the trail: its identity and terms. What was read from the image is not copied, nor the image's URL:
    removing an entry must remove them."""
    return {
        "namespace": entry.namespace,
        "image_hashes": entry.image_hashes,
        "model_version": entry.model_version,
        "request_hash": entry.request_hash,
        "confidence_score": entry.confidence_score,
        "tags": entry.tags,
        "size_bytes": entry.size_bytes,
        "stored_at": entry.stored_at.isoformat(),
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else None,
        "hit_count": entry.hit_count,
    }


def find_entry(*, entry_id: UUID | str, locked: bool = False) -> Entry:
    """The live entry of an id; inside a transaction its row can be locked. Raises EntryNotFound."""
    entries = Entry.objects.select_related("stat").live()
    missing = EntryNotFound("No live entry has this id. It has expired, or was invalidated.")
    return row_of(entries.select_for_update(of=("self",)) if locked else entries, entry_id, missing)


@transaction.atomic
def extend_entry(*, entry_id: UUID | str, hours: float = DEFAULT_TTL_HOURS) -> Entry:
    """Let a live entry live longer; one that never expires stays as it is. Raises EntryNotFound or InvalidEntry."""
    longer = read_lifetime(hours)
    entry = find_entry(entry_id=entry_id, locked=True)
    if entry.expires_at is not None and longer is not None:
        old = snapshot(entry)
        entry.expires_at += longer
        entry.save(update_fields=["expires_at"])
        record(
            event_type="entry.extended",
            entity_type="cache_entry",
            entity_id=str(entry.uid),
            old_value=old,
            new_value=snapshot(entry),
        )
    return entry

"""Looking an answer up: hit, miss and why, or the lease to compute it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone

from audit.changes import deep_compare
from config.secrets import MARK
from visioncache.counting import count_hit, count_miss, count_wait
from visioncache.identity import DEFAULT_NAMESPACE, Identity, identify, wrong
from visioncache.images import choose_images
from visioncache.leases import LEASE_SECONDS, LeaseAnswer, read_lease_seconds, take_lease
from visioncache.models import Entry, Lease
from visioncache.reading import find_answer

NEAREST_OF = 50
"""How many entries of the image are compared to explain a miss."""

MOST_COMPARED_CHARACTERS = 1024 * 1024
"""Of their requests and the one asked: 50 of 256 KiB held the interpreter for half a minute."""

SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part in which the request differs from the nearest entry."""

    part: str
    asked: Any
    stored: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyMiss:
    """`unknown-image`: nothing is stored of it. `expired`: the very answer is too old. `differs`: see differences."""

    reason: Literal["unknown-image", "expired", "differs"]
    detail: str
    nearest: Entry | None = None
    differences: Sequence[Difference] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What the cache says. `match` is "exact" for now; "pixels" and "near" are reserved."""

    hit: bool
    match: Literal["exact", "pixels", "near"] | None = None
    entry: Entry | None = None
    lease: LeaseAnswer | None = None
    why_miss: WhyMiss | None = None


def look_up(
    *,
    image_hash: str | None = None,
    image: str | None = None,
    image_hashes: Sequence[str] | None = None,
    model_version: str | None = None,
    request: Mapping[str, Any] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
    lease: bool = False,
    lease_seconds: int = LEASE_SECONDS,
) -> Lookup:
    """The live answer to a request, counted as a hit or a miss.

    Without `model_version` the newest answer of any model is given; it names its model. Raises InvalidEntry.
    """
    identity = identify(
        image_hashes=choose_images(image_hash=image_hash, image=image, image_hashes=image_hashes),
        model_version=model_version,
        request=request,
        namespace=namespace,
    )
    if lease and not identity.model_version:
        raise wrong("model_version", "required", "A lease is for one model's answer: name the model.")
    seconds = read_lease_seconds(lease_seconds)
    now = timezone.now()
    entry, answer = find_answer(identity, now), None
    if entry is None and lease:
        entry, answer = _lease(identity, now, seconds)
    if entry is not None:
        count_hit(identity.namespace, now, entry)
        return Lookup(hit=True, match="exact", entry=entry)
    waits = answer is not None and answer.status == "wait"
    (count_wait if waits else count_miss)(identity.namespace, now)
    return Lookup(hit=False, lease=answer, why_miss=explain_miss(identity, now))


@transaction.atomic
def _lease(identity: Identity, now: datetime, seconds: int) -> tuple[Entry | None, LeaseAnswer | None]:
    answer = take_lease(identity.key, now, seconds)
    if answer.status == "granted" and (entry := find_answer(identity, now)):
        # The answer came between the look-up and the lease: nobody needs to compute it again.
        Lease.objects.filter(token=answer.token).delete()
        return entry, None
    return None, answer


def explain_miss(identity: Identity, at: datetime) -> WhyMiss:
    """Which part differs from the nearest entry of this image in the same namespace."""
    found = Entry.objects.filter(namespace=identity.namespace).of_image(identity.image_hashes[0])
    candidates = list(found.order_by("-stored_at").defer("extracted_data")[:NEAREST_OF])
    if not candidates:
        return WhyMiss(reason="unknown-image", detail="Nothing is stored of this image in this namespace.")
    nearest, differences = min(_compared(identity, candidates), key=lambda found: len(found[1]))
    if not differences:
        ended = nearest.expires_at if nearest.is_expired else None
        at_once = "It was stored while this look-up ran: look again."
        detail = f"The answer expired at {ended:%Y-%m-%d %H:%M:%S} UTC." if ended else at_once
        return WhyMiss(reason="expired", detail=detail, nearest=nearest)
    parts = ", ".join(difference.part for difference in differences[:5])
    return WhyMiss(
        reason="differs",
        detail=f"The nearest entry of this image differs in: {parts}.",
        nearest=nearest,
        differences=differences,
    )


def _compared(identity: Identity, candidates: Sequence[Entry]) -> Iterator[tuple[Entry, list[Difference]]]:
    """Each entry with its differences, in order, as many as MOST_COMPARED_CHARACTERS allow; at least one."""
    compared, asked, kept = 0, len(str(identity.request)), identity.kept_request
    for entry in candidates:
        yield entry, _differences(identity, kept, entry)
        compared += asked + len(str(entry.request))
        if compared > MOST_COMPARED_CHARACTERS:
            return


def _differences(identity: Identity, kept: dict[str, Any], entry: Entry) -> list[Difference]:
    found = []
    if list(identity.image_hashes) != entry.image_hashes:
        found.append(Difference(part="images", asked=list(identity.image_hashes), stored=entry.image_hashes))
    if identity.model_version not in {"", entry.model_version}:
        found.append(Difference(part="model_version", asked=identity.model_version, stored=entry.model_version))
    if identity.request_hash != entry.request_hash:
        changes = deep_compare(entry.request, kept)
        found += [
            Difference(part=_part(change.path), asked=_short(change.new), stored=_short(change.old))
            for change in changes
        ]
        if not changes:
            found.append(Difference(part="request", asked=MARK, stored=MARK))
    return found


def _part(path: str) -> str:
    return f"request.{path}" if path else "request"  # the whole of it differs


def _short(value: Any) -> Any:
    """The value itself, or the beginning of a long one."""
    text = value if isinstance(value, str) else str(value)
    return value if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."

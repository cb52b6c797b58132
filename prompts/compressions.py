"""What compression dropped, had back by hash: the whole text is kept for a day, for whoever sent it."""

import hashlib
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from config.context import caller
from config.errors import NotFound
from prompts.compression import Compressed, compress
from prompts.models import Compression

KEPT = timedelta(hours=24)
MOST_BYTES = 64 * 1024 * 1024
"""Packed, of one writer; beyond them the oldest go before their time."""
LOSSLESS = {"whitespace"}
"""Steps after which nothing is missing."""


class CompressionNotFound(NotFound):
    code = "compression-not-found"
    remedy = "compress the text again: it is kept 24 hours, for the key that sent it"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A kept text, or some of its lines."""

    hash: str
    text: str
    first_line: int
    """From 1."""
    last_line: int
    lines: int
    """Of the whole text."""
    expires_at: datetime


def compress_and_keep(*, text: str, max_tokens: int, language: str = "", model: str = "") -> Compressed:
    """As compress(); where something was dropped, `hash` gets the whole text back for a day.

    Raises CompressionInvalid, TextTooLarge, RanksDamaged.
    """
    found = compress(text, max_tokens=max_tokens, language=language, model=model)
    if all(step.name in LOSSLESS for step in found.steps):
        return found
    return replace(found, hash=_keep(text))


def get_compression(*, hash: str, first_line: int = 1, last_line: int | None = None) -> KeptText:  # noqa: A002
    """A text that this caller had compressed, or its lines from `first_line` to `last_line`, both counted from 1.

    Raises CompressionNotFound.
    """
    kept = Compression.objects.live().of(_writer()).filter(hash=hash).first()
    if kept is None:
        raise CompressionNotFound(
            f"Nothing of yours is kept under {hash[:64]}. A text is kept 24 hours for whoever had it compressed; "
            "compress it again."
        )
    lines = kept.text.split("\n")  # as a folded log counts them
    first = max(1, first_line)
    last = len(lines) if last_line is None else min(last_line, len(lines))
    return KeptText(
        hash=kept.hash,
        text="\n".join(lines[first - 1 : last]),
        first_line=first,
        last_line=last,
        lines=len(lines),
        expires_at=kept.expires_at,
    )


def newest_of_caller(most: int) -> list[Compression]:
    """What this caller can have back, newest first, without the texts."""
    return list(Compression.objects.live().of(_writer()).defer("packed")[:most])


def forget_compressions() -> int:
    """Delete what is kept longer than its day; how many."""
    deleted, _ = Compression.objects.filter(expires_at__lte=timezone.now()).delete()
    return deleted


@transaction.atomic
def _keep(text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    packed = zlib.compress(raw)
    writer, found = _writer(), hashlib.sha256(raw).hexdigest()
    values = {"packed": packed, "packed_bytes": len(packed), "expires_at": timezone.now() + KEPT}
    Compression.objects.update_or_create(writer=writer, hash=found, defaults=values)
    _make_room(writer)
    return found


def _make_room(writer: str) -> None:
    """Let go of a writer's oldest texts until the rest is within its share."""
    mine = Compression.objects.of(writer)
    total = mine.aggregate(total=Sum("packed_bytes"))["total"] or 0
    for pk, size in mine.order_by("expires_at", "pk").values_list("pk", "packed_bytes") if total > MOST_BYTES else ():
        if total <= MOST_BYTES:
            break
        mine.filter(pk=pk).delete()
        total -= size


def _writer() -> str:
    """A key of one person; names of keys and of people may be alike."""
    known = caller()
    return f"{known.person}/{known.actor}"

"""Reads an envelope of Sentry's SDKs: a header line, then items of a header line and a payload each.

Format: https://develop.sentry.dev/sdk/data-model/envelopes/. Some SDKs leave out `length`: the payload is then a line.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import DomainError, PayloadTooLarge

MOST_ITEMS = 100
LARGEST_EVENT = 1024 * 1024


class InvalidEnvelope(DomainError):
    code = "invalid-envelope"
    remedy = "send an envelope as Sentry's SDKs do; `detail` says where it broke off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One part of an envelope; what type it is decides whether anybody here reads it."""

    type: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    header: Mapping[str, Any]
    items: tuple[Item, ...]

    def events(self) -> list[dict[str, Any]]:
        """The errors in it, each with the id the envelope gives when it has none itself.

        Raises InvalidEnvelope, and PayloadTooLarge for an event of more than 1 MiB.
        """
        found = [event_of(item.payload) for item in self.items if item.type == "event"]
        for event in found:
            event.setdefault("event_id", self.header.get("event_id"))
        return found


def read(body: bytes) -> Envelope:
    """Raises InvalidEnvelope, naming the item it could not read."""
    line, _, rest = body.partition(b"\n")
    if not line.strip():
        raise InvalidEnvelope("The envelope is empty. Its first line is a JSON object.")
    return Envelope(header=_object(line, "The envelope's header"), items=tuple(_items(rest)))


def event_of(payload: bytes) -> dict[str, Any]:
    """An event as JSON. Raises InvalidEnvelope, PayloadTooLarge."""
    if len(payload) > LARGEST_EVENT:
        raise PayloadTooLarge(f"An event may have {LARGEST_EVENT:,} bytes, this one has {len(payload):,}.")
    return _object(payload, "The event")


def _items(rest: bytes) -> Iterator[Item]:
    count = 0
    while rest.strip(b"\r\n"):
        line, _, rest = rest.lstrip(b"\r\n").partition(b"\n")
        count += 1
        if count > MOST_ITEMS:
            raise InvalidEnvelope(f"The envelope has more than {MOST_ITEMS} items. Send several envelopes.")
        header = _object(line, f"The header of item {count}")
        payload, rest = _payload(rest, header.get("length"), count)
        yield Item(type=str(header.get("type") or ""), payload=payload)


def _payload(rest: bytes, length: Any, number: int) -> tuple[bytes, bytes]:
    if length is None:
        payload, _, rest = rest.partition(b"\n")
        return payload, rest
    if isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise InvalidEnvelope(f"The length of item {number} is no whole number.")
    payload, after = rest[:length], rest[length:]
    if len(payload) < length:
        raise InvalidEnvelope(f"Item {number} should have {length} bytes and has {len(payload)}.")
    if after and not after.startswith((b"\n", b"\r\n")):
        raise InvalidEnvelope(f"Item {number} goes on behind its {length} bytes.")
    return payload, after.partition(b"\n")[2]


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_nothing)
    except (ValueError, RecursionError) as error:
        raise InvalidEnvelope(f"{what} is not JSON.") from error
    if not isinstance(value, dict):
        raise InvalidEnvelope(f"{what} is no JSON object.")
    return value


def _nothing(name: str) -> None:
    """NaN and Infinity are no JSON; Python's SDK writes them all the same, and a bug is worth more than a number."""

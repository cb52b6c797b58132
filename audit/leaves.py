"""What of an event the ledger proves: a salted hash of its payload, and a leaf over everything else. Pure.

Erasing a payload later keeps every proof: the leaf holds only the payload's hash, and without its salt the hash
gives nothing of the payload away.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from config.canonical import canonical_json

VERSION = 1
PAYLOAD = ("old_value", "new_value", "changes", "context")
ENVELOPE = (
    "uid",
    "event_type",
    "entity_type",
    "entity_id",
    "user",
    "actor",
    "correlation_id",
    "agent",
    "session_id",
    "tool_use_id",
    "payload_hash",
)


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 2.1: the 0x00 keeps a leaf from being passed off as a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def payload_hash(salt: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 of the salt's bytes and the canonical JSON (RFC 8785) of the payload; hex."""
    text = canonical_json({name: payload[name] for name in PAYLOAD})
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def envelope(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an event a leaf is made of."""
    timestamp = fields["timestamp"]
    if isinstance(timestamp, datetime):
        timestamp = timestamp.astimezone(UTC).isoformat(timespec="microseconds")
    return {"version": VERSION, "timestamp": timestamp, **{name: fields[name] for name in ENVELOPE}}


def leaf(fields: Mapping[str, Any]) -> str:
    """The RFC 6962 leaf hash of an event's envelope; hex."""
    return leaf_hash(canonical_json(envelope(fields)).encode()).hex()

"""A key that is equal for the same bug."""

import hashlib
import json
from dataclasses import dataclass

from escalation.grouping import RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A key that is equal for the same bug, and the parts it was made of, for a reader to check."""

    key: str
    parts: tuple[str, ...]


def fingerprint_of(parts: tuple[str, ...]) -> Fingerprint:
    key = hashlib.sha256(json.dumps([RULE, *parts]).encode()).hexdigest()[:32]
    return Fingerprint(key=f"{RULE}-{key}", parts=parts)

"""Ids that must be found again, and may hold a secret: `entity_id`, `bug_id`, ids of sessions and requests.

A mark would make all of them one. So an id with a secret in it is replaced as a whole by a keyed hash of it: equal ids
stay equal, in every process and after every restart, and nobody without SECRET_KEY can try guesses against it. Who
looks up by the original id gives it as ever; it is hashed the same way. Another SECRET_KEY makes other hashes: what
was kept before is then found by its hash alone.
"""

from config.secrets.text import blank

_PURPOSE = "handrail.keyed-ids"
_BEGINNING = "secret-"


def keyed(identifier: str) -> str:
    """The id as it may be kept: itself, or `secret-` and 32 hex digits of its HMAC-SHA-256 if it holds a secret."""
    if blank(identifier) == identifier:
        return identifier
    from django.utils.crypto import salted_hmac  # a hook that only takes secrets out of its answer starts no Django

    return _BEGINNING + salted_hmac(_PURPOSE, identifier, algorithm="sha256").hexdigest()[:32]


def known_as(identifier: str) -> list[str]:
    """What to look for: the id as it is kept, and as releases before this one kept it."""
    kept = keyed(identifier)
    return [kept] if kept == identifier else [kept, identifier]

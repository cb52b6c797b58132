"""Where a list goes on: a place in its order, as a text that nobody need read."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from config.errors import DomainError

LONGEST = 1024
Cursor = str
"""The parameter of a tool that lists: `next_cursor` of its last answer."""


class CursorInvalid(DomainError):
    code = "cursor-invalid"
    remedy = "leave the cursor out to begin anew, or send `next_cursor` as it was answered"


def cursor_at(*place: Any) -> str:
    """The cursor of a place: the values that the list is ordered by, JSON all."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(cursor: str, *kinds: type) -> list[Any]:
    """The place of a cursor, a value of each kind; empty for none. Raises CursorInvalid."""
    if not cursor:
        return []
    place = _read(cursor)
    if not isinstance(place, list) or [type(value) for value in place] != list(kinds):
        raise CursorInvalid("That is no cursor of this list. Leave it out to begin anew.")
    return place


def _read(cursor: str) -> Any:
    """What somebody sends as a cursor, or None."""
    if len(cursor) > LONGEST:
        return None
    try:
        return json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        return None

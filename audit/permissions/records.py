"""What the trail keeps of decisions and executions: enough to join, to explain and to judge again, and nothing huge."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

MAX_TEXT = 2_000
MAX_ITEMS = 50
MAX_DEPTH = 5
_EXACT = 2**53 - 1  # as config.canonical has it, which a hook has no time to import


def tidy(value: Any, depth: int = 0) -> Any:
    """JSON that every database holds: no NUL, no lone surrogates, no huge numbers, and cut to a readable size."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value)
        case int():
            return value if abs(value) <= _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping() if depth < MAX_DEPTH:
            kept = {_text(str(name), 200): tidy(item, depth + 1) for name, item in list(value.items())[:MAX_ITEMS]}
            return kept if len(value) <= MAX_ITEMS else {**kept, "...": f"{len(value) - MAX_ITEMS} more"}
        case list() | tuple() if depth < MAX_DEPTH:
            items = [tidy(item, depth + 1) for item in value[:MAX_ITEMS]]
            return items if len(value) <= MAX_ITEMS else [*items, f"... {len(value) - MAX_ITEMS} more"]
    return "..."


def _text(value: str, limit: int = MAX_TEXT) -> str:
    clean = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else f"{clean[:limit]}... ({len(clean):,} characters)"


def is_whole(value: Any) -> bool:
    """Whether tidying a tool's input loses nothing, so that it can be judged again."""
    return bool(tidy(value) == value)


def column(value: Any, limit: int = 128) -> str:
    """An id for a column of the trail; a longer one by its hash."""
    text = _text(str(value or ""), 10_000)
    return text if len(text) <= limit else hashlib.sha256(text.encode()).hexdigest()

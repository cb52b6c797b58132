"""What an alert says of an event, as computing: whether it fits, what is counted apart, and what people read.

Imports no ORM, request or settings; an event is anything with its columns as attributes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from config.errors import FieldError

COLUMNS = ("entity_type", "entity_id", "actor", "user", "agent", "session_id", "decision")
VALUES = ("new_value", "old_value", "context")
MOST_FIELDS = 10
LONGEST_PATH = 100
LONGEST_VALUE = 255
MOST_VALUES = 20
MOST_EVENTS = 1000
LONGEST_WINDOW = 7 * 24 * 60  # minutes
OWN = ("alert.", "bug.", "channel.", "delivery.", "heartbeat.", "policy.")
"""Events that bugs and calls make: an alert on them that opened a bug could feed itself."""
TYPE_PATTERN = r"^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?\Z"
_PATH = re.compile(rf"(?:{'|'.join(COLUMNS)}|(?:{'|'.join(VALUES)})(?:\.[A-Za-z0-9_-]+)+)\Z")
_PLACE = re.compile(r"\{([a-z_]+(?:\.[A-Za-z0-9_-]+)*)\}")
_MISSING = "-"


def is_of_type(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith(".*") else event_type == wanted


def fits(event: Any, where: Mapping[str, Any]) -> bool:
    """Whether the event says all of it; a list is any of its values."""
    return all(_is_one_of(value_at(event, path), wanted) for path, wanted in where.items())


def value_at(event: Any, path: str) -> Any:
    """What the event says there; None where it says nothing."""
    column, *names = path.split(".")
    value = getattr(event, column, None)
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def subject_of(event: Any, per: str) -> str:
    """What the event is counted with: an event that does not say it counts for its entity."""
    if not per:
        return ""
    value = value_at(event, per)
    return _text(event.entity_id if value in (None, "") else value)


def told(message: str, event: Any) -> str:
    """The message with what the event says in its places."""
    return _PLACE.sub(lambda found: _shown(value_at(event, found[1])), message)


def still_counted(moments: Iterable[float], *, window: timedelta, most: int) -> list[float]:
    """The newest moments within a window of the last."""
    kept = sorted(moments)
    return [moment for moment in kept if kept[-1] - moment <= window.total_seconds()][-most:]


def problems(given: Mapping[str, Any]) -> Iterator[FieldError]:
    """What is wrong with an alert's type, conditions, path and message."""
    event_type = str(given["event_type"])
    if not re.match(TYPE_PATTERN, event_type):
        detail = "Must be an event's type, such as backup.failed, or backup.* for all of them."
        yield FieldError(field="event_type", code="type", detail=detail)
    if given["bug_impact"] and event_type.startswith(OWN):
        detail = f"An alert on events of {', '.join(f'{kind}*' for kind in OWN)} sends messages; it opens no bug."
        yield FieldError(field="bug_impact", code="loop", detail=detail)
    if event_type.startswith("alert."):
        yield FieldError(field="event_type", code="loop", detail="What alerts themselves record cannot set one off.")
    yield from _where_problems(given["where"])
    if given["per"]:
        yield from _path_problems("per", given["per"])
    for place in _PLACE.findall(given["message"]):
        yield from _path_problems("message", place)


def _where_problems(where: Any) -> Iterator[FieldError]:
    if not isinstance(where, Mapping) or len(where) > MOST_FIELDS:
        detail = f'Must be at most {MOST_FIELDS} paths with what is wanted there, such as {{"decision": "deny"}}.'
        yield FieldError(field="where", code="shape", detail=detail)
        return
    for path, wanted in where.items():
        yield from _path_problems(f"where.{path}"[:LONGEST_PATH], path)
        values = wanted if isinstance(wanted, list) else [wanted]
        if not 1 <= len(values) <= MOST_VALUES or not all(_is_plain(value) for value in values):
            detail = f"Must be a text, a number, true, false or null, or a list of 1 to {MOST_VALUES} of those."
            yield FieldError(field=f"where.{path}"[:LONGEST_PATH], code="value", detail=detail)


def _path_problems(field: str, path: str) -> Iterator[FieldError]:
    if len(path) > LONGEST_PATH or not _PATH.match(path):
        known = f"one of {', '.join(COLUMNS)}, or a path within {', '.join(VALUES)}, such as context.reason"
        yield FieldError(field=field, code="path", detail=f"Must be {known}.")


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE and "\0" not in value
    return value is None or isinstance(value, bool | int | float)


def _is_one_of(found: Any, wanted: Any) -> bool:
    """As JSON has it: true is not 1."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return any(found == value and isinstance(found, bool) == isinstance(value, bool) for value in values)


def _shown(value: Any) -> str:
    return _MISSING if value in (None, "") else _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)

"""Values as PostgreSQL reads them, without a driver to ask."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import uuid
from typing import Any, Callable


def literal(value: Any) -> str:
    """A value as SQL."""
    if isinstance(value, enum.Enum):
        value = value.value
    for kinds, written in _WAYS:
        if isinstance(value, kinds):
            return written(value)
    for held in ("obj", "adapted"):  # Jsonb of psycopg, Json of psycopg2
        if type(value).__name__.startswith("Json") and hasattr(value, held):
            return _json(getattr(value, held))
    if hasattr(value, "lower_inc") and hasattr(value, "upper"):  # a range of either driver
        return quoted(_range(value))
    return quoted(str(value))


def quoted(text: str) -> str:
    """A text as SQL."""
    safe = text.replace("'", "''").replace("\0", "")
    return "E'{}'".format(safe.replace("\\", "\\\\")) if "\\" in safe else f"'{safe}'"


def _number(value: Any) -> str:
    is_finite = value == value and abs(value) != float("inf")  # noqa: PLR0124  -- NaN is not itself
    if is_finite:
        return repr(value) if isinstance(value, float) else str(value)
    return "'{}'::{}".format(value, "float8" if isinstance(value, float) else "numeric")


def _moment(value: Any) -> str:
    if isinstance(value, dt.timedelta):
        return f"'{value.days} days {value.seconds + value.microseconds / 1_000_000} seconds'::interval"
    return "'{}'".format(value.isoformat(*([" "] if isinstance(value, dt.datetime) else [])))


def _json(value: Any) -> str:
    return quoted(json.dumps(value, default=str)) + "::jsonb"


def _range(value: Any) -> str:
    if getattr(value, "isempty", False):
        return "empty"
    ends = ["" if end is None else str(end) for end in (value.lower, value.upper)]
    return ("[" if value.lower_inc else "(") + ",".join(ends) + ("]" if value.upper_inc else ")")


def _list(value: Any) -> str:
    if any(isinstance(item, (dict, list, tuple)) for item in value):
        return _json(value)
    return "ARRAY[{}]".format(", ".join(map(literal, value))) if value else "'{}'"


_WAYS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (type(None), lambda value: "NULL"),
    (bool, lambda value: "true" if value else "false"),
    ((int, float, decimal.Decimal), _number),
    ((bytes, bytearray, memoryview), lambda value: f"'\\x{bytes(value).hex()}'::bytea"),
    ((dt.date, dt.time, dt.timedelta), _moment),
    (uuid.UUID, lambda value: f"'{value}'::uuid"),
    (dict, _json),
    ((list, tuple), _list),
)

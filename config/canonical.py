"""Canonical JSON (RFC 8785) and its hash: equal values give equal bytes, whatever their key order."""

import hashlib
import json
import math
from decimal import Decimal
from typing import Any

import rfc8785

LARGEST_INTEGER = 2**53 - 1
"""What every reader of JSON holds exactly: RFC 8785 numbers are IEEE 754 doubles."""


def canonical_json(value: Any) -> str:
    """`value` as RFC 8785 JSON. Raises ValueError for what JSON cannot hold: NaN, lone surrogates, sets, huge ints."""
    try:
        text = _plain(value)
    except (TypeError, ValueError):  # no JSON: the careful writer says what is wrong
        return _slow(value)
    if not _is_plain(value):
        return _slow(value)
    if not text.isascii():
        _check_encodable(text)
    return text


# The C encoder writes RFC 8785 by itself for plain values: 5 us for an event's 500 bytes instead of 40.
_plain = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _is_plain(value: Any) -> bool:
    """No floats, no huge ints, names of letters that sort alike in UTF-16: then the C encoder's text is canonical.

    `value` is not circular: the encoder has seen to that.
    """
    items = [value]
    for item in items:  # which grows
        kind = type(item)
        if kind is dict:
            try:
                names = "".join(item)
            except TypeError:  # a name that is no text
                return False
            if not names.isascii() and max(names) >= "\ud800":
                return False
            items.extend(item.values())
        elif kind is list:
            items.extend(item)
        elif kind is int:
            if not -LARGEST_INTEGER <= item <= LARGEST_INTEGER:
                return False
        elif kind is not str and kind is not bool and item is not None:
            return False
    return True


def compute_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _slow(value: Any) -> str:
    return bytes(rfc8785.dumps(_with_doubles(value))).decode()


def _with_doubles(value: Any) -> Any:
    """RFC 8785 numbers are doubles; a database may give a large one that was written as 1e22 back as an int."""
    match value:
        case dict():
            return {name: _with_doubles(item) for name, item in value.items()}
        case list() | tuple():
            return [_with_doubles(item) for item in value]
        case int() if abs(value) > LARGEST_INTEGER:
            return _double(value)
    return value


def _double(value: int) -> float:
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    # A database that keeps 1.2345678901234567e+22 as a number of digits gives the digits back, which are not quite it.
    if double == value or (math.isfinite(double) and Decimal(repr(double)) == value):
        return double
    raise ValueError(f"{value} is beyond 2**53 - 1 and no double; send it as a string.")


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("The text has a lone surrogate, which no encoding can hold.") from error

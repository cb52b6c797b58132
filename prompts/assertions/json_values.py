"""JSON in a text, and when two JSON values are the same.

By JSON's types (RFC 8259), not Python's: `true` is not `1`; a number is a number, so `1` is `1.0`; the members of an
object have no order. `audit.changes.is_same_json` says the same of two values; here one is found among many. A number
no double can hold (`1e999`) is refused, as I-JSON does (RFC 7493).
"""

import json
import math
import re
from collections.abc import Hashable, Iterator
from typing import Any

_OPENING = re.compile(r"[{\[]")
MAX_STARTS = 500
"""Places `contains-json` tries; an answer of a million brackets is no JSON."""


def identity(value: Any) -> Hashable:
    """Equal for the same JSON values and for no others. Raises RecursionError for what nests too deep."""
    match value:
        case bool() | None:
            return ("literal", value)
        case dict():
            return ("object", frozenset((name, identity(item)) for name, item in value.items()))
        case list():
            return ("list", tuple(map(identity, value)))
    return ("scalar", value)  # a string or a number, which Python tells apart as JSON does


def values_in(text: str, *, whole: bool = False) -> Iterator[Any]:
    """The JSON values in a text: the whole of it, or every object and list found from left to right."""
    decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_number)
    if whole:
        try:
            yield decoder.decode(text)
        except (ValueError, RecursionError):
            return
        return
    position = tries = 0
    while tries < MAX_STARTS and (start := _OPENING.search(text, position)):
        tries += 1
        try:
            value, position = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        yield value


def _no_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number

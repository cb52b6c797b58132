"""What in a JSON document differs from its fellows, or speaks of an error."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from prompts.compression.alarms import is_alarm

FEWEST = 8
"""Items from which on one can be called unlike the others."""
RARE = 0.02
"""Of the items: a value that so few have is odd where few values share all the others."""
FEW_VALUES = 10
FAR = 6.0
"""Spans between the quartiles from the nearer one."""
_STATUS = ("status", "code", "status_code", "http_status", "statuscode", "exit_code", "returncode")
_NOTHING = (None, False, "", "0", "none", "null", "ok", "false", "no")


def find_odd(document: Any) -> dict[int, set[int]]:
    """Places of what is odd, by the id of the list or object that holds it, up to the document's root."""
    found: dict[int, set[int]] = {}
    _look(document, found)
    return found


def keys_of(item: Any) -> str:
    """The shape of an item: the keys of an object, else what kind of value it is."""
    if isinstance(item, dict):
        return f"with {', '.join(sorted(item))}" if item else "empty objects"
    return {list: "lists", str: "texts", bool: "booleans", type(None): "nulls"}.get(type(item), "numbers")


def _look(value: Any, found: dict[int, set[int]]) -> bool:
    """Whether anything in it is odd."""
    if isinstance(value, dict):
        places = {
            index for index, (name, item) in enumerate(value.items()) if _speaks(name, item) or _look(item, found)
        }
    elif isinstance(value, list):
        places = {index for index, item in enumerate(value) if _speaks("", item) or _look(item, found)}
        if len(places) * 2 > len(value) > FEWEST:
            places = set()  # where most are so, none is odd
        places |= _unlike(value)
    else:
        return False
    if places:
        found[id(value)] = places
    return bool(places)


def _speaks(name: str, item: Any) -> bool:
    """Whether a field tells of trouble: by its text, by its name, or by a status of 400 and above."""
    if isinstance(item, dict | list):
        return False
    text = str(item) if isinstance(item, str) else item
    if text in _NOTHING or (isinstance(text, str) and text.lower() in _NOTHING):
        return False
    if isinstance(item, str) and not item.isdecimal():
        return is_alarm(item) or bool(name and is_alarm(name.replace("_", " ")))
    if name.lower() in _STATUS:
        return str(item).isdecimal() and 400 <= int(str(item)[:6]) < 600
    return bool(name and item is not True and is_alarm(name.replace("_", " ")))


def _unlike(items: Sequence[Any]) -> set[int]:
    """Places of items that differ from nearly all the others in a field, or as a whole."""
    if len(items) < FEWEST:
        return set()
    records = [item for item in items if isinstance(item, dict)]
    if len(records) * 2 < len(items):
        return _strange(items)
    names = [name for name, number in Counter(key for item in records for key in item).items() if number > 1]
    absent = object()
    return {
        place
        for name in names[:200]
        for place in _strange([item.get(name, absent) if isinstance(item, dict) else absent for item in items])
    }


def _strange(values: Sequence[Any]) -> set[int]:
    simple = [repr(value)[:200] if not isinstance(value, dict | list) else type(value).__name__ for value in values]
    often = Counter(simple)
    rare = max(1, int(RARE * len(values)))
    usual = [number for number in often.values() if number > rare]
    if usual and len(usual) <= FEW_VALUES and sum(usual) >= (1 - 2 * RARE) * len(values) - 1:
        return {index for index, value in enumerate(simple) if often[value] <= rare}
    return set(_far_off(values))


def _far_off(values: Sequence[Any]) -> Iterator[int]:
    """Places of numbers far from the others."""
    numbers = {index: number for index, value in enumerate(values) if (number := _number(value)) is not None}
    if len(numbers) < FEWEST:
        return
    lower, _, upper = statistics.quantiles(numbers.values(), n=4)
    reach = FAR * (upper - lower)
    if reach > 0:
        yield from (index for index, number in numbers.items() if not lower - reach <= number <= upper + reach)


def _number(value: Any) -> float | None:
    """A number as it was written; such are texts of a type of their own."""
    if not isinstance(value, str) or type(value) is str:
        return None
    return float(value)

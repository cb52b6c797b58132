"""JSON to a budget, and still JSON: items of one shape become some examples and a count; the odd ones stay.

Odd is what speaks of an error, and what differs from its fellows: a value that nearly none of them has, a number far
from theirs. Levels fold more and more; the first that fits is taken.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from prompts.compression.lexical import Untrusted
from prompts.compression.odd import find_odd, keys_of

Count = Callable[[str], int]
DEEPEST = 100
"""Levels of nesting that are understood."""
_SPACE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\s+', re.DOTALL)
_SHOWN_KEYS = 60
"""Characters by which the shape of left-out items is named."""


class Number(str):
    """A number as it was written: 1.0 stays 1.0."""

    __slots__ = ()


class Level(NamedTuple):
    """How much is folded."""

    examples: int
    """Of each shape in a list."""
    longest: int
    """Characters of a text."""
    deepest: int
    """Levels of nesting; what lies deeper is told by its size, unless something odd is in it."""
    odd: int = 10_000
    """Items of one list that are kept because they are odd."""


LEVELS = (
    *(Level(examples, 2_000, DEEPEST) for examples in (200, 100, 50, 25, 12, 6, 3)),
    Level(3, 400, DEEPEST),
    Level(2, 160, 12),
    Level(1, 80, 8),
    Level(1, 60, 5, 50),
    Level(1, 60, 3, 20),
    Level(1, 40, 2, 10),
    Level(0, 40, 4, 3),
    Level(0, 30, 3, 1),
    Level(0, 40, 1, 5),
    Level(0, 30, 0, 2),
    Level(0, 20, 0, 1),
)


def is_json(text: str) -> bool:
    """Whether it is an object or a list, whole."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        read(text)
    except Untrusted:
        return False
    return True


def read(text: str) -> Any:
    """The document, its numbers as written. Raises Untrusted for what is no JSON or is nested too deeply."""
    try:
        found = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Untrusted from error
    if _depth(found) > DEEPEST:
        raise Untrusted
    return found


def minify(text: str) -> str:
    """Without the white space between values; everything else, numbers and escapes too, as it was written."""
    return _SPACE.sub(lambda found: "" if found[0][0] != '"' else found[0], text)


def fold(text: str, *, max_tokens: int, count: Count) -> tuple[str, list[str]]:
    """The document in at most `max_tokens`, or in one token. Raises Untrusted for what is no JSON."""
    document = read(text)
    odd = find_odd(document)
    for level in LEVELS:
        gone: list[str] = []
        found = "".join(_written(_Folding(level, odd, gone).fold(document, "", 0)))
        if count(found) <= max_tokens:
            return found, gone
    empty = "{}" if isinstance(document, dict) else "[]" if isinstance(document, list) else '""'
    return empty, ["everything: the budget holds no part of it"]


class _Folding:
    def __init__(self, level: Level, odd: dict[int, set[int]], gone: list[str]) -> None:
        self.level = level
        self.odd = odd
        """By the id of a list or object: places of what is odd in it."""
        self.gone = gone

    def fold(self, value: Any, path: str, depth: int, is_odd: bool = False) -> Any:
        if isinstance(value, Number):
            return value
        if isinstance(value, str):
            return self.shortened(value, path, is_odd)
        if not isinstance(value, dict | list) or not value:
            return value
        if depth > self.level.deepest and id(value) not in self.odd:
            self.gone.append(f"{path}: {_size(value)}")
            return f"... {_size(value)}"
        if isinstance(value, list):
            return self.folded_list(value, path, depth)
        return self.folded_object(value, path, depth)

    def shortened(self, text: str, path: str, is_odd: bool) -> str:
        longest = self.level.longest * (5 if is_odd else 1)
        if len(text) <= longest + 20:
            return text
        self.gone.append(f"{path}: {len(text) - longest} characters")
        return f"{text[: longest * 2 // 3]}... {len(text) - longest} characters ...{text[-(longest // 3) :]}"

    def folded_list(self, value: list[Any], path: str, depth: int) -> list[Any]:
        kept, missing = self.chosen([(keys_of(item), index) for index, item in enumerate(value)], value)
        strange = self.odd.get(id(value), ())
        found = [self.fold(value[index], f"{path}[{index}]", depth + 1, index in strange) for index in sorted(kept)]
        return [*found, *self.told(missing, path)]

    def folded_object(self, value: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        names = list(value)
        # Fields of a record differ and are kept; an object of many alike is a list by another name.
        alike = len(names) > max(20, self.level.examples)
        shapes = [(keys_of(value[name]) if alike else name, index) for index, name in enumerate(names)]
        kept, missing = self.chosen(shapes, value)
        if not alike and depth < self.level.deepest:
            kept, missing = set(range(len(names))), {}
        strange = self.odd.get(id(value), ())
        found = {
            names[index]: self.fold(value[names[index]], f"{path}.{names[index]}", depth + 1, index in strange)
            for index in sorted(kept)
        }
        told = list(self.told(missing, path))
        return found | ({"...": "; ".join(told).removeprefix("... ")} if told else {})

    def chosen(self, shapes: list[tuple[str, int]], owner: Any) -> tuple[set[int], dict[str, int]]:
        """Places of what is kept, and how many of each shape are not."""
        kept = set(sorted(self.odd.get(id(owner), ()))[: self.level.odd])
        seen: dict[str, int] = {}
        missing: dict[str, int] = {}
        for shape, index in shapes:
            usual = seen.get(shape, 0) < self.level.examples and len(seen) <= 4 * self.level.examples
            if usual and index not in kept:
                seen[shape] = seen.get(shape, 0) + 1
                kept.add(index)
            elif index not in kept:
                missing[shape] = missing.get(shape, 0) + 1
        return kept, missing

    def told(self, missing: dict[str, int], path: str) -> Iterator[str]:
        """One line for each shape, and for few of each one for all."""
        if len(missing) > 4:
            missing = {"": sum(missing.values())}
        for shape, number in missing.items():
            named = f"... {number} more {shape[:_SHOWN_KEYS]}".rstrip()
            self.gone.append(f"{path or 'the document'}: {named.removeprefix('... ')}")
            yield named


def _written(value: Any) -> Iterator[str]:
    if isinstance(value, Number):
        yield str(value)
    elif isinstance(value, dict):
        yield "{"
        for index, (name, item) in enumerate(value.items()):
            yield f"{',' if index else ''}{_text(name)}:"
            yield from _written(item)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for index, item in enumerate(value):
            yield "," if index else ""
            yield from _written(item)
        yield "]"
    else:
        yield _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    """Half of a surrogate pair is written as its escape: it is no character."""
    return json.dumps(value, ensure_ascii=any("\ud800" <= character <= "\udfff" for character in value))


def _size(value: Any) -> str:
    return f"{len(value)} {'items' if isinstance(value, list) else 'keys'}"


def _depth(document: Any) -> int:
    """Levels of lists and objects, counted without recursion."""
    deepest, level = 0, [document]
    while level := [item for item in level if isinstance(item, dict | list)]:
        deepest += 1
        level = [part for item in level for part in (item.values() if isinstance(item, dict) else item)]
    return deepest


def _refuse(constant: str) -> None:
    raise ValueError(constant)

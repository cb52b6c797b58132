"""Which hostile values a place gets: those of every type it may hold, those at its bounds, and those of other types."""

import re
from collections.abc import Iterator
from typing import Any

from tests.contract.hostile import (
    ALL_TEXTS,
    FREE_JSON,
    HASHES,
    KINDS,
    LARGE,
    NUMBERS,
    NUMBERS_IN_AN_ADDRESS,
    OTHER_TYPES,
    TIMES,
    UUIDS,
    long_texts,
)
from tests.contract.judging import fits
from tests.contract.places import Place, alternatives, sample

LITERAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def values(place: Place, turn: int | None) -> Iterator[Any]:
    """Of every other kind one, others with each turn; all without a turn."""
    shapes = alternatives(place.schema)
    types = {kind for shape in shapes for kind in types_of(shape)}
    if place.within == "body":
        yield from OTHER_TYPES
    if "string" in types:
        yield from texts(shapes, turn)
    if types & {"integer", "number"}:
        yield from (number if place.within == "body" else written(number) for number in numbers(shapes))
        yield from NUMBERS_IN_AN_ADDRESS if place.within != "body" else ()
    if "boolean" in types and place.within != "body":
        yield from ("true", "false", "True", "1", "null", "")
    if "array" in types:
        yield from (items for shape in shapes if "array" in types_of(shape) for items in lists(shape))
    if "object" in types:
        yield from FREE_JSON


def types_of(shape: dict[str, Any]) -> set[str]:
    if "enum" in shape and "type" not in shape:
        return {"string"}
    said = shape.get("type", [])
    found = {said} if isinstance(said, str) else set(said)
    return found or ({"object", "string", "number", "array"} if "$ref" not in shape else set())


def texts(shapes: list[dict[str, Any]], turn: int | None) -> Iterator[str]:
    if turn is None:
        yield from ALL_TEXTS
    else:
        yield from (those[turn % len(those)] for at, those in enumerate(KINDS.values()) if at % 2 == turn % 2)
    for shape in shapes:
        yield from shape.get("enum", ())
        yield from {"date-time": TIMES, "uuid": UUIDS}.get(shape.get("format", ""), ())
        yield from HASHES if "{64}" in shape.get("pattern", "") else ()
        yield from long_texts(shape["maxLength"]) if 0 < shape.get("maxLength", 0) <= LARGE else ()


def numbers(shapes: list[dict[str, Any]]) -> Iterator[Any]:
    yield from NUMBERS
    for shape in shapes:
        for bound in {shape[name] for name in ("minimum", "maximum") if name in shape}:
            yield from (bound, bound - 1, bound + 1, float(bound))


def lists(shape: dict[str, Any]) -> Iterator[list[Any]]:
    item = sample(shape["items"])
    most = shape.get("maxItems", 20)
    yield from ([item] * count for count in {0, 1, 2, most, most + 1} if count <= 1_000)


def written(value: Any) -> str:
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def fits_an_address(schema: dict[str, Any], text: str) -> bool | None:
    """Whether a text in a path or a query is what the schema says; None where readers of numbers would disagree."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    types = {kind for shape in alternatives(schema) for kind in types_of(shape)}
    if "string" in types:
        return fits(schema, text)
    if "boolean" in types:
        return text in {"true", "false"}
    if text in NUMBERS_IN_AN_ADDRESS or (
        LITERAL.fullmatch(text) and not text.lstrip("-").isdigit() and "integer" in types
    ):
        return None
    if not LITERAL.fullmatch(text):
        return False
    return fits(schema, float(text) if "number" in types else int(text))

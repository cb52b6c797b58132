"""JSON bodies, read strictly: I-JSON (RFC 7493), which is what every database and hash can hold."""

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from config.canonical import LARGEST_INTEGER

# What is stored must be readable through every door: recursive readers end between 250 and 450 levels.
MAX_DEPTH = 100
_SUSPECT = re.compile(r"\x00|\\u0000|\\u[dD][89a-fA-F]")  # cheap test that spares nearly every body the walk


class StrictJSONParser(BaseParser):
    """Refuses, with its reason: NUL, lone surrogates, NaN, numbers beyond a double, repeated names, deep nesting."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        encoding = (
            parser_context["request"].headers.get("Content-Encoding", "identity") if parser_context else "identity"
        )
        if encoding.lower() != "identity":  # unpacked, a small body could be any size
            raise UnsupportedMediaType(encoding[:32], "Content-Encoding is not supported. Send the body as it is.")
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """The value of a JSON body; ParseError says what is wrong with it."""
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} is wrong.") from error
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_integer, object_pairs_hook=_members
        )
    except json.JSONDecodeError as error:
        raise ParseError(f"The body is not JSON: {error.msg} at line {error.lineno} column {error.colno}.") from error
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error
    if text.count("[") + text.count("{") > MAX_DEPTH:  # cheap test again
        _check_depth(value)
    if _SUSPECT.search(text):
        _check_text(value, "$")
    return value


_TOO_DEEP = f"The body is nested too deeply. Use at most {MAX_DEPTH} levels."


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for node in level for item in _children(node)]
        if not level:
            return
    raise ParseError(_TOO_DEEP)


def _children(node: Any) -> Iterator[Any]:
    """The objects and lists right inside a node."""
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return (item for item in items if isinstance(item, (dict, list)))


def _constant(name: str) -> None:
    raise ParseError(f"{name} is not a JSON number.")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ParseError(f"The number {text[:32]} is too large.")
    return value


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise ParseError(f"The integer {text[:32]} is beyond 2**53 - 1; send it as a string.")
    return int(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ParseError(f"The name {twice[:64]!r} stands twice in one object.")
    return value


def _check_text(value: Any, path: str) -> None:
    match value:
        case str():
            if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise ParseError(f"The text at {path} has a NUL or a lone surrogate, which cannot be stored.")
        case Mapping():
            for name, item in value.items():
                _check_text(name, f"{path} (a name)")
                _check_text(item, f"{path}.{name}")
        case list():
            for index, item in enumerate(value):
                _check_text(item, f"{path}[{index}]")

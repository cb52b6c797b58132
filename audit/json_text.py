"""JSON as people write it, with comments and trailing commas, changed in place: what is not touched stays as it stands.

An element is put at the end of its container, or at the beginning, and taking it out undoes putting it in.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENT = re.compile(r"[ \t\r\n]*(?://[^\r\n]*|/\*.*?\*/)", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')


class NotJson(ValueError):
    """The text cannot be read, comments and trailing commas allowed for."""


@dataclass(slots=True)
class Element:
    """A value and where it stands; a member of an object stands from its name on."""

    start: int
    end: int
    value: Any
    name: str | None = None
    opened: int = -1
    """Where its bracket stands, if it is a container."""
    inner: list["Element"] = field(default_factory=list)
    comma: int = -1
    """Where the comma behind it stands, if there is one."""

    def member(self, name: str) -> "Element | None":
        return next((item for item in self.inner if item.name == name), None)


def read(text: str) -> Element:
    """The value that the text is. Raises NotJson."""
    try:
        root = _value(text, _skip(text, 0))
    except RecursionError:
        raise NotJson("is nested too deeply") from None
    if _skip(text, root.end) != len(text):
        raise NotJson(f"is no JSON: it goes on behind its end, at character {root.end + 1}")
    return root


def put(text: str, container: Element, value: Any, *, name: str | None = None, first: bool = False) -> str:
    """The text with one element more in a container."""
    opened, closed = container.opened, container.end - 1
    newline = "\r\n" if "\r\n" in text else "\n"
    label = "" if name is None else f"{json.dumps(name, ensure_ascii=False)}: "
    if container.inner and "\n" not in text[opened:closed]:
        gap, body = " ", json.dumps(value, ensure_ascii=False)
    else:
        step, own = _indents(text, container)
        gap = newline + own
        body = json.dumps(value, indent=step, ensure_ascii=False).replace("\n", gap)
    if not container.inner:
        behind = newline + _margin(text, container.start)
        return f"{text[:closed].rstrip()}{gap}{label}{body}{behind}{text[closed:]}"
    if first:
        front, rest = text[: opened + 1], text[opened + 1 :]
        return f"{front}{label}{body}, {rest}" if gap == " " else f"{front}{gap}{label}{body},{rest}"
    last = container.inner[-1]
    if last.comma >= 0:
        place = _behind(text, last.comma + 1)
        return f"{text[:place]}{gap}{label}{body},{text[place:]}"
    place = _behind(text, last.end)
    return f"{text[: last.end]},{text[last.end : place]}{gap}{label}{body}{text[place:]}"


def take(text: str, container: Element, element: Element) -> str:
    """The text without one element of a container; the comments around it stay."""
    place = next(index for index, item in enumerate(container.inner) if item is element)
    end = max(element.end, element.comma + 1)
    if place:
        before = container.inner[place - 1].comma
        start = _behind(text, before + 1)
        if element.comma >= 0:
            return text[:start] + text[end:]
        return text[:before] + text[before + 1 : start] + text[end:]
    front = text[container.opened + 1 : element.start].rstrip()
    if len(container.inner) > 1:
        is_inline = "\n" not in text[container.opened : container.inner[1].start]
        rest = text[end:].removeprefix(" ") if is_inline else text[end:]
        return text[: container.opened + 1] + front + rest
    back = text[end : container.end - 1]
    return text[: container.opened + 1] + front + (back if front or back.strip() else "") + text[container.end - 1 :]


def replace(text: str, element: Element, value: Any) -> str:
    """The text with another scalar in the place of one."""
    found = list(_SCALAR.finditer(text, element.start, element.end))
    return text[: found[-1].start()] + json.dumps(value) + text[element.end :]


def has_comments(text: str) -> bool:
    """Whether a part of a text that can be read holds a comment."""
    return re.search(r"//|/\*", _SCALAR.sub("", text)) is not None


def _value(text: str, at: int) -> Element:
    if text[at : at + 1] in ("{", "["):
        return _container(text, at)
    match = _SCALAR.match(text, at)
    try:
        if match is not None:
            return Element(start=at, end=match.end(), value=json.loads(match[0]))
    except ValueError:
        pass
    raise NotJson(f"is no JSON, even with comments: see character {at + 1}")


def _container(text: str, at: int) -> Element:
    is_object, close = text[at] == "{", "}" if text[at] == "{" else "]"
    found = Element(start=at, end=at, value={} if is_object else [], opened=at)
    place = _skip(text, at + 1)
    while text[place : place + 1] != close:
        item = _member(text, place) if is_object else _value(text, place)
        if is_object and item.name in found.value:
            raise NotJson(f"names {item.name!r} twice in one object")
        found.inner.append(item)
        if is_object:
            found.value[item.name] = item.value
        else:
            found.value.append(item.value)
        place = _skip(text, item.end)
        if text[place : place + 1] == ",":
            item.comma, place = place, _skip(text, place + 1)
        elif text[place : place + 1] != close:
            raise NotJson(f"is no JSON, even with comments: see character {place + 1}")
    found.end = place + 1
    return found


def _member(text: str, at: int) -> Element:
    name = _value(text, at)
    colon = _skip(text, name.end)
    if not isinstance(name.value, str) or text[colon : colon + 1] != ":":
        raise NotJson(f"is no JSON, even with comments: see character {colon + 1}")
    found = _value(text, _skip(text, colon + 1))
    found.name, found.start = name.value, at
    return found


def _skip(text: str, at: int) -> int:
    """Past blanks and comments."""
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _behind(text: str, at: int) -> int:
    """Past the comments that follow, but not past the blanks behind them."""
    while match := _COMMENT.match(text, at):
        at = match.end()
    return at


def _indents(text: str, container: Element) -> tuple[str, str]:
    """One step of indentation, and the indentation of a container's elements."""
    step = re.search(r"(?m)^([ \t]+)[\"\[{]", text)
    unit = step[1] if step else "  "
    own = _margin(text, container.start) + unit
    if container.inner and "\n" in text[container.opened : container.inner[0].start]:
        own = _margin(text, container.inner[0].start)
    return unit, own


def _margin(text: str, at: int) -> str:
    """The blanks at the beginning of a line."""
    line = text[text.rfind("\n", 0, at) + 1 : at + 1]
    return line[: len(line) - len(line.lstrip(" \t"))]

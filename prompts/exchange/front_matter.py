"""Markdown that begins with YAML between two lines of three dashes."""

import re
from typing import Any

from prompts.exchange.terms import File, Unreadable
from prompts.exchange.yaml_text import dump, load

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def parted(file: File) -> tuple[dict[str, Any], str]:
    """What stands in front, and the rest. Raises Unreadable."""
    found = _FRONT.match(file.text)
    if found is None:
        return {}, file.text
    front = load(found[1], file.path) if found[1].strip() else {}
    if not isinstance(front, dict):
        raise Unreadable(f"{file.path}: what stands between the two --- is no list of names with values.")
    return {str(name): value for name, value in front.items()}, file.text[found.end() :]


def joined(front: dict[str, Any], text: str) -> str:
    """A front matter without what says nothing, and the text behind it."""
    said = {name: value for name, value in front.items() if value not in (None, "", [], {})}
    return f"---\n{dump(said) if said else ''}---\n{text}"


def text_of(front: dict[str, Any], name: str) -> str:
    """A text of the front matter; a number or nothing is one too."""
    value = front.get(name)
    return "" if value is None else value.strip() if isinstance(value, str) else str(value)

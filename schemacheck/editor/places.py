"""Places of a text in an editor's terms: lines from 0, and units of the encoding it counts in."""

import re
from collections.abc import Mapping
from typing import Any

from lsprotocol import types

_WORD = re.compile(r'"(?:[^"]|"")*"?|[\w$]+|.', re.DOTALL)
_WIDTHS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Places:
    """A text cut into lines as the protocol has them."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self._lines = text.split("\n")
        self._codec, self._width = _WIDTHS[encoding]

    def at(self, offset: int) -> types.Position:
        """The place of a character of the text."""
        before = self.text[:offset]
        return self._position(before.count("\n"), offset - (before.rfind("\n") + 1))

    def of(self, finding: Mapping[str, Any]) -> types.Range:
        """What a finding underlines: the word it stands at, of a whole statement its first line."""
        number = min(max((finding["line"] or 1) - 1, 0), len(self._lines) - 1)
        line = self._lines[number].rstrip("\r")
        start = min(max((finding["column"] or 1) - 1, 0), len(line))
        word = _WORD.match(line, start)
        is_whole_line = not line[:start].strip() or word is None
        end = len(line) if is_whole_line or word is None else word.end()
        return types.Range(self._position(number, start), self._position(number, end))

    def _position(self, line: int, character: int) -> types.Position:
        text = self._lines[line][:character]
        return types.Position(line, len(text.encode(self._codec, "surrogatepass")) // self._width)

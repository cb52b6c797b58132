"""A script as text, whatever its dialect."""

import bisect
import re

from schemacheck.checker.errors import TooLong

MAX_SCRIPT_CHARS = 32 * 1024 * 1024
MAX_STATEMENT_CHARS = 1_000_000
_NEWLINE = re.compile("\n")


class Source:
    """A script as text, able to say the line and column of each of its characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def refuse_longer(sql: str, chars: int = MAX_SCRIPT_CHARS, advice: str = "Split it.") -> None:
    """Raises TooLong for a script of more characters."""
    if len(sql) > chars:
        detail = f"The script has {len(sql):,} characters; {chars:,} is the limit here. {advice}"
        raise TooLong(detail, fields={"sql": "too-long"})

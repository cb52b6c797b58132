"""What a scanner of a program's text finds."""

from collections.abc import Callable
from dataclasses import dataclass, field

Span = tuple[int, int]
"""Offsets of first and last, half open."""


class Untrusted(Exception):
    """The text is not understood for certain."""


@dataclass(slots=True)
class Scan:
    trusted: int
    """Up to where the text is understood; what comes after is left as it is."""
    comments: list[Span] = field(default_factory=list)
    literals: list[Span] = field(default_factory=list)
    """Those over several lines, whose line ends are data."""

    def add_literal(self, text: str, start: int, end: int) -> None:
        if text.find("\n", start, end) >= 0:
            self.literals.append((start, end))

    def keeping(self, kept: Callable[[str], bool], text: str) -> "Scan":
        """Without the comments that stay; lines of one block stay together, as a licence does."""
        going: list[Span] = []
        block: list[Span] = []
        for span in [*self.comments, (len(text) + 1, len(text) + 1)]:
            if block and not _adjacent(text, block[-1], span):
                going += [] if any(kept(text[start:end]) for start, end in block) else block
                block = []
            block.append(span)
        return Scan(trusted=self.trusted, comments=going, literals=self.literals)


def _adjacent(text: str, one: Span, other: Span) -> bool:
    """Both stand alone on their lines, one right below the other."""
    if text[max(text.rfind("\n", 0, one[0]) + 1, one[0] - 1000) : one[0]].strip():
        return False
    between = text[one[1] : min(other[0], one[1] + 1000)]
    return other[0] <= len(text) and between.strip(" \t\r") == "\n"


def line_end(text: str, position: int) -> int:
    """Offset of the newline that ends the line, or of the text's end."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end

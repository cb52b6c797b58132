"""What is drawn on a terminal: marks in colour, tables that fit, a bar while work goes on.

With the standard library alone: rich adds 0.2 s to a command that draws one table, and two packages of its own.
"""

import os
import re
import shutil
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence

GAP = "  "
BAR_CELLS = 24
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
_OF_MARKS = {"OK": "green", "FAIL": "red", "WARN": "yellow", "SKIP": "dim", "MISS": "yellow", "INFO": "dim"}
_OF_WORDS = {
    **dict.fromkeys(("allow", "passed", "finished", "resolved", "improvement", "ok"), "green"),
    **dict.fromkeys(("deny", "failed", "regression", "critical", "error", "fail"), "red"),
    **dict.fromkeys(("confirm", "high", "warning", "warn", "too few cases"), "yellow"),
}
_MARK = re.compile(rf"^(\s*)\[({'|'.join(_OF_MARKS)})\]", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

Paint = Callable[[str, str], str]
"""A text in a colour."""


def has_colour(*, asked: bool | None, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a terminal gets colours; `asked` is what an option of the command says, which decides."""
    if asked is not None:
        return asked
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and environ.get("DJANGO_COLORS") != "nocolor"


def width() -> int:
    """The columns of the terminal, or what COLUMNS says."""
    return shutil.get_terminal_size().columns


def coloured(text: str, colour: str) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colour else text


def plain(text: str, colour: str) -> str:
    return text


def harmless(text: str) -> str:
    """A text whose control characters are spelled out: what was recorded cannot move the cursor or set the title."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def marked(text: str, paint: Paint) -> str:
    """A text ready for a terminal: harmless, with its marks in colour."""
    return _MARK.sub(lambda m: m.group(1) + paint(f"[{m.group(2)}]", _OF_MARKS[m.group(2)]), harmless(text))


def cells(text: str) -> int:
    """The columns a text takes: a Chinese character takes two, an accent of its own none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text
    )


def table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, most: int | None, paint: Paint = plain
) -> list[str]:
    """The lines of a table of at most so many columns: cells fold at spaces; where that is not enough, rows are lists.

    Nothing is cut: an id can be copied.
    """
    texts = [[" ".join(harmless(str(cell)).split()) for cell in row] for row in rows]
    columns = list(zip(headers, *texts, strict=True))
    widths = [max(map(cells, column)) for column in columns]
    room = None if most is None else most - len(GAP) * (len(headers) - 1)
    if room is not None and sum(widths) > room:
        least = [max(cells(word) for text in column for word in text.split() or [""]) for column in columns]
        if sum(least) > room:
            return _records(headers, texts, paint)
        widths = _narrowed(widths, least, room)
    painted = [_line(headers, widths, lambda text, _: paint(text, "bold"))]
    for row in texts:
        painted += _line(row, widths, lambda text, whole: paint(text, _OF_WORDS.get(whole, ""))).splitlines()
    return "\n".join(painted).splitlines()


def _narrowed(widths: list[int], least: list[int], room: int) -> list[int]:
    """The widths with the widest made narrower until they fit, none below its longest word."""
    widths = list(widths)
    while sum(widths) > room:
        widest = max((index for index in range(len(widths)) if widths[index] > least[index]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _line(row: Sequence[str], widths: Sequence[int], painted: Callable[[str, str], str]) -> str:
    folded = [_folded(text, width) for text, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, folded))):
        parts = []
        for text, column, width in zip(row, folded, widths, strict=True):
            part = column[number] if number < len(column) else ""
            parts.append((painted(part, text) if part else "") + " " * (width - cells(part)))
        lines.append(GAP.join(parts).rstrip())
    return "\n".join(lines)


def _folded(text: str, width: int) -> list[str]:
    if cells(text) <= width:
        return [text]
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _records(headers: Sequence[str], rows: Sequence[Sequence[str]], paint: Paint) -> list[str]:
    indent = max(map(cells, headers)) + len(GAP)
    lines = []
    for number, row in enumerate(rows):
        lines += [""] if number else []
        for header, text in zip(headers, row, strict=True):
            lines.append(paint(header, "bold") + " " * (indent - cells(header)) + paint(text, _OF_WORDS.get(text, "")))
    return lines


def bar(done: int, total: int, what: str, *, most: int) -> str:
    """A line that says how far a long work is, of less than so many columns."""
    part = min(done / total, 1) if total else 1
    drawn = "#" * int(part * BAR_CELLS)
    counts = f"{done:,}/{total:,}"
    line = f"{what}  [{drawn:-<{BAR_CELLS}}] {int(part * 100):>3} %  {counts}"
    return line if len(line) < most else f"{what} {counts}"[: max(most - 1, 0)]

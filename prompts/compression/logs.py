"""Logs to a budget: repeats folded with their count; what went wrong is kept with the lines around it.

A line is of a kind: what is left of it without times, numbers and ids. Lines are taken in the order of how much they
say: the first of each kind of alarm, the ends of the log, what follows and surrounds an alarm, its repeats, warnings,
the first of each other kind with rare kinds first, and whatever else still fits. What is missing is told by its line
numbers, by which it can be fetched.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prompts.compression.alarms import is_alarm, is_warning

Count = Callable[[str], int]
AROUND = 2
"""Lines kept before and after an alarm."""
LONGEST_TRACE = 40
"""Lines that belong to an alarm as its stack trace."""
GAP_TOKENS = 9
"""What telling of missing lines costs at most, but for very long logs."""
SHOWN = 80
"""Characters by which a kind of lines is named that was left out."""

_LOGGED = re.compile(
    r"""^\W{0,2}(?:\d{4}[-/.]\d\d[-/.]\d\d[T ,]|\d\d:\d\d:\d\d
        |(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\s+\d
        |(?:mon|tue|wed|thu|fri|sat|sun),?\s+\w+\s+\d|\d{10,13}[ .]|\d{1,2}/\w{3}/\d{4}:|[EWIDF]\d{4}\s)
    |^\W{0,2}(?:trace|debug|info|notice|warn(?:ing)?|error|critical|fatal|severe)\b[\])]?[:\s|]
    |^\S+\s\S+\s\S+\s\[\d\d/\w{3}/\d{4}:|^\{"\w[^\n]*\}$|\blevel=\w+\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CHANGING = re.compile(
    r"""[0-9a-f]{8}-[0-9a-f-]{27}|\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b|\d+(?:[.:,/T-]\d+)*""", re.IGNORECASE
)
_TRACE = re.compile(r"^(?:\s+\S|Caused by|Traceback|\s*at\s|\w+(?:\.\w+)*(?:Error|Exception)\b|goroutine\s|\}|\))")
_SAMPLE, _MOST, _FEWEST = 200, 0.6, 4
_LONGEST_KIND = 400
"""Characters of a line that its kind is made of."""


def is_log(text: str) -> bool:
    """Whether most of the first lines begin as an entry of a log does, traces aside."""
    lines = [line for line in text[:40_000].splitlines()[:_SAMPLE] if line.strip()]
    entries = sum(bool(_LOGGED.search(line[:300])) for line in lines)
    return entries >= _FEWEST and entries >= _MOST * sum(not line[:1].isspace() for line in lines)


def fold(text: str, *, max_tokens: int, count: Count) -> tuple[str, list[str]]:
    """The log in at most `max_tokens` where one line of it fits, else its most telling line; and what is gone."""
    lines = [_Line(number, line) for number, line in enumerate(text.split("\n"), 1)]
    if not lines[-1].text:
        lines.pop()
    _mark(lines)
    kept = _without_repeats(lines)
    if count(found := _written(lines, kept)) <= max_tokens:
        return found, _dropped(lines, kept)
    order = sorted(lines, key=lambda line: line.rank)
    kept, taken = _taken(lines, order, max_tokens, count)
    while len(taken) > 1 and count(_written(lines, kept)) > max_tokens:
        for line in (taken.pop() for _ in range(max(1, len(taken) // 50))):
            kept.discard(line.number)
    if not taken:
        return order[0].text, _dropped(lines, {order[0].number})
    return _written(lines, kept), _dropped(lines, kept)


@dataclass(slots=True)
class _Line:
    number: int
    text: str
    kind: str = ""
    rank: tuple[float, ...] = ()
    """Lower is kept first."""


def _mark(lines: Sequence[_Line]) -> None:
    """Give every line its kind and how much it says."""
    for line in lines:
        line.kind = _CHANGING.sub("#", line.text[:_LONGEST_KIND]).strip()
    often = Counter(line.kind for line in lines)
    seen: set[str] = set()
    for line in lines:
        line.rank = (_level(line, line.kind not in seen), often[line.kind], line.number)
        seen.add(line.kind)
    for index, line in enumerate(lines):
        if line.rank[0] == 0:
            _keep_around(lines, index)
    for line in (lines[0], lines[-1]) if lines else ():
        line.rank = min(line.rank, (0.5, 0, line.number))


def _level(line: _Line, is_first: bool) -> float:
    if is_alarm(line.text):
        return 0 if is_first else 3
    if is_warning(line.text):
        return 4 if is_first else 6
    return 5 if is_first else 7


def _keep_around(lines: Sequence[_Line], index: int) -> None:
    """The trace below an alarm, then the lines around both."""
    end = index + 1
    while end < len(lines) and end - index <= LONGEST_TRACE and _TRACE.match(lines[end].text):
        end += 1
    for line in lines[index + 1 : end]:
        line.rank = min(line.rank, (1, 0, line.number))
    for line in [*lines[max(0, index - AROUND) : index], *lines[end : end + AROUND]]:
        line.rank = min(line.rank, (2, 0, line.number))


def _without_repeats(lines: Sequence[_Line]) -> set[int]:
    """Of lines of one kind in a row the first, the last of the log, and alarms with what is around them."""
    kept = {line.number for before, line in pairwise(lines) if line.kind != before.kind}
    return kept | {line.number for line in lines if line.rank[0] <= 2}


def _taken(lines: Sequence[_Line], order: Sequence[_Line], budget: int, count: Count) -> tuple[set[int], list[_Line]]:
    kept: set[int] = set()
    taken: list[_Line] = []
    used, misses = 0, 0
    for line in order:
        # Beside a kept line it makes no new gap, and between two of them it closes one.
        beside = (line.number - 1 in kept or line.number == 1) + (line.number + 1 in kept or line.number == len(lines))
        cost = count(f"{line.text}\n") + GAP_TOKENS * (1 - beside)
        if used + cost > budget:
            misses += 1
            if misses > 1_000 or used >= budget:
                break
            continue
        kept.add(line.number)
        taken.append(line)
        used += cost
    return kept, taken


def _written(lines: Sequence[_Line], kept: set[int]) -> str:
    return "".join(f"{part}\n" for part in _parts(lines, kept))


def _parts(lines: Sequence[_Line], kept: set[int]) -> Iterator[str]:
    before: _Line | None = None
    for first, last in _gaps_and_lines(lines, kept):
        if first in kept:
            before = lines[first - 1]
            yield before.text
        elif before is not None and all(line.kind == before.kind for line in lines[first - 1 : last]):
            yield f"... {last - first + 1} more like it"
        else:
            yield f"... lines {first}-{last}" if last > first else f"... line {first}"


def _gaps_and_lines(lines: Sequence[_Line], kept: set[int]) -> Iterator[tuple[int, int]]:
    """Each kept line alone, and each row of missing ones, by first and last number."""
    start = 1
    for number in sorted(kept):
        if start < number:
            yield start, number - 1
        yield number, number
        start = number + 1
    if start <= len(lines):
        yield start, len(lines)


def _dropped(lines: Sequence[_Line], kept: set[int]) -> list[str]:
    """The kinds of lines that went, with how many; those of which nothing is left come first."""
    gone = Counter(line.kind for line in lines if line.number not in kept and line.kind)
    left = {line.kind for line in lines if line.number in kept}
    return [f"{number} x {kind[:SHOWN]}" for kind, number in sorted(gone.items(), key=lambda item: item[0] in left)]

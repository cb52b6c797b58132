"""Reads the text of a stack trace into frames; what is no trace, or one of a language unknown here, gives none."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from escalation.grouping.traces.forms import FORMS, FRAMELIKE, NO_FRAME, Form
from escalation.grouping.traces.frame import Frame, is_library

MOST_LINES = 2000  # a recursion error prints about as many; deeper tells nothing more
LONGEST_LINE = 1000
LONGEST_SOURCE = 300
_MARGIN = " |+-"  # of an exception group, beside blanks
_COLOUR = re.compile(r"\x1b?\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The frames of one exception of a chain, innermost last; `error_type` is empty when the text has none."""

    error_type: str
    frames: tuple[Frame, ...]


_NEXT_TRACE = re.compile(
    r"^[\s|+-]*(?:(?:Exception Group )?Traceback \(most recent call last\)|Caused by: |\[cause\]: |goroutine \d+ \["
    r"| ---> )"
)
_ERROR_LINE = re.compile(
    r"^[\s|+-]*(?:Caused by: |\[cause\]: |Uncaught |Unhandled exception\. |Exception in thread \"[^\"]*\" )?"
    r"(?P<type>[A-Za-z_][\w.$]*)(?::|\s*$)"
)


def parse_stack_trace(text: str) -> list[Trace]:
    """The exceptions of a trace, causes first, what came of them last; those without frames are left out.

    When lines that look like frames are not understood and none of the application's was read, there are none at all:
    what is left would be frames of libraries that many bugs share.
    """
    lines = [_COLOUR.sub("", line[:LONGEST_LINE]) for line in text.splitlines()[-MOST_LINES:]]
    form = _form_of(lines)
    if form is None:
        return []
    traces = [trace for part in _split(lines) if (trace := _read(part, form)).frames]
    if not any(frame.in_app for trace in traces for frame in trace.frames) and _not_understood(lines, form):
        return []
    if any(line.startswith("goroutine ") for line in lines):
        return traces[:1]  # the one that failed; the others only stood by
    return traces if form.innermost_last else traces[::-1]  # "Caused by:" comes after


def _form_of(lines: list[str]) -> Form | None:
    """Of the language that reads most lines; the first of them where several do."""
    read = {name: sum(1 for _ in _frames(lines, form)) for name, form in FORMS.items()}
    best = max(read, key=lambda name: read[name])
    return FORMS[best] if read[best] else None


def _not_understood(lines: Iterable[str], form: Form) -> bool:
    where = form.where
    return any(
        FRAMELIKE.match(line)
        and not NO_FRAME.match(line)
        and not form.line.match(line)
        and not (where and where.match(line))
        for line in lines
    )


def _split(lines: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for line in lines:
        if _NEXT_TRACE.match(line):
            yield part
            part = []
        part.append(line)
    yield part


def _read(lines: list[str], form: Form) -> Trace:
    frames = tuple(_frames(lines, form))
    if not frames:
        return Trace(error_type="", frames=())
    if form.innermost_last:
        return Trace(error_type=_error_type(reversed(_after_frames(lines, form))), frames=frames)
    return Trace(error_type=_error_type(lines), frames=frames[::-1])


def _frames(lines: list[str], form: Form) -> Iterator[Frame]:
    """In the order they are printed; a line of code that follows, indented deeper, is the frame's source."""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if not (match := form.line.match(line)):
            continue
        where = form.where.match(following) if form.where else None
        if form.needs_where and not where:
            continue
        frame = _frame(match, where)
        if form.innermost_last and _depth(following) > _depth(line):
            frame = replace(frame, source=following.lstrip(_MARGIN).rstrip()[:LONGEST_SOURCE])
        yield frame


def _frame(match: re.Match[str], where: re.Match[str] | None) -> Frame:
    said = {**match.groupdict(), **(where.groupdict() if where else {})}
    function, file = said["function"] or "", said.get("file") or said.get("alone") or ""
    line = said.get("line") or said.get("alone_line") or "0"
    return Frame(function=function, file=file, line=int(line[:9]), in_app=not is_library(file, function))


def _after_frames(lines: list[str], form: Form) -> list[str]:
    """Python prints the error after its frames and their lines of code, which are indented deeper."""
    last = max(index for index, line in enumerate(lines) if form.line.match(line))
    depth = _depth(lines[last])
    return [line for line in lines[last + 1 :] if line.strip() and _depth(line) < depth][:1]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(_MARGIN))


def _error_type(lines: Iterable[str]) -> str:
    for line in lines:
        if (match := _ERROR_LINE.match(line)) and not match["type"].startswith("Traceback"):
            return match["type"].rsplit(".", 1)[-1]
    return ""

"""Reads the text of a stack trace (Python, JavaScript, Java) into frames; anything else gives no frames."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

MOST_LINES = 2000  # a recursion error prints about as many; deeper tells nothing more
LONGEST_SOURCE = 300
_MARGIN = " |+-"  # of an exception group, beside blanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call; `file` is as the trace gives it, `line` is 0 when it gives none."""

    function: str
    file: str
    line: int = 0
    in_app: bool = True
    source: str = ""
    """The line of code, where the trace has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The frames of one exception of a chain, innermost last; `error_type` is empty when the text has none."""

    error_type: str
    frames: tuple[Frame, ...]


_PYTHON_FRAME = re.compile(r'^[\s|+-]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+?))?\s*$')
_AT_FRAME = re.compile(  # V8 and Java: "at Cart.total (shop.js:3:9)", "at a.b.Cart.total(Cart.java:12)"
    r"^\s*at (?:(?P<function>[^()]+?(?: \[as [^\]]+\])?) ?\()?"
    r"(?P<file>(?:[a-z+-]+:)?[^()]*?)(?::(?P<line>\d+))?(?::\d+)?\)?\s*$"
)
_MOZILLA_FRAME = re.compile(r"^(?P<function>[^@\s]*)@(?P<file>\S+?)(?::(?P<line>\d+))?(?::\d+)?$")
_NEXT_TRACE = re.compile(
    r"^[\s|+-]*(?:(?:Exception Group )?Traceback \(most recent call last\)|Caused by: |\[cause\]: )"
)
_ERROR_LINE = re.compile(
    r"^[\s|+-]*(?:Caused by: |\[cause\]: |Uncaught |Exception in thread \"[^\"]*\" )?"
    r"(?P<type>[A-Za-z_][\w.$]*)(?::|\s*$)"
)
_LIBRARY = re.compile(
    r"(?:site-packages|dist-packages|node_modules)[\\/]"
    r"|[\\/]lib[\\/]python\d|[\\/]Python\d+[\\/]lib[\\/]"
    r"|^(?:<frozen |<string>|<stdin>|node:|internal/|native\b|<anonymous>|(?:chrome|moz|safari)-extension:)",
    re.IGNORECASE,
)
_LIBRARY_CLASS = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|scala|org\.(?:springframework|apache|junit|hibernate))[.\w]*\."
)


def parse_stack_trace(text: str) -> list[Trace]:
    """The exceptions of a trace, causes first, what came of them last; those without frames are left out."""
    lines = text.splitlines()[-MOST_LINES:]
    traces = [trace for part in _split(lines) if (trace := _read(part)).frames]
    return traces if any(_PYTHON_FRAME.match(line) for line in lines) else traces[::-1]  # "Caused by:" comes after


def is_library(file: str, function: str = "") -> bool:
    """True for the language's own files and installed packages: frames that say little about whose bug it is."""
    return bool(_LIBRARY.search(file) or _LIBRARY_CLASS.match(function))


def _split(lines: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for line in lines:
        if _NEXT_TRACE.match(line):
            yield part
            part = []
        part.append(line)
    yield part


def _read(lines: list[str]) -> Trace:
    python = list(_python_frames(lines))
    if python:
        return Trace(error_type=_error_type(reversed(_after_frames(lines))), frames=tuple(python))
    others = [frame for line in lines if (frame := _frame(_AT_FRAME, line) or _frame(_MOZILLA_FRAME, line))]
    return Trace(error_type=_error_type(lines), frames=tuple(reversed(others)))


def _python_frames(lines: list[str]) -> Iterator[Frame]:
    """Each with the line of code that follows it, indented deeper."""
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if frame := _frame(_PYTHON_FRAME, line):
            source = following.lstrip(_MARGIN).rstrip()[:LONGEST_SOURCE] if _depth(following) > _depth(line) else ""
            yield replace(frame, source=source)


def _after_frames(lines: list[str]) -> list[str]:
    """Python prints the error after its frames and their lines of code, which are indented deeper."""
    last = max(index for index, line in enumerate(lines) if _PYTHON_FRAME.match(line))
    depth = _depth(lines[last])
    return [line for line in lines[last + 1 :] if line.strip() and _depth(line) < depth][:1]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(_MARGIN))


def _error_type(lines: Iterable[str]) -> str:
    for line in lines:
        if (match := _ERROR_LINE.match(line)) and not match["type"].startswith("Traceback"):
            return match["type"].rsplit(".", 1)[-1]
    return ""


def _frame(form: re.Pattern[str], line: str) -> Frame | None:
    match = form.match(line[:1000])
    if match is None:
        return None
    function, file = match["function"] or "", match["file"]
    return Frame(
        function=function, file=file, line=int((match["line"] or "0")[:9]), in_app=not is_library(file, function)
    )

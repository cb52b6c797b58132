"""What a program's log says it failed of, told from what a log merely quotes. Pure.

Python prints the traceback of an unhandled exception at the beginning of lines, frames first, exception last. A line
that stands alone, is indented, has something before it (a test report, another container's name, a time stamp) or is
text inside JSON is somebody's words about an error, not the error: it is no evidence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINE = 2000
MODULE = r"[A-Za-z_][A-Za-z_0-9]{0,99}(?:\.[A-Za-z_][A-Za-z_0-9]{0,99}){0,9}"
HEADER = "Traceback (most recent call last):"
FRAME = re.compile(r'  File "([^"]{1,1000})", line \d{1,9}')
EXCEPTION = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: (.*))?")
CHAINED = re.compile(
    r"(?:The above exception was the direct cause of|During handling of the above exception, another exception)"
)
# What the interpreter itself says when `python -m NAME` finds no NAME: the only line, without a traceback.
NO_MAIN = re.compile(rf"(?:/\S{{0,300}}/)?python[\d.]{{0,5}}: No module named '?({MODULE}?)'?(?:\.__main__.*)?")
NO_PARENT = re.compile(
    r"(?:/\S{0,300}/)?python[\d.]{0,5}: Error while finding module specification for '[\w.]{1,200}' "
    rf"\(ModuleNotFoundError: No module named '({MODULE})'\)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception as Python printed it."""

    type: str
    message: str
    files: tuple[str, ...] = ()
    """The files of its frames, the outermost first."""

    @property
    def name(self) -> str:
        """The exception's class without its module."""
        return self.type.rpartition(".")[2]


def last_failure(log: str) -> tuple[Raised, ...]:
    """The exceptions of the log's last traceback, the first cause first; empty when the log has none."""
    lines = [line[:MAX_LINE].rstrip() for line in log.splitlines()]
    failures = list(_failures(lines))
    said = _said_by_the_interpreter(lines)
    return said or (failures[-1] if failures else ())


def _said_by_the_interpreter(lines: list[str]) -> tuple[Raised, ...]:
    last = next((line for line in reversed(lines) if line), "")
    found = NO_PARENT.fullmatch(last) or NO_MAIN.fullmatch(last)
    return (Raised(type="ModuleNotFoundError", message=f"No module named '{found[1]}'"),) if found else ()


def _failures(lines: list[str]) -> Iterator[tuple[Raised, ...]]:
    """Every traceback, those that Python chains to each other as one."""
    chain: list[Raised] = []
    position = 0
    joined = False
    while position < len(lines):
        if lines[position] != HEADER:
            joined = joined or CHAINED.match(lines[position]) is not None
            position += 1
            continue
        raised, position = _one(lines, position + 1)
        if raised is None:
            continue
        if not joined and chain:
            yield tuple(chain)
            chain = []
        chain.append(raised)
        joined = False
    if chain:
        yield tuple(chain)


def _one(lines: list[str], position: int) -> tuple[Raised | None, int]:
    """The exception whose frames begin here, and where reading goes on; None when it is not a whole traceback."""
    files = []
    while position < len(lines) and lines[position].startswith("  "):
        if frame := FRAME.match(lines[position]):
            files.append(frame[1])
        position += 1
    found = EXCEPTION.fullmatch(lines[position]) if position < len(lines) and files else None
    if not found:
        return None, position
    return Raised(type=found[1], message=found[2] or "", files=tuple(files)), position + 1


def missing_module(raised: Raised) -> str:
    """The module an import did not find, or nothing."""
    found = re.match(rf"No module named '?({MODULE})'?", raised.message)
    return found[1] if found and raised.name in ("ModuleNotFoundError", "ImportError") else ""


def missing_library(raised: Raised) -> str:
    """The shared library the loader did not find, or nothing."""
    found = re.match(r"(?:Error loading shared library )?(lib[\w.+-]{1,80}\.so[\w.]{0,20}): (.*)", raised.message)
    says_missing = found and ("cannot open shared object file: No such file" in found[2] or "No such file" in found[2])
    return found[1] if found and says_missing and raised.name in ("ImportError", "OSError") else ""

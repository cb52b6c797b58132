"""Regular expressions of users: what one may cost is known before it is compiled, and a search ends at its time.

The regex package writes out what repeats at least n times: forty characters of nested repeats took 19 GB. Whatever
escapes the estimate meets the limits of the process that compiles (`apart`).
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from prompts.assertions.terms import Fault

if TYPE_CHECKING:
    import regex  # loaded by the processes that judge; the service itself compiles no pattern

SEARCH_SECONDS = 1.0
"""Of the process's CPU, which is what the regex package counts."""
MAX_PATTERN = 5_000
"""Characters."""
MAX_PARTS = 5_000
"""Characters, classes and groups of a pattern, its repeats written out; some 5 ms and 5 MB to compile."""
MAX_NESTING = 50
"""Groups inside groups; the parser recurses."""

_PIECE = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])|(?P<open>\()|(?P<close>\))"
    r"|\{(?P<least>\d*)(?:,\d*)?\}|(?P<other>.)",
    re.DOTALL,
)
_VERSION = re.compile(r"\(\?[a-zA-Z-]*V[01]")


@lru_cache(maxsize=32)
def compile_pattern(pattern: str) -> "regex.Pattern[str]":
    """Raises Fault when it is no pattern or costs too much."""
    import regex

    if len(pattern) > MAX_PATTERN:
        raise Fault(f"A pattern has at most {MAX_PATTERN} characters.", "value")
    if parts(pattern) > MAX_PARTS:
        raise Fault(
            f"The pattern repeats more than {MAX_PARTS} parts when its repeats are multiplied; write fewer or "
            "smaller {n}.",
            "value",
        )
    try:
        # The package's own cache keeps 500 of any size.
        return regex.compile(pattern, cache_pattern=False)
    except (regex.error, ValueError, OverflowError, RecursionError, LookupError) as error:
        raise Fault(f"Not a regular expression: {str(error)[:300]}.", "value") from None


def search(pattern: str, text: str) -> bool:
    """Raises Fault when it cannot be told."""
    try:
        return compile_pattern(pattern).search(text, timeout=SEARCH_SECONDS) is not None
    except TimeoutError:
        raise Fault(f"The pattern took longer than {SEARCH_SECONDS:g} s; write it without nested repeats.") from None


def parts(pattern: str) -> int:
    """How many parts the pattern has when every repeat is written out; above MAX_PARTS the exact number is moot.

    Raises Fault for groups that nest too deep, and for `(?V1)`, under which sets nest and this would misread them.
    """
    if _VERSION.search(pattern):
        raise Fault("The flags V0 and V1 are not supported.", "value")
    open_groups = [0]
    last = 0  # what a repeat would multiply
    for piece in _PIECE.finditer(pattern):
        if piece["open"]:
            open_groups.append(1)
            last = 0
        elif piece["close"]:
            last = open_groups.pop() if len(open_groups) > 1 else 0
            open_groups[-1] += last
        elif piece["least"]:
            added = last * (min(int(piece["least"][:9]), MAX_PARTS + 1) - 1)
            if added > 0:
                last += added
                open_groups[-1] += added
        else:
            last = len(piece.group())
            open_groups[-1] += last
        if len(open_groups) > MAX_NESTING + 1:
            raise Fault(f"Groups nest more than {MAX_NESTING} deep.", "value")
        if open_groups[-1] > MAX_PARTS:
            return open_groups[-1]
    return sum(open_groups)

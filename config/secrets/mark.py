"""What stands where a secret was, and how it is put there."""

import re
from collections.abc import Iterable

MARK = "[secret]"

Span = tuple[int, int]
"""Where a secret begins and ends in a text."""

# A reference to a secret is none, and tells a reader where it comes from: $DB_PASSWORD, {{ password }}, <key>.
_REFERENCE = re.compile(
    r"['\"]?(?:\$\{?[A-Z_][A-Z0-9_]*\}?|\{\{[\w .|]{0,80}\}{0,2}|%[A-Z_]+%|(?:[A-Za-z]+ )?<[\w -]{1,40}>)"
)


def tells_nothing(value: str) -> bool:
    """Whether a value is no secret but a mark or a reference."""
    value = value.strip("'\"")
    return value in {"", MARK} or bool(_REFERENCE.fullmatch(value))


def put_marks(text: str, spans: Iterable[Span]) -> str:
    """`text` with a mark for each span, in order; what begins inside one before it goes with that one."""
    parts, position = [], 0
    for start, end in spans:
        if start < position:
            continue
        parts += [text[position:start], MARK]
        position = end
    return "".join([*parts, text[position:]]) if parts else text

"""The names PostgreSQL chooses for what a script leaves without one (makeObjectName and ChooseRelationName)."""

from collections.abc import Callable, Iterable
from itertools import count

MAX_BYTES = 63


def choose_name(first: str, second: str, label: str, is_taken: Callable[[str], bool]) -> str:
    """`first_second_label`, with a number where that name is taken."""
    return next(name for n in count() if not is_taken(name := _made(first, second, f"{label}{n or ''}")))


def joined(columns: Iterable[str | None]) -> str:
    """The columns of an index in its name; an expression is `expr`, the next one `expr1`."""
    parts: list[str] = []
    for column in columns:
        base = column or "expr"
        parts.append(next(name for number in count() if (name := f"{base}{number or ''}") not in parts))
    return "_".join(parts)


def _made(first: str, second: str, label: str) -> str:
    """The parts joined; the longer of the first two gives way where they are too long."""
    room = MAX_BYTES - (len(label) + 1) - (1 if second else 0)
    one, two = first.encode(), second.encode()
    while len(one) + len(two) > room:
        one, two = (one[:-1], two) if len(one) > len(two) else (one, two[:-1])
    parts = (one.decode(errors="ignore"), two.decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)

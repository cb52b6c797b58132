"""A migration of a folder, whatever tool it was written for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_KEPT = re.compile(r"[^\r\n]")
_PLACEHOLDER = re.compile(r"\$\{([^${}\n]+)\}")


class Transaction(StrEnum):
    """How a tool runs a part."""

    WRAPPED = "wrapped"  # in a transaction of its own
    NONE = "none"  # statement by statement
    STRING = "string"  # as one string, which PostgreSQL runs in one transaction as soon as it has two statements


@dataclass(frozen=True, slots=True)
class Part:
    """One direction of a migration: `sql` is the text of its file with all else blanked, so that places stay right."""

    path: Path
    text: str
    sql: str
    transaction: Transaction = Transaction.WRAPPED


@dataclass(frozen=True, slots=True)
class Migration:
    """`order` sorts the migrations of a folder; two of one `version` cannot be told apart by their tool."""

    version: str
    order: tuple[object, ...]
    up: Part | None = None
    down: Part | None = None


@dataclass(slots=True)
class Found:
    """The migrations of a folder, and the files that are none, each with the reason."""

    migrations: list[Migration] = field(default_factory=list)
    strange: list[tuple[Path, str]] = field(default_factory=list)


def only(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with every character blanked that is in no span; lines and columns stay."""
    parts, position = [], 0
    for start, end in spans:
        parts += [_KEPT.sub(" ", text[position:start]), text[start:end]]
        position = end
    return "".join([*parts, _KEPT.sub(" ", text[position:])])


def sections(mark: re.Pattern[str], text: str) -> list[tuple[re.Match[str], tuple[int, int]]]:
    """What follows each mark, up to the next."""
    marks = list(mark.finditer(text))
    ends = [following.start() for following in marks[1:]] + [len(text)]
    return [(match, (match.end(), end)) for match, end in zip(marks, ends, strict=False)]


def filled(sql: str) -> str:
    """With each `${name}` an identifier of the same length."""
    return _PLACEHOLDER.sub(lambda match: "_" + re.sub(r"\W", "_", match[1]) + "__", sql)


def numbers(version: str) -> tuple[int, ...]:
    """`2_1` and `2.1` come after `2` and before `10`."""
    return tuple(int(part) for part in re.findall(r"\d+", version))

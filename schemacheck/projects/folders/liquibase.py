"""Liquibase's formatted SQL: a file holds change sets, each with comments that take it back."""

import re
from collections.abc import Mapping
from pathlib import Path

from schemacheck.projects.folders.migration import Found, Migration, Part, Transaction, filled, only, sections

_FIRST = re.compile(r"\A\s*--[ \t]*liquibase[ \t]+formatted[ \t]+sql\b", re.IGNORECASE)
_CHANGE = re.compile(r"^--[ \t]*changeset[ \t]+(\S+?):(\S+)(.*)$", re.MULTILINE | re.IGNORECASE)
_ROLLBACK = re.compile(r"^--[ \t]*rollback[ \t]+(.*)$", re.MULTILINE | re.IGNORECASE)
_ROLLBACK_BLOCK = re.compile(r"/\*[ \t]*liquibase[ \t]+rollback\b(.*?)\*/", re.DOTALL | re.IGNORECASE)
_ALONE = re.compile(r"runInTransaction:[ \t]*[\"']?false", re.IGNORECASE)
_NOT_SQL = re.compile(r"(empty|not required)\s*;?\s*\Z|changeSetId:", re.IGNORECASE)


def is_liquibase(texts: Mapping[Path, str]) -> bool:
    return any(map(_FIRST.match, texts.values()))


def liquibase(texts: Mapping[Path, str]) -> Found:
    """Files by name, change sets in their order: which a master changelog includes is not asked."""
    found = Found()
    for path, text in texts.items():
        if not _FIRST.match(text):
            found.strange.append((path, "its first line is not `--liquibase formatted sql`"))
            continue
        for number, (mark, (start, end)) in enumerate(sections(_CHANGE, text)):
            how = Transaction.NONE if _ALONE.search(mark[3]) else Transaction.WRAPPED
            up = Part(path, text, filled(only(text, [(start, end)])), how)
            order = (tuple(map(_natural, path.parts)), number)
            version = f"{path.name} {mark[1]}:{mark[2]}"
            found.migrations.append(Migration(version, order, up, _rollback(path, text, start, end, how)))
    return found


def _rollback(path: Path, text: str, start: int, end: int, how: Transaction) -> Part | None:
    spans = [
        match.span(1)
        for pattern in (_ROLLBACK, _ROLLBACK_BLOCK)
        for match in pattern.finditer(text, start, end)
        if not _NOT_SQL.match(match[1].strip())
    ]
    return Part(path, text, filled(only(text, sorted(spans))), how) if spans else None


def _natural(part: str) -> tuple[tuple[int, str], ...]:
    """`change-2.sql` before `change-10.sql`."""
    return tuple((int(piece), "") if piece.isdigit() else (-1, piece) for piece in re.split(r"(\d+)", part))

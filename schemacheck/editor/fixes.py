"""What a finding's fix changes in a script: in place of its statement, before it, behind it, or a word of it.

A fix with a gap (`...`), or one that would take away what else its statement does, is for reading only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemacheck.checker.reading.parser import Parsed, Statement, parse

_BEFORE = frozenset({"lock-timeout-missing", "statement-timeout-missing", "idle-timeout-missing"})
_BEHIND = frozenset({"foreign-key-without-index", "table-without-primary-key"})
_AT_THE_END = frozenset({"uncommitted-transaction"})
_A_NAME = frozenset({"unqualified-table"})
_A_TYPE = frozenset(
    {"prefer-identity", "prefer-timestamptz", "prefer-jsonb", "prefer-text", "varchar-limit", "small-key"}
    | {"small-integer"}
)
_NAME = re.compile(r'(?:"(?:[^"]|"")+"|[\w$]+)')
_NAMED_FIRST = re.compile(rf"{_NAME.pattern}\s+")
_TYPE = re.compile(
    r'(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*[\w$]+)?(?:\s+(?:varying|precision))?(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?'
    r"(?:\s+with(?:out)?\s+time\s+zone)?",
    re.IGNORECASE,
)
_NOTE = re.compile(r"^\s*--|\s-- ", re.MULTILINE)
_PARTS = ("cmds", "objects", "relations")


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters of the text from `start` to `end` become `text`.

    `whole` where the rule has nothing more to say then: nothing is left to do by hand.
    """

    start: int
    end: int
    text: str
    whole: bool = True


@lru_cache(4)
def _parsed(sql: str) -> Parsed:
    return parse(sql)


def edit_for(sql: str, finding: Mapping[str, Any]) -> Edit | None:
    """What a fix changes, None where it cannot be done by changing the text."""
    rule, fix = finding["rule"], finding["fix"]
    if not fix or "..." in fix or finding["line"] is None:
        return None
    at = _offset(sql, finding["line"], finding["column"] or 1)
    statement = _statement_at(sql, at)
    if statement is None or statement.node is None:
        return None
    start, end = statement.offset, _end(sql, statement)
    if rule in _BEFORE:
        return Edit(start, start, _indented(fix, sql, start) + "\n" + _indent(sql, start))
    if rule in _BEHIND:
        return Edit(end, end, "\n" + _indent(sql, start) + _indented(fix, sql, start))
    if rule in _AT_THE_END:
        return Edit(len(sql), len(sql), ("" if sql.endswith("\n") else "\n") + fix + "\n")
    if rule in _A_NAME:
        return _of_match(_NAME.match(sql, at), fix)
    if rule in _A_TYPE:
        return _of_match(_TYPE.match(sql, at), _NAMED_FIRST.sub("", fix, count=1))
    keeps_it = statement.sql.strip() in fix
    if _does_more(statement) and not keeps_it:
        return None
    return Edit(start, end, _indented(fix, sql, start), whole=not keeps_it and not _NOTE.search(fix))


def ignoring(sql: str, finding: Mapping[str, Any], *, sign: str) -> Edit | None:
    """The comment that switches the rule off at its place; `sign` begins a comment of the language."""
    if finding["line"] is None or finding["severity"] == "error":
        return None
    at = _offset(sql, finding["line"], 1)
    if sign == "--" and (statement := _statement_at(sql, _offset(sql, finding["line"], finding["column"] or 1))):
        at = sql.rfind("\n", 0, statement.offset) + 1
    blank = _indent(sql, at)
    return Edit(at, at, f"{blank}{sign} schemacheck: ignore {finding['rule']} (say why)\n")


def _of_match(found: re.Match[str] | None, text: str) -> Edit | None:
    return Edit(*found.span(), text) if found else None


def _offset(sql: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = sql.find("\n", start) + 1
    return start + column - 1


def _statement_at(sql: str, at: int) -> Statement | None:
    for statement in _parsed(sql).statements:
        if statement.offset <= at <= _end(sql, statement):
            return statement
    return None


def _end(sql: str, statement: Statement) -> int:
    """Behind its semicolon, where it has one."""
    end = statement.offset + len(statement.sql)
    closed = re.compile(r"\s*;").match(sql, end)
    return closed.end() if closed else end


def _does_more(statement: Statement) -> bool:
    """Whether it has several parts, of which a fix may be about one."""
    return any(len(getattr(statement.node, part, ())) > 1 for part in _PARTS)


def _indent(sql: str, at: int) -> str:
    line = sql[sql.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _indented(fix: str, sql: str, at: int) -> str:
    return fix.rstrip().replace("\n", "\n" + _indent(sql, at))

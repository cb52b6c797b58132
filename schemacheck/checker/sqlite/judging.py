"""Judges a script for SQLite, statement by statement, on a replica of the schema."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from schemacheck.checker.findings import Proof, Severity
from schemacheck.checker.source import MAX_STATEMENT_CHARS, Source
from schemacheck.checker.sqlite import tables
from schemacheck.checker.sqlite.inserts import check_insert
from schemacheck.checker.sqlite.judged import Hints, Judged
from schemacheck.checker.sqlite.pieces import DEFINITIONS, Piece, split
from schemacheck.checker.sqlite.replica import Replica
from schemacheck.checker.sqlite.rows import Doubt, Rows

_NEAR = re.compile(r'near "(?P<near>.*)": syntax error\Z|unrecognized token: "(?P<token>.*)"\Z', re.DOTALL)
_NAMED = re.compile(
    r"(?:no such (?:table|column|index|view|function): |duplicate column name: |unknown column )"
    r"\"?(?P<name>[^\"]+?)\"?\Z"
    r"|(?:table|index|view|trigger) \"?(?P<other>[^\"]+?)\"? already exists\Z"
)
_UNSPEAKABLE = re.compile("[\\0\\ud800-\\udfff]")
_COMPILED = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES"}
_ONLY_READ = {
    *("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH", "DETACH", "VACUUM"),
    *("ANALYZE", "REINDEX", "EXPLAIN"),
}
_MAX_MESSAGE_WORD = 80


@dataclass(slots=True)
class Judge:
    """What is known while a script is judged. `reached` is as far as the proof goes: CATALOG with a live schema."""

    replica: Replica
    reached: Proof
    rows: Rows
    hints: Hints = field(default_factory=Hints)

    def judge(self, script: str) -> Iterator[Judged]:
        """The statements in their order, each judged when it is asked for."""
        source = Source(script)
        for index, piece in enumerate(split(script)):
            item = Judged(index, source, piece, piece.kind, piece.table_name)
            if self._is_speakable(item):
                self._judge(item)
            if item.kind not in ("create_table", "alter_table"):
                piece.words = []  # of megabytes of rows they would take gigabytes
            yield item

    def look_back(self, item: Judged) -> bool:
        """Look at a statement again once the script is known, for what it refers to; whether that found something."""
        before = len(item.findings)
        tables.check_foreign_keys(item, self.replica, self.hints, is_live=self.reached is not Proof.PARSE)
        return len(item.findings) > before

    def _is_speakable(self, item: Judged) -> bool:
        if len(item.piece.text) > MAX_STATEMENT_CHARS:
            message = f"the statement is longer than {MAX_STATEMENT_CHARS:,} characters and was not checked"
            item.add(0, "statement-too-long", Severity.ERROR, message)
            item.proof = Proof.NONE
            return False
        if bad := _UNSPEAKABLE.search(item.piece.text):
            item.table_name = None
            message = "the statement has a character that SQL cannot hold: NUL or half a surrogate pair"
            item.add(bad.start(), "unreadable-statement", Severity.ERROR, message)
            return False
        return True

    def _judge(self, item: Judged) -> None:
        first = item.piece.word(0)
        before = self.replica.columns(item.table_name) if first in DEFINITIONS else []
        doubts = self.rows.doubts(item) if first in DEFINITIONS else []
        try:
            if first in DEFINITIONS:
                self.replica.define(item.piece)
            elif first in _COMPILED:
                self.replica.compile(item.piece.text)
                check_insert(item, self.replica)
            else:
                _read_only(item)
                self.rows.follow(item)
                return
        except (sqlite3.Error, sqlite3.Warning) as error:
            self._refused(item, str(error))
            return
        item.proof = self.reached
        tables.check_table(item, self.replica, before)
        _say(item, doubts)
        self.rows.follow(item)

    def _refused(self, item: Judged, message: str) -> None:
        missing = message.startswith(("no such table: ", "no such index: ", "no such view: "))
        if missing and self.reached is Proof.PARSE:
            _say(item, self.rows.doubts_unseen(item))
            return  # without the schema nobody can tell more
        item.proof = self.reached
        hint = ""
        named = _NAMED.search(message)
        name = (named["name"] or named["other"]).rpartition(".")[2] if named else ""
        if message.startswith("no such table: "):
            hint = self.hints.like(name, self.replica.tables)
        elif message.startswith(("no such column: ", "unknown column")):
            hint = self.hints.like(name, lambda: self.replica.columns(item.table_name))
        item.add(self._error_offset(item.piece, message, name), "sqlite-error", Severity.ERROR, message, hint=hint)

    def _error_offset(self, piece: Piece, message: str, name: str) -> int:
        """Where the message points: Python's sqlite3 does not tell, so look where the statement stops compiling."""
        if message == "incomplete input":
            return len(piece.text)
        near = _NEAR.search(message)
        if near is None:
            return (piece.find(name) or 0) if name else 0
        text = near["near"] or near["token"] or ""
        candidates = [offset for offset, word in piece.words if word == text or text.startswith(word)]
        for offset in candidates[:50]:
            if self._complaint(piece.text[: offset + len(text)]) == message:
                return offset
        return candidates[0] if candidates else 0

    def _complaint(self, text: str) -> str:
        try:
            self.replica.compile(text)
        except (sqlite3.Error, sqlite3.Warning) as error:
            return str(error)
        return ""


def _say(item: Judged, doubts: list[Doubt]) -> None:
    for doubt in doubts:
        item.add(0, doubt.rule, doubt.severity, doubt.message, hint=doubt.hint)


def _read_only(item: Judged) -> None:
    """A statement that is neither run nor compiled: only its first word is known to be one of SQLite's."""
    if item.piece.word(0) in _ONLY_READ:
        return
    start, word = item.piece.words[0] if item.piece.words else (0, item.piece.text)
    item.add(start, "sqlite-error", Severity.ERROR, f'near "{word[:_MAX_MESSAGE_WORD]}": syntax error')

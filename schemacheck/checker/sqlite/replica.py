"""A database in memory with the schema of the live one and none of its rows, in which a script's definitions run.

Nothing a caller wrote is evaluated there: queries are compiled, and what runs are definitions of tables without rows.
"""

import sqlite3
from contextlib import closing, suppress
from functools import lru_cache
from typing import Any

from schemacheck.checker.source import MAX_STATEMENT_CHARS
from schemacheck.checker.sqlite.pieces import Piece
from schemacheck.checker.sqlite.types import affinity

_REFUSED = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
_PRAGMAS = {
    *("table_xinfo", "index_list", "index_info", "foreign_key_list", "foreign_keys"),
    *("quick_check", "data_version", "page_size"),
}
"""Those we ask, and those that ALTER TABLE and virtual tables ask themselves; none changes more than how we compile."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 4 * MAX_STATEMENT_CHARS,  # bytes of UTF-8
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4 * MAX_STATEMENT_CHARS,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 1_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 2_000,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 500,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 127,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32_766,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 1_000_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_KEPT_BY_ANOTHER = "not authorized"
"""As SQLite says it of an index that the authorizer refuses."""
_DECLARED = {"INTEGER": "INT", "NUMERIC": "NUM"}
"""How CREATE TABLE ... AS declares a column of an affinity, where it is not called the same."""


class Replica:
    """The database, open until `close`."""

    def __init__(self, schema: tuple[str, ...]) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        if schema:
            self._database.deserialize(_image(schema))
        for limit, value in _LIMITS.items():
            self._database.setlimit(limit, value)
        self._filled = self._with_rows() if any("VIRTUAL" in sql.upper() for sql in schema) else set()
        self._database.set_authorizer(self._authorize)

    def close(self) -> None:
        self._database.close()

    def define(self, piece: Piece) -> None:
        """Run a definition. Raises what SQLite says against it."""
        if piece.query_offset is not None:
            self._define_by_query(piece, piece.query_offset)
            return
        if piece.kind == "alter_table" and (piece.table_name or "").lower() in self._filled:
            raise sqlite3.DatabaseError(_KEPT_BY_ANOTHER)
        self._database.execute(piece.text)
        if piece.word(1) == "VIRTUAL":
            self._filled |= self._with_rows()

    def compile(self, text: str) -> None:
        """Compile a statement and do not run it. Raises what SQLite says against it."""
        self._database.execute(f"EXPLAIN {text}").close()

    def halts(self, text: str) -> list[tuple[int, str]]:
        """Where the program of a definition would stop if rows were there: SQLite's code, and what it says then."""
        self._database.execute("PRAGMA foreign_keys = ON")
        try:
            program = self._database.execute(f"EXPLAIN {text}").fetchall()
        except (sqlite3.Error, sqlite3.Warning):
            return []
        finally:
            self._database.execute("PRAGMA foreign_keys = OFF")
        return [(row[2], row[5]) for row in program if row[1] == "Halt" and isinstance(row[5], str)]

    def halts_unseen(self, table: str, text: str) -> list[tuple[int, str]]:
        """The same of a table nobody has seen: one of its name stands in."""
        self._database.execute(f"CREATE TABLE {_quoted(table)} (handrail_unseen)")
        try:
            return self.halts(text)
        finally:
            self._database.execute(f"DROP TABLE {_quoted(table)}")

    def columns(self, table: str | None) -> list[str]:
        """The names of a table's columns; none where there is no such table."""
        return [str(row[0]) for row in self.rows("SELECT name FROM pragma_table_xinfo(?)", table)]

    def tables(self) -> list[str]:
        """The names of tables and views."""
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        return [str(row[0]) for row in self._database.execute(query)]

    def rows(self, query: str, table: str | None) -> list[Any]:
        """What a query of ours answers about a table."""
        return self._database.execute(query, ((table or "").rpartition(".")[2],)).fetchall()

    def _define_by_query(self, piece: Piece, offset: int) -> None:
        """CREATE TABLE ... AS: the query is compiled as that of a view, which tells the columns; it never runs."""
        self.compile(piece.text)
        self._database.execute(f"CREATE TEMP VIEW handrail_query {piece.text[offset:]}")
        try:
            selected = self.rows("SELECT name, type FROM pragma_table_xinfo(?)", "handrail_query")
        finally:
            self._database.execute("DROP VIEW temp.handrail_query")
        columns = ", ".join(f"{_quoted(name)} {_declared(kind)}" for name, kind in selected)
        self._database.execute(f"{piece.text[:offset]} ({columns})")

    def _with_rows(self) -> set[str]:
        """Tables with rows: those a virtual table keeps for itself. An index on one would evaluate its expression."""
        filled = set()
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        for (name,) in self._database.execute(query).fetchall():
            first = f"SELECT 1 FROM {_quoted(name)} LIMIT 1"  # noqa: S608  -- a table that is there, quoted
            with suppress(sqlite3.Error):
                if self._database.execute(first).fetchone():
                    filled.add(name.lower())
        return filled

    def _authorize(self, action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action in _REFUSED or (action == sqlite3.SQLITE_PRAGMA and first not in _PRAGMAS):
            return sqlite3.SQLITE_DENY
        is_kept = action == sqlite3.SQLITE_CREATE_INDEX and (second or "").lower() in self._filled
        return sqlite3.SQLITE_DENY if is_kept else sqlite3.SQLITE_OK


@lru_cache(maxsize=4)
def _image(schema: tuple[str, ...]) -> bytes:
    """An empty database of that schema, kept because replaying 200 tables takes 50 ms and copying them 1 ms."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        for sql in schema:
            with suppress(sqlite3.Error):  # shadow tables of a virtual table made before, a module not loaded here
                database.execute(sql)
        return database.serialize()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _declared(kind: str) -> str:
    """The type CREATE TABLE ... AS gives a column of a query's."""
    return _DECLARED.get(affinity(kind), affinity(kind)) if kind else ""

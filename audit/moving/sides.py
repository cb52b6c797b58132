"""The two kinds of database as a move reads and writes them: rows as SQLite has them, which PostgreSQL's COPY takes.

SQLite keeps booleans as 0 and 1, times as text in UTC, UUIDs as 32 digits and JSON as text. COPY reads all of these as
they are; the other way, PostgreSQL writes them so itself. No row passes Django's converters, which would take most of
the time.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol
from urllib.parse import quote

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

BATCH = 500
"""Rows at once: an event may have a megabyte."""
Row = Sequence[Any]
_TIME = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') ||
    CASE WHEN date_trunc('second', {0}) = {0} THEN '' ELSE to_char({0} AT TIME ZONE 'UTC', '.US') END"""
_AS_IT_IS = (
    *("AutoField", "BigAutoField", "BigIntegerField", "BinaryField", "CharField", "FloatField", "IntegerField"),
    *("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SlugField", "SmallIntegerField"),
    "TextField",
)
AS_SQLITE_HAS_IT = {
    **dict.fromkeys(_AS_IT_IS, "{0}"),
    "BooleanField": "{0}::int",
    "DateTimeField": _TIME,
    "DecimalField": "{0}::text",
    "JSONField": "{0}::text",
    "UUIDField": "replace({0}::text, '-', '')",
}
"""How PostgreSQL writes a value of each kind of field that we have."""


def kind_of(field: models.Field) -> str:
    """The kind of a field; of a foreign key, that of what it points to."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return str(field.get_internal_type())


def columns_of(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.concrete_fields]


class Side(Protocol):
    """An open database, in one transaction."""

    def query(self, sql: str) -> Iterator[Any]:
        """The rows of a statement, a few at a time."""

    def rows(self, model: type[models.Model]) -> Iterator[Row]:
        """Every row of a table as SQLite has it."""

    def empty(self, model: type[models.Model]) -> None:
        """Delete every row of a table."""

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add rows, given as SQLite has them."""

    def last_number(self, model: type[models.Model]) -> int:
        """The last number given out to a row, which may be gone by now."""

    def go_on_behind(self, model: type[models.Model], number: int) -> None:
        """Never give out that number again, nor one before it."""


@contextmanager
def reading(connection: BaseDatabaseWrapper) -> Iterator[Side]:
    """The database as it is at one moment."""
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        with connection.connection.transaction():
            connection.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield PostgreSQL(connection.connection)
        return
    # A connection of its own: Django's converts every time and boolean.
    address = f"file:{quote(str(connection.settings_dict['NAME']))}?mode=ro"
    lite = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        lite.execute("BEGIN")
        yield SQLite(lite)
    finally:
        lite.close()


def writing(connection: BaseDatabaseWrapper) -> Side:
    """The database to write to, which is in a transaction of the caller's."""
    return PostgreSQL(connection.connection) if connection.vendor == "postgresql" else SQLite(connection.connection)


class SQLite:
    def __init__(self, lite: sqlite3.Connection) -> None:
        self._lite = lite

    def query(self, sql: str) -> Iterator[Any]:
        yield from self._lite.cursor().execute(sql)

    def rows(self, model: type[models.Model]) -> Iterator[Row]:
        return self.query(f"SELECT {_names(columns_of(model))} FROM {_quoted(model._meta.db_table)}")  # noqa: S608

    def empty(self, model: type[models.Model]) -> None:
        self._lite.execute(f"DELETE FROM {_quoted(model._meta.db_table)}")  # noqa: S608

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {_quoted(table)} ({_names(columns)}) VALUES ({marks})"  # noqa: S608  -- our own names
        cursor, left = self._lite.cursor(), iter(rows)
        while batch := list(islice(left, BATCH)):
            cursor.executemany(sql, batch)

    def last_number(self, model: type[models.Model]) -> int:
        given_out = f"SELECT seq FROM sqlite_sequence WHERE name = '{model._meta.db_table}'"  # noqa: S608
        return _largest(self, given_out, model)

    def go_on_behind(self, model: type[models.Model], number: int) -> None:
        self._lite.execute("DELETE FROM sqlite_sequence WHERE name = ?", [model._meta.db_table])
        self._lite.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [model._meta.db_table, number])


class PostgreSQL:
    def __init__(self, raw: Any) -> None:
        self._raw = raw
        raw.execute("SET LOCAL TIME ZONE 'UTC'")

    def query(self, sql: str) -> Iterator[Any]:
        with self._raw.cursor(name="moving") as cursor:
            cursor.itersize = BATCH
            yield from cursor.execute(sql)

    def rows(self, model: type[models.Model]) -> Iterator[Row]:
        written = [AS_SQLITE_HAS_IT[kind_of(field)] for field in model._meta.concrete_fields]
        columns = [form.format(_quoted(column)) for form, column in zip(written, columns_of(model), strict=True)]
        return self.query(f"SELECT {', '.join(columns)} FROM {_quoted(model._meta.db_table)}")  # noqa: S608

    def empty(self, model: type[models.Model]) -> None:
        self._raw.execute(f"DELETE FROM {_quoted(model._meta.db_table)}")  # noqa: S608

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        with self._raw.cursor() as cursor, cursor.copy(f"COPY {_quoted(table)} ({_names(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def last_number(self, model: type[models.Model]) -> int:
        [(sequence,)] = self._raw.execute(f"SELECT {_SEQUENCE}", _numbered(model)).fetchall()
        given_out = f"SELECT CASE WHEN is_called THEN last_value END FROM {sequence}"  # noqa: S608
        return _largest(self, given_out, model)

    def go_on_behind(self, model: type[models.Model], number: int) -> None:
        self._raw.execute(f"SELECT setval({_SEQUENCE}::regclass, %s)", [*_numbered(model), number])


_SEQUENCE = "pg_get_serial_sequence(%s, %s)"


def _numbered(model: type[models.Model]) -> list[str]:
    return [_quoted(model._meta.db_table), _key(model)]


def _largest(side: Side, given_out: str, model: type[models.Model]) -> int:
    """A row may have a larger number than was given out: one that was written with it."""
    there = f"SELECT max({_quoted(_key(model))}) FROM {_quoted(model._meta.db_table)}"  # noqa: S608
    return max((row[0] or 0 for sql in (given_out, there) for row in side.query(sql)), default=0)


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _names(columns: Sequence[str]) -> str:
    return ", ".join(map(_quoted, columns))

"""The one read of a look-up. Nothing is kept but its statement: each look-up reads the row that is there now.

The statement is the ORM's, composed once, and goes to the driver itself: composing it each time takes some 250 us of
CPU, and Django's cursor, which puts the values into its text, 25 on SQLite and 50 on PostgreSQL.
"""

from datetime import datetime
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from visioncache.identity import Identity
from visioncache.models import Entry, EntryStat

_COLUMNS = len(Entry._meta.concrete_fields)
_STAT: Any = Entry._meta.get_field("stat")


def find_answer(identity: Identity, at: datetime) -> Entry | None:
    """The live entry of a request; of any model, the newest, if the request names none."""
    column, value = ("key", identity.key) if identity.model_version else ("question_key", identity.question_key)
    database = connections[DEFAULT_DB_ALIAS]  # asked for once: `connection` looks it up at each use, 1 us each
    statement = _statement(database.vendor, column)
    row = _fetch(database, statement.sql, (value, database.ops.adapt_datetimefield_value(at)))
    return None if row is None else statement.entry(database, list(row))


class _Statement:
    """What the ORM asks for the live entries of a key, and how it makes a model of a row."""

    def __init__(self, column: str) -> None:
        value, at = "", timezone.now()
        compiler = _live(column, value, at).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        assert parameters == (value, connection.ops.adapt_datetimefield_value(at)), parameters
        self.sql = sql if connection.vendor == "postgresql" else sql.replace("%s", "?")
        self._names = [selected.target.attname for selected, _, _ in compiler.select]
        found = compiler.get_converters([selected for selected, _, _ in compiler.select])
        self._converters = [(position, convert, selected) for position, (convert, selected) in found.items()]

    def entry(self, database: BaseDatabaseWrapper, row: list[Any]) -> Entry:
        for position, functions, selected in self._converters:
            for convert in functions:
                row[position] = convert(row[position], selected, database)
        entry = Entry.from_db(database.alias, self._names[:_COLUMNS], row[:_COLUMNS])
        stat = row[_COLUMNS:]
        # One way only, unlike select_related's: two rows that name each other wait for the garbage collector (30 us).
        known = None if stat[0] is None else EntryStat.from_db(database.alias, self._names[_COLUMNS:], stat)
        _STAT.set_cached_value(entry, known)
        return entry


_statement = cache(lambda vendor, column: _Statement(column))


def _live(column: str, value: str, at: datetime) -> Any:
    entries = Entry.objects.select_related("stat").filter(**{column: value}).live(at)
    return entries.order_by() if column == "key" else entries.order_by("-stored_at", "-pk")[:1]  # a key is one entry's


def _fetch(database: BaseDatabaseWrapper, sql: str, parameters: tuple[Any, ...]) -> Any:
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database.wrap_database_errors:
        if database.vendor == "postgresql":
            from psycopg import Cursor  # not Django's, which binds in the client

            return Cursor(database.connection).execute(sql, parameters).fetchone()
        return database.connection.execute(sql, parameters).fetchone()

"""A PostgreSQL schema editor that needs no PostgreSQL: it writes SQL down and opens no connection.

It is made of the project's own backend where that is PostgreSQL's (PostGIS and others keep their types), else of
Django's. Where a live connection is given it is asked, read only, for names of constraints and the server's version;
without it names are those Django and PostgreSQL give by default.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

from django.db import connections, transaction
from django.db.models import Index

from .literals import literal

_ASSUMED_VERSION = 150000
_GUARD = "SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = 5000; SET LOCAL lock_timeout = 100"


_ADDED = re.compile(
    r'ALTER TABLE "(?P<table>[^"]+)" ADD CONSTRAINT "(?P<name>[^"]+)" (?P<kind>UNIQUE|FOREIGN KEY) '
    r"\((?P<columns>[^()]+)\)"
)


class NeedsDatabase(Exception):
    """An operation asked the database something, and there is none."""


class _Composing:
    """In front of the operations of a PostgreSQL backend."""

    def compose_sql(self, sql: str, params: Any) -> str:
        if not params:
            return sql
        if isinstance(params, dict):
            return sql % {name: literal(value) for name, value in params.items()}
        return sql % tuple(literal(value) for value in params)


class _Naming:
    """In front of the schema editor of a PostgreSQL backend."""

    connection: Any
    tables_before: dict[str, str]  # table -> its name before the migration
    columns_before: dict[tuple[str, str], str]  # table, column -> the column's name before the migration
    made: list[tuple[str, list[str], str, str]]  # table, columns, kind and name of constraints of this migration
    handed_out: set[str]  # names of constraints given so far: a second look finds what was made since

    def quote_value(self, value: Any) -> str:
        return literal(value)

    def prepare_default(self, value: Any) -> str:
        return literal(value)

    def alter_db_table(self, model: Any, old_db_table: str, new_db_table: str) -> None:
        editor: Any = super()
        editor.alter_db_table(model, old_db_table, new_db_table)
        self.tables_before[new_db_table] = self.tables_before.pop(old_db_table, old_db_table)
        for table, column in list(self.columns_before):
            if table == old_db_table:
                self.columns_before[new_db_table, column] = self.columns_before.pop((table, column))
        self.made = [(new_db_table if made[0] == old_db_table else made[0], *made[1:]) for made in self.made]

    def alter_field(self, model: Any, old_field: Any, new_field: Any, *given: Any, **named: Any) -> None:
        editor: Any = super()
        editor.alter_field(model, old_field, new_field, *given, **named)
        table, old, new = model._meta.db_table, old_field.column, new_field.column
        if old and new and old != new:
            self.columns_before[table, new] = self.columns_before.pop((table, old), old)
            for of, columns, _, _ in self.made:
                if of == table:
                    columns[:] = [new if column == old else column for column in columns]

    def execute(self, sql: Any, params: Any = ()) -> None:
        editor: Any = super()
        editor.execute(sql, params)
        for made in _ADDED.finditer(str(sql)):
            columns = [column.strip(' "') for column in made["columns"].split(",")]
            self.made.append((made["table"], columns, made["kind"].replace(" ", "_").lower(), made["name"]))

    def table_before(self, table: str) -> str:
        """The name a table had before the migration: its constraints are still called after that."""
        return self.tables_before.get(table, table)

    def _constraint_names(self, model: Any, column_names: Sequence[str] | None = None, **wanted: Any) -> list[str]:
        """Names of a table's constraints, by the names it and its columns had before the migration; else by its own."""
        table = model._meta.db_table
        for made in reversed(self.made):
            if made[0] == table and made[1] == column_names and wanted.get(made[2]):
                self.made.remove(made)
                return [made[3]]
        renamed = {column: before for (of, column), before in self.columns_before.items() if of == table}
        if self.table_before(table) != table or renamed:
            columns = column_names and [renamed.get(column, column) for column in column_names]
            earlier = self._names(_Before(model, self.table_before(table)), columns, renamed, **wanted)
            if fresh := [name for name in earlier if name not in self.handed_out]:
                self.handed_out.update(fresh)
                return fresh
        found = self._names(model, column_names, {}, **wanted)
        self.handed_out.update(found)
        return found

    def _names(
        self, model: Any, column_names: Sequence[str] | None, renamed: dict[str, str], **wanted: Any
    ) -> list[str]:
        """Names of the live table's constraints; those Django would have given where the table is not there yet."""
        editor: Any = super()
        if self.connection.live is not None:
            found: list[str] = editor._constraint_names(model, column_names, **wanted)
            if found:
                return found
        exclude = set(wanted.pop("exclude", None) or ())
        asked = {name.rstrip("_"): value for name, value in wanted.items() if value is not None}
        columns = list(column_names) if column_names is not None else None
        usual = [
            name
            for name, known in _usual_names(self, model, renamed)
            if (columns is None or known["columns"] == columns)
            and all(known.get(kind) == value for kind, value in asked.items())
            and name not in exclude
        ]
        if not usual and asked.get("unique") and columns and len(columns) > 1:  # it is in the other state
            usual = [editor._create_index_name(model._meta.db_table, columns, suffix="_uniq")]
        return usual

    def _get_sequence_name(self, table: str, column: str) -> str:
        editor: Any = super()
        table = self.table_before(table)
        live = editor._get_sequence_name(table, column) if self.connection.live is not None else None
        return live or f"{table}_{column}_seq"

    def _is_collation_deterministic(self, collation_name: str) -> bool:
        editor: Any = super()
        return bool(editor._is_collation_deterministic(collation_name)) if self.connection.live is not None else True


class _Before:
    """A model as it was called before the migration."""

    def __init__(self, model: Any, table: str) -> None:
        self._meta = _Options(model._meta, table)


class _Options:
    def __init__(self, options: Any, table: str) -> None:
        self._options, self.db_table = options, table

    def __getattr__(self, name: str) -> Any:
        return getattr(self._options, name)


class _Writing:
    """In front of a PostgreSQL backend's connection."""

    live: Any = None

    @property
    def pg_version(self) -> int:
        return int(self.live.pg_version) if self.live is not None else _ASSUMED_VERSION

    def get_database_version(self) -> tuple[int, ...]:
        return divmod(self.pg_version, 10_000)

    def cursor(self, *given: Any, **named: Any) -> Any:
        if self.live is None:
            raise NeedsDatabase
        return self.live.cursor()

    def ensure_connection(self) -> None:
        raise NeedsDatabase

    def prepare_database(self) -> None:
        """Without looking for extensions, as PostGIS does."""

    def editor(self) -> Any:
        """An editor that collects; it is used without `with`, which would open a transaction."""
        writing: Any = self
        editor = writing.SchemaEditorClass(self, collect_sql=True, atomic=False)
        editor.deferred_sql = []
        editor.tables_before, editor.columns_before, editor.made, editor.handed_out = {}, {}, [], set()
        return editor


def _usual_names(editor: Any, model: Any, renamed: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What Django calls the constraints of a model whose columns were called otherwise."""
    meta = model._meta
    table = meta.db_table.replace('"', "")
    for field in meta.local_fields:
        column = renamed.get(field.column, field.column)
        if field.primary_key:
            yield table + "_pkey", _known([column], "primary_key")
        elif field.unique:
            yield f"{table}_{column}_key", _known([column], "unique")
        if field.remote_field and field.db_constraint:
            other = field.remote_field.model._meta
            suffix = f"_fk_{editor.table_before(other.db_table)}_{field.target_field.column}".replace('"', "")
            yield editor._create_index_name(table, [column], suffix=suffix), _known([column], "foreign_key")
        if field.db_index and not field.unique:
            yield editor._create_index_name(table, [column], suffix=""), _known([column], "index")
        if field.db_parameters(connection=editor.connection).get("check"):
            yield f"{table}_{column}_check", _known([column], "check")
    for together in meta.unique_together:
        columns = [renamed.get(column, column) for column in (meta.get_field(name).column for name in together)]
        yield editor._create_index_name(table, columns, suffix="_uniq"), _known(columns, "unique")


def _known(columns: list[str], kind: str) -> dict[str, Any]:
    kinds = ("primary_key", "unique", "check", "foreign_key", "index")
    described: dict[str, Any] = {name: name == kind for name in kinds}
    described.update(columns=columns, unique=kind in ("unique", "primary_key"), type=Index.suffix)
    return described


def _made_of(backend: Any) -> Any:
    operations = type("Operations", (_Composing, backend.ops_class), {})
    editor = type("Editor", (_Naming, backend.SchemaEditorClass), {})
    return type("Offline", (_Writing, backend), {"ops_class": operations, "SchemaEditorClass": editor})


@contextmanager
def offline_connection(alias: str, live: Any = None) -> Iterator[Any]:
    """An offline connection; what it asks of `live` is read only and rolled back."""
    given = connections[alias]
    backend: Any = type(given)
    if given.vendor != "postgresql":
        from django.db.backends.postgresql.base import DatabaseWrapper as backend  # noqa: N813
    settings = dict(given.settings_dict, OPTIONS={}, ENGINE=backend.__module__.rpartition(".")[0])
    offline = _made_of(backend)(settings, alias)
    if live is None:
        yield offline
        return
    offline.live = live
    with transaction.atomic(using=live.alias):
        with live.cursor() as cursor:
            cursor.execute(_GUARD)
        yield offline
        transaction.set_rollback(True, using=live.alias)

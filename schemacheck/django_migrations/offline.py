"""A PostgreSQL schema editor that needs no PostgreSQL: it writes SQL down and opens no connection.

Where a live one is given it is asked, read only, for the names of constraints and the server's version; without it
names are those Django and PostgreSQL give by default.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from psycopg import sql as psycopg_sql
from psycopg.types.json import Jsonb

_ASSUMED_VERSION = 150000
_GUARD = "SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = 5000; SET LOCAL lock_timeout = 100"


class NeedsDatabase(Exception):
    """An operation asked the database something, and there is none."""


class _Operations(DatabaseOperations):
    def compose_sql(self, sql: str, params: Any) -> str:
        if not params:
            return sql
        if isinstance(params, dict):
            return sql % {name: literal(value) for name, value in params.items()}
        return sql % tuple(literal(value) for value in params)


_PostgresEditor: Any = DatabaseSchemaEditor  # its stubs leave out what is private


class _Editor(_PostgresEditor):
    connection: "OfflineConnection"

    def quote_value(self, value: Any) -> str:
        return literal(value)

    def _constraint_names(self, model: Any, column_names: Sequence[str] | None = None, **wanted: Any) -> list[str]:
        """Names of the live table's constraints; those Django would have given where the table is not there yet."""
        if self.connection.live is not None:
            found: list[str] = super()._constraint_names(model, column_names, **wanted)
            if found:
                return found
        exclude = set(wanted.pop("exclude", None) or ())
        asked = {name.rstrip("_"): value for name, value in wanted.items() if value is not None}
        columns = list(column_names) if column_names is not None else None
        usual = [
            name
            for name, known in self._usual_names(model)
            if (columns is None or known["columns"] == columns)
            and all(known.get(kind) == value for kind, value in asked.items())
            and name not in exclude
        ]
        if not usual and asked.get("unique") and columns and len(columns) > 1:
            usual = [self._create_index_name(model._meta.db_table, columns, suffix="_uniq")]  # it is in the other state
        return usual

    def _usual_names(self, model: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        meta = model._meta
        table = meta.db_table.replace('"', "")

        def known(columns: list[str], kind: str) -> dict[str, Any]:
            kinds = ("primary_key", "unique", "check", "foreign_key", "index")
            described: dict[str, Any] = {"columns": columns, **{name: name == kind for name in kinds}}
            return described | {"unique": kind in ("unique", "primary_key"), "type": "btree"}

        for field in meta.local_fields:
            column = field.column
            if field.primary_key:
                yield f"{table}_pkey", known([column], "primary_key")
            elif field.unique:
                yield f"{table}_{column}_key", known([column], "unique")
            if field.remote_field and field.db_constraint:
                other = field.remote_field.model._meta
                suffix = f"_fk_{other.db_table}_{field.target_field.column}".replace('"', "")
                yield self._create_index_name(table, [column], suffix=suffix), known([column], "foreign_key")
            if field.db_index and not field.unique:
                yield self._create_index_name(table, [column], suffix=""), known([column], "index")
            if field.db_parameters(connection=self.connection).get("check"):
                yield f"{table}_{column}_check", known([column], "check")
        for together in meta.unique_together:
            columns = [meta.get_field(name).column for name in together]
            yield self._create_index_name(table, columns, suffix="_uniq"), known(columns, "unique")

    def _get_sequence_name(self, table: str, column: str) -> str | None:
        if self.connection.live is not None:
            found: str | None = super()._get_sequence_name(table, column)
            return found
        return None

    def _is_collation_deterministic(self, collation_name: str) -> bool:
        if self.connection.live is not None:
            return bool(super()._is_collation_deterministic(collation_name))
        return True


class OfflineConnection(DatabaseWrapper):
    """Stands in for a PostgreSQL connection wherever SQL is only written down."""

    ops_class = _Operations
    SchemaEditorClass = _Editor

    def __init__(self, alias: str, live: Any = None) -> None:
        super().__init__({**connections[alias].settings_dict, "OPTIONS": {}}, alias)
        self.live = live

    @property
    def pg_version(self) -> int:
        return int(self.live.pg_version) if self.live is not None else _ASSUMED_VERSION

    def cursor(self) -> Any:
        if self.live is None:
            raise NeedsDatabase
        return self.live.cursor()

    def ensure_connection(self) -> None:
        raise NeedsDatabase

    def editor(self) -> BaseDatabaseSchemaEditor:
        """An editor that collects; it is used without `with`, which would open a transaction."""
        editor = self.SchemaEditorClass(self, collect_sql=True, atomic=False)
        editor.deferred_sql = []
        return editor


@contextmanager
def offline_connection(alias: str, live: Any = None) -> Iterator[OfflineConnection]:
    """An offline connection; what it asks of `live` is read only and rolled back."""
    offline = OfflineConnection(alias, live)
    if live is None:
        yield offline
        return
    with transaction.atomic(using=live.alias):
        with live.cursor() as cursor:
            cursor.execute(_GUARD)
        yield offline
        transaction.set_rollback(True, using=live.alias)


def literal(value: Any) -> str:
    """A value as PostgreSQL reads it."""
    if isinstance(value, (dict, list)) and not _is_array(value):
        value = Jsonb(value)
    try:
        return str(psycopg_sql.quote(value))
    except Exception:  # noqa: BLE001  -- a type of the project's own that only its connection can adapt
        return str(psycopg_sql.quote(str(value)))


def _is_array(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value)

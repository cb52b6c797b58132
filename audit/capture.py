"""Events of models whose changes must be seen whatever wrote them: `update()`, `bulk_create`, raw SQL, another program.

Triggers stage each changed row in the transaction of the change; `collect` turns what is staged into events. A write
through Django names its caller; of any other the trail says which database user it was.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.fields.json import JSONField

from audit.models import StagedChange
from audit.trail import record
from config.context import acting_as, caller

BATCH = 500
_VERBS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A model that asks for capture."""

    model: type[models.Model]
    fields: tuple[models.Field, ...]

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        return str(self.model._meta.pk.column)


_captured: dict[str, Captured] = {}


def register(model: type[models.Model] | str, *, exclude: Sequence[str] = ()) -> None:
    """Capture a model's changes from the next `migrate` on. Leave out secrets and what changes all the time."""
    found = apps.get_model(model) if isinstance(model, str) else model
    kept = [field for field in found._meta.concrete_fields if field.name not in exclude]
    fields = tuple(field for field in kept if not isinstance(field, models.BinaryField))
    _captured[found._meta.db_table] = Captured(model=found, fields=fields)


def install(using: str) -> None:
    """Put the triggers on every captured table that exists; run after each migration."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if StagedChange._meta.db_table not in tables:
        return
    with connection.cursor() as cursor:
        for captured in _captured.values():
            if captured.table in tables:
                for statement in _triggers(captured, connection):
                    cursor.execute(statement)


def collect() -> int:
    """Turn staged changes into events, in the order they were made; returns how many."""
    collected = 0
    while count := _collect_batch():
        collected += count
    return collected


@transaction.atomic
def _collect_batch() -> int:
    staged = list(StagedChange.objects.select_for_update(skip_locked=_can_skip_locked()).order_by("id")[:BATCH])
    for change in staged:
        _record(change)
    StagedChange.objects.filter(pk__in=[change.pk for change in staged]).delete()
    return len(staged)


def _can_skip_locked() -> bool:
    return connections["default"].features.has_select_for_update_skip_locked


def _record(change: StagedChange) -> None:
    captured = _captured.get(change.table)
    name = captured.model._meta.label_lower if captured else change.table
    old, new = (_readable(value, captured) for value in (change.old_value, change.new_value))
    with acting_as(actor=change.actor or f"database:{change.database_user}", correlation_id=change.correlation_id):
        record(
            event_type=f"{name.rpartition('.')[2][:38]}.{_VERBS[change.operation]}",
            entity_type=name[:50],
            entity_id=change.entity_id[:255],
            old_value=old,
            new_value=new,
            timestamp=change.at,
            context={"captured": True},
        )


def _readable(value: Any, captured: Captured | None) -> Any:
    """Column values as JSON has them on either database: times in ISO 8601, booleans as booleans."""
    if value is None or captured is None:
        return value
    columns = {field.column: field for field in captured.fields}
    return {name: _cell(columns[name], cell) if name in columns else cell for name, cell in value.items()}


def _cell(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(field, JSONField | models.ForeignKey):
        return value
    found = field.to_python(value)
    plain = isinstance(found, str | int | float | bool | list | dict)
    return found if plain else field.value_to_string(_Row(field, found))  # type: ignore[arg-type]


class _Row:
    """What `value_to_string` reads a field's value from."""

    def __init__(self, field: models.Field, value: Any) -> None:
        setattr(self, field.attname, value)


# Who is writing: set around each statement that writes to a captured table, seen by its triggers only.


def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of connection_created: name the caller of captured writes on this connection."""
    if _name_caller not in connection.execute_wrappers:
        connection.execute_wrappers.append(_name_caller)


def _name_caller(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    text = sql if isinstance(sql, str) else sql.as_string(None)  # psycopg composes statements of its own
    if text[:6].upper() not in _VERBS or not any(f'"{table}"' in text or f" {table} " in text for table in _captured):
        return execute(sql, params, many, context)
    with _named(context["connection"]):
        return execute(sql, params, many, context)


@contextmanager
def _named(connection: BaseDatabaseWrapper) -> Iterator[None]:
    by = caller()
    if connection.vendor == "postgresql":
        local = str(connection.in_atomic_block)
        _run(connection, _SET, [by.actor, local, by.correlation_id, local])
        yield
        if not connection.in_atomic_block:
            _run(connection, _SET, ["", "false", "", "false"])
    elif connection.in_atomic_block:
        # The transaction holds the write lock, so nobody else sees the row before it is gone again.
        _run(connection, _INSERT, [by.actor, by.correlation_id])
        yield
        _run(connection, "DELETE FROM audit_captureby", [])
    else:
        yield  # a transaction of ours could not end here: a RETURNING statement is still being read


_INSERT = "INSERT OR REPLACE INTO audit_captureby (id, actor, correlation_id) VALUES (1, %s, %s)"
_SET = "SELECT set_config('handrail.actor', %s, %s::boolean), set_config('handrail.correlation_id', %s, %s::boolean)"


def _run(connection: BaseDatabaseWrapper, sql: str, params: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


# The triggers. Names are our models' own; nothing a caller sends reaches them.


def _triggers(captured: Captured, connection: BaseDatabaseWrapper) -> list[str]:
    return (_postgresql if connection.vendor == "postgresql" else _sqlite)(captured)


def _sqlite(captured: Captured) -> list[str]:
    statements = []
    for operation in _VERBS:
        name = f"capture_{captured.table}_{operation.lower()}"
        old = _sqlite_row(captured, "OLD") if operation != "INSERT" else "NULL"
        new = _sqlite_row(captured, "NEW") if operation != "DELETE" else "NULL"
        row = "OLD" if operation == "DELETE" else "NEW"
        differs = " OR ".join(f'OLD."{field.column}" IS NOT NEW."{field.column}"' for field in captured.fields)
        when = f"WHEN {differs}" if operation == "UPDATE" else ""
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"""CREATE TRIGGER {name} AFTER {operation} ON "{captured.table}" {when} BEGIN
                INSERT INTO audit_stagedchange
                    ("table", operation, entity_id, old_value, new_value, at, actor, correlation_id, database_user)
                VALUES ('{captured.table}', '{operation}', CAST({row}."{captured.key}" AS TEXT), {old}, {new},
                    strftime('%Y-%m-%d %H:%M:%f', 'now'),
                    coalesce((SELECT actor FROM audit_captureby), ''),
                    coalesce((SELECT correlation_id FROM audit_captureby), ''), 'sqlite');
                END""",
        ]
    return statements


def _sqlite_row(captured: Captured, row: str) -> str:
    pairs = []
    for field in captured.fields:
        value = f'{row}."{field.column}"'
        if isinstance(field, models.BooleanField):
            value = f"CASE {value} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
        elif isinstance(field, JSONField):
            value = f"json({value})"
        pairs.append(f"'{field.column}', {value}")
    return f"json_object({', '.join(pairs)})"


def _postgresql(captured: Captured) -> list[str]:
    name = f"capture_{captured.table}"
    columns = ", ".join(f"'{field.column}', $row.\"{field.column}\"" for field in captured.fields)
    old, new = (f"jsonb_build_object({columns.replace('$row', row)})" for row in ("OLD", "NEW"))
    differs = " OR ".join(f'OLD."{field.column}" IS DISTINCT FROM NEW."{field.column}"' for field in captured.fields)
    return [
        f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $capture$
            DECLARE before jsonb; after jsonb; key text;
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    IF NOT ({differs}) THEN RETURN NULL; END IF;
                END IF;
                IF TG_OP <> 'INSERT' THEN before := {old}; key := OLD."{captured.key}"::text; END IF;
                IF TG_OP <> 'DELETE' THEN after := {new}; key := NEW."{captured.key}"::text; END IF;
                INSERT INTO audit_stagedchange
                    ("table", operation, entity_id, old_value, new_value, at, actor, correlation_id, database_user)
                VALUES (TG_TABLE_NAME, TG_OP, key, before, after, clock_timestamp(),
                    coalesce(current_setting('handrail.actor', true), ''),
                    coalesce(current_setting('handrail.correlation_id', true), ''), session_user);
                RETURN NULL;
            END $capture$""",
        f"""CREATE OR REPLACE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON "{captured.table}"
            FOR EACH ROW EXECUTE FUNCTION {name}()""",
    ]

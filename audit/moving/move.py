"""`move`: every row of a stopped installation to the other kind of database, compared before it counts."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from audit import capture
from audit.backups.engines.terms import Progress, survey
from audit.backups.making import quiet
from audit.backups.manifest import Facts
from audit.ledger import sealing
from audit.models import StagedChange, TransactionBase
from audit.moving import sides
from audit.moving.order import ById, Row
from audit.trail import record
from config.database import addresses, ownership
from config.errors import Conflict, DomainError, Unavailable
from config.home import PROGRAM
from config.jobs.heartbeat import require_stopped
from config.models import Heartbeat

ALIAS = "moving"
_MADE_BY_MIGRATIONS = {
    *("django_content_type", "auth_permission"),
    *("audit_rulesversion", "audit_permissionposture", "audit_modelprice", "escalation_project", "escalation_alert"),
}
_LEFT_BEHIND = (Heartbeat, StagedChange, TransactionBase)
"""What is of this database and not of the installation: processes that are gone, what triggers made of the copying, and
the base of another server's transaction ids."""


class NotEmpty(Conflict):
    """There is something in the target."""

    code = "target-not-empty"
    remedy = "name a new database"


class SameKind(DomainError):
    """The target is of the kind that the installation has."""

    code = "same-kind-of-database"
    remedy = "move between SQLite and PostgreSQL; within one kind, make a backup and restore it"


class MoveFailed(Unavailable):
    """The target has nothing of it: all was taken back."""

    code = "move-failed"
    remedy = "`detail` says at which row or figure; mend it and start again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was copied, and what both sides agree on."""

    vendor: str
    tables: int
    rows: int
    ledger_size: int
    ledger_root: str


def move(*, to: str, progress: Progress = quiet) -> Moved:
    """Copy the installation to an empty database of the other kind; this one stays as it is, but for a sealed trail.

    All is one transaction there, so a move that was ended is started again from the beginning. Raises ServiceRuns,
    SameKind, NotEmpty, ForeignDatabase, MoveFailed; ImproperlyConfigured for an address of no known form.
    """
    require_stopped("move it")
    _require_migrated()
    with addresses.opened(to, alias=ALIAS, named="--to") as target:
        if target.vendor == connection.vendor:
            raise SameKind(f"The installation is on {connection.display_name} already. `backup create` copies it.")
        _require_reachable(target)
        ownership.require_ours(target)
        _require_empty(target)
        call_command("migrate", database=ALIAS, verbosity=0, interactive=False, skip_checks=True)
        _seal(target.vendor)
        moved = _copy(target, progress)
        with target.cursor() as cursor:
            cursor.execute("ANALYZE")
        return moved


def _require_migrated() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Conflict(f"The installation lacks migrations of this version. Run `{PROGRAM} migrate` first.")


def _require_reachable(target: BaseDatabaseWrapper) -> None:
    try:
        target.ensure_connection()
    except DatabaseError as error:
        raise MoveFailed(f"The database after --to cannot be opened: {_place(error)}.") from error


def _require_empty(target: BaseDatabaseWrapper) -> None:
    """Before anything is made there: it may be an installation of another version."""
    with target.cursor() as cursor:
        there = _tables() & set(target.introspection.table_names(cursor))
        for table in sorted(there - _MADE_BY_MIGRATIONS):
            cursor.execute(f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT 1) AS one')  # noqa: S608
            if cursor.fetchone()[0]:
                raise NotEmpty(
                    f"There are rows in {table} of the target already, so nothing was copied. Name an empty database."
                )


def _seal(vendor: str) -> None:
    """Leave no event outside the tree: their order could not be told afterwards."""
    capture.collect()
    with transaction.atomic():
        record(
            event_type="database.moving",
            entity_type="database",
            entity_id=connection.vendor,
            new_value={"from": connection.vendor, "to": vendor},
        )
    sealing.seal()
    if left := sealing.unsealed().count():
        raise MoveFailed(
            f"{left} events cannot be sealed yet: a transaction is open somewhere. End it and start again."
        )


def _copy(target: BaseDatabaseWrapper, progress: Progress) -> Moved:
    import psycopg  # one of both sides is PostgreSQL

    try:
        with sides.reading(connection) as source, transaction.atomic(using=ALIAS):
            there = sides.writing(target)
            told = _facts(source)
            _write(source, there, told, progress)
            found = _facts(there)
            if wrong := told.differences(found):
                raise MoveFailed(f"The copy is not the same, so it was taken back: {' '.join(wrong[:3])}")
    except (DatabaseError, sqlite3.Error, psycopg.Error) as error:
        raise MoveFailed(f"The copy failed and was taken back: {_place(error)}.") from error
    return Moved(
        vendor=target.vendor,
        tables=len(told.counts),
        rows=sum(told.counts.values()),
        ledger_size=told.ledger_size,
        ledger_root=told.ledger_root,
    )


def _write(source: sides.Side, target: sides.Side, told: Facts, progress: Progress) -> None:
    for model in tables_to_move():
        target.empty(model)
    by_id = None
    if isinstance(target, sides.SQLite):
        by_id = ById(row[0] for row in source.query("SELECT ids FROM audit_tile ORDER BY number"))
    step = _counter(sum(told.counts.values()), progress)
    for model in tables_to_move():
        table, columns = model._meta.db_table, sides.columns_of(model)
        rows: Iterator[Row] = step(source.rows(model))
        target.write(table, columns, by_id.all_changed(table, columns, rows) if by_id else rows)
        if isinstance(model._meta.pk, models.AutoField) and (number := source.last_number(model)):
            target.go_on_behind(model, number)
    target.empty(StagedChange)


def tables_to_move() -> list[type[models.Model]]:
    """Every table's model, once: a proxy is another view of a table."""
    known = apps.get_models(include_auto_created=True)
    return [model for model in known if model._meta.managed and not model._meta.proxy and model not in _LEFT_BEHIND]


def _tables() -> set[str]:
    return {model._meta.db_table for model in tables_to_move()}


def _facts(side: sides.Side) -> Facts:
    return survey(side.query, sorted(_tables() | {"django_migrations"}), "")


def _counter(total: int, progress: Progress) -> Callable[[Iterator[Row]], Iterator[Row]]:
    done = 0

    def count(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal done
        for row in rows:
            yield row
            done += 1
            if done % sides.BATCH == 0 or done == total:
                progress(done, total)

    return count


_OF_COPY = re.compile(r"COPY (\w+), line (\d+)(?:, column (\w+))?")


def _place(error: Exception) -> str:
    """What went wrong and where, without the value, which could be a secret."""
    cause: Any = error.__cause__ or error
    diagnosis = getattr(cause, "diag", None)
    if diagnosis is None or not diagnosis.message_primary:
        return type(cause).__name__ if isinstance(cause, UnicodeError) else str(cause).partition("\n")[0].rstrip(".")
    found = _OF_COPY.search(diagnosis.context or "")
    where = f" in row {found[2]} of {found[1]}" + (f", column {found[3]}" if found[3] else "") if found else ""
    return f"{diagnosis.message_primary}{where}"

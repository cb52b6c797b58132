"""Database triggers that keep events as they were written, whoever holds the connection.

They are guard rails, not evidence: an owner of the database can drop them, and the ledger's checkpoints then show it.
Installed after every migration, since SQLite loses a table's triggers when a migration rebuilds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections, transaction

from audit.models import Event, RemovalPermit


def _erases(same: str) -> str:
    """Erasure blanks the payload and touches nothing that is proven; retention deletes rows. Both hold a permit."""
    kept = " AND ".join(f'NEW."{name}" {same} OLD."{name}"' for name in ("id", "leaf_hash", *Event.PROVEN))
    return f"EXISTS (SELECT 1 FROM audit_removalpermit) AND {kept}"


_REFUSAL = "audit events are append-only: record another event instead"

_SQLITE = [
    "DROP TRIGGER IF EXISTS audit_event_no_update",
    f"""CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
        WHEN NOT ({_erases("IS")}) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
    f"""CREATE TRIGGER IF NOT EXISTS audit_event_no_delete BEFORE DELETE ON audit_event
        WHEN NOT EXISTS (SELECT 1 FROM audit_removalpermit) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
]
_POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN
            IF TG_OP = 'UPDATE' AND {_erases("IS NOT DISTINCT FROM")} THEN RETURN NEW; END IF;
            IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit_removalpermit) THEN RETURN OLD; END IF;
            IF TG_OP = 'TRUNCATE' AND EXISTS (SELECT 1 FROM audit_removalpermit) THEN RETURN NULL; END IF;
            RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation';
        END $guard$""",
    """CREATE OR REPLACE TRIGGER audit_event_guard BEFORE UPDATE OR DELETE ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_guard()""",
    """CREATE OR REPLACE TRIGGER audit_event_guard_truncate BEFORE TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()""",
]

_COUNT_SQLITE = """SELECT count(*) FROM sqlite_master
    WHERE type = 'trigger' AND name IN ('audit_event_no_update', 'audit_event_no_delete')"""
_COUNT_POSTGRESQL = """SELECT count(*) FROM pg_trigger WHERE tgrelid = 'audit_event'::regclass
    AND tgname IN ('audit_event_guard', 'audit_event_guard_truncate') AND tgenabled <> 'D'"""


def are_in_place() -> bool:
    """Whether both are there and switched on."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_POSTGRESQL if connection.vendor == "postgresql" else _COUNT_SQLITE)
        return bool(cursor.fetchone()[0] == 2)


def install(using: str) -> None:
    """Put the triggers in place on a database that has the table."""
    connection = connections[using]
    if "audit_event" not in connection.introspection.table_names():
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


@contextmanager
def removal_permit(reason: str) -> Iterator[None]:
    """Let this transaction, and no other, past the triggers: the permit is gone before anybody else can see it."""
    with transaction.atomic():
        permit = RemovalPermit.objects.create(reason=reason)
        yield
        permit.delete()

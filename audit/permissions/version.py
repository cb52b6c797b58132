"""The version of the rules: a row that triggers make another with each change of a rule, whatever makes the change,
and of what people set beside the rules.

It is random and not counted: a number comes back after a rollback or a restored backup and would then stand for other
rules, so that what a process keeps under it would be wrong. A random version comes back only with the very rules it
was drawn for. Where the row or a trigger is missing there is no version, and nothing is kept.
"""

import threading
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_VERBS = ("INSERT", "UPDATE", "DELETE")
_TRIGGERS = {
    "audit_permissionrule": "rules_version",
    "audit_permissionposture": "rules_version_posture",
    "audit_permissionexception": "rules_version_exception",
    "audit_permissiononce": "rules_version_once",
    "audit_budgetpassing": "rules_version_passing",
}
"""By the table."""
_SQLITE = [
    "INSERT OR REPLACE INTO audit_rulesversion (id, version) VALUES (1, lower(hex(randomblob(16))))",
    *(f"DROP TRIGGER IF EXISTS {name}_{verb.lower()}" for name in _TRIGGERS.values() for verb in _VERBS),
    # An UPDATE: an INSERT OR REPLACE would become the OR IGNORE of a statement that has one.
    *(
        f"""CREATE TRIGGER {name}_{verb.lower()} AFTER {verb} ON {table}
            BEGIN UPDATE audit_rulesversion SET version = lower(hex(randomblob(16))); END"""  # noqa: S608
        for table, name in _TRIGGERS.items()
        for verb in _VERBS
    ),
]
_POSTGRESQL = [
    # First, as every change of a rule has it: see RuleQuerySet.locked.
    """INSERT INTO audit_rulesversion (id, version) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET version = excluded.version""",
    """CREATE OR REPLACE FUNCTION rules_version() RETURNS trigger LANGUAGE plpgsql AS $version$
        BEGIN UPDATE audit_rulesversion SET version = gen_random_uuid(); RETURN NULL; END $version$""",
    *(
        f"""CREATE OR REPLACE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION rules_version()"""
        for table, name in _TRIGGERS.items()
    ),
    # Also for what replication writes.
    *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in _TRIGGERS.items()),
]
_THERE_SQLITE = ", ".join(
    f"('{table}', '{name}_{verb.lower()}')" for table, name in _TRIGGERS.items() for verb in _VERBS
)
_READ_SQLITE = "SELECT version, schema_version FROM audit_rulesversion, pragma_schema_version"
_WHOLE_SQLITE = f"""SELECT {len(_TRIGGERS) * len(_VERBS)} = count(*)
    FROM sqlite_master WHERE type = 'trigger' AND (tbl_name, name) IN (VALUES {_THERE_SQLITE})"""  # noqa: S608
_THERE_POSTGRESQL = ", ".join(f"('{table}'::regclass, '{name}')" for table, name in _TRIGGERS.items())
_READ_POSTGRESQL = f"""SELECT version FROM audit_rulesversion WHERE {len(_TRIGGERS)} = (
    SELECT count(*) FROM pg_trigger WHERE (tgrelid, tgname) IN ({_THERE_POSTGRESQL}) AND tgenabled = 'A')"""  # noqa: S608


_whole = threading.local()
"""Of a thread, `at`: its connection, and the number of the schema in which that saw all triggers."""


def current() -> Any:
    """The version of the rules as this transaction sees them; None where changes would go unseen."""
    own = connections[DEFAULT_DB_ALIAS]  # once: each look through `connection` costs a sixth of this
    with own.cursor() as cursor:
        if own.vendor != "postgresql":
            return _current_sqlite(own, cursor)
        cursor.execute(_READ_POSTGRESQL)
        row = cursor.fetchone()
    return row[0] if row else None


def _current_sqlite(own: BaseDatabaseWrapper, cursor: Any) -> Any:
    """Its triggers are looked for again when the schema has changed: among 400 names that takes longer than the rest.

    The number of a schema within a transaction comes back for another one after a rollback, so none is kept.
    """
    cursor.execute(_READ_SQLITE)
    row = cursor.fetchone()
    if row is None:
        return None
    now = (own.connection, row[1])
    if getattr(_whole, "at", None) != now:
        cursor.execute(_WHOLE_SQLITE)
        if not cursor.fetchone()[0]:
            return None
        if not own.in_atomic_block:
            _whole.at = now
    return row[0]


def install(using: str) -> None:
    """Put row and triggers in place, with a new version: what changed while they were missing counts as a change.

    After every migration, since SQLite loses a table's triggers when a migration rebuilds it.
    """
    connection = connections[using]
    if not {"audit_rulesversion", *_TRIGGERS} <= set(connection.introspection.table_names()):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)

"""The version of the rules: a row that triggers make another with each change of a rule, whatever makes the change.

It is random and not counted: a number comes back after a rollback or a restored backup and would then stand for other
rules, so that what a process keeps under it would be wrong. A random version comes back only with the very rules it
was drawn for. Where the row or a trigger is missing there is no version, and nothing is kept.
"""

from typing import Any

from django.db import connection, connections, transaction

_VERBS = ("INSERT", "UPDATE", "DELETE")
_SQLITE = [
    "INSERT OR REPLACE INTO audit_rulesversion (id, version) VALUES (1, lower(hex(randomblob(16))))",
    *(f"DROP TRIGGER IF EXISTS rules_version_{verb.lower()}" for verb in _VERBS),
    # An UPDATE: an INSERT OR REPLACE would become the OR IGNORE of a statement that has one.
    *(
        f"""CREATE TRIGGER rules_version_{verb.lower()} AFTER {verb} ON audit_permissionrule
            BEGIN UPDATE audit_rulesversion SET version = lower(hex(randomblob(16))); END"""  # noqa: S608
        for verb in _VERBS
    ),
]
_POSTGRESQL = [
    # First, as every change of a rule has it: see RuleQuerySet.locked.
    """INSERT INTO audit_rulesversion (id, version) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET version = excluded.version""",
    """CREATE OR REPLACE FUNCTION rules_version() RETURNS trigger LANGUAGE plpgsql AS $version$
        BEGIN UPDATE audit_rulesversion SET version = gen_random_uuid(); RETURN NULL; END $version$""",
    """CREATE OR REPLACE TRIGGER rules_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_permissionrule
        FOR EACH STATEMENT EXECUTE FUNCTION rules_version()""",
    "ALTER TABLE audit_permissionrule ENABLE ALWAYS TRIGGER rules_version",  # also for what replication writes
]
_READ_SQLITE = """SELECT version FROM audit_rulesversion WHERE 3 = (
    SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_permissionrule'
    AND name IN ('rules_version_insert', 'rules_version_update', 'rules_version_delete'))"""
_READ_POSTGRESQL = """SELECT version FROM audit_rulesversion WHERE EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = 'audit_permissionrule'::regclass
    AND tgname = 'rules_version' AND tgenabled = 'A')"""


def current() -> Any:
    """The version of the rules as this transaction sees them; None where changes would go unseen."""
    with connection.cursor() as cursor:
        cursor.execute(_READ_POSTGRESQL if connection.vendor == "postgresql" else _READ_SQLITE)
        row = cursor.fetchone()
    return row[0] if row else None


def install(using: str) -> None:
    """Put row and triggers in place, with a new version: what changed while they were missing counts as a change.

    After every migration, since SQLite loses a table's triggers when a migration rebuilds it.
    """
    connection = connections[using]
    if not {"audit_rulesversion", "audit_permissionrule"} <= set(connection.introspection.table_names()):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)

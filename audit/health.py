"""Is the trail well? Guarded by its triggers, and held by checkpoints."""

from collections.abc import Iterator

from django.db import connection

from audit.ledger import seconds_unsealed
from config.health import Check

_LATE_SECONDS = 600  # ten of the sealer's turns


def checks() -> Iterator[Check]:
    yield _guard()
    yield _window()


def _guard() -> Check:
    catalog = "pg_trigger" if connection.vendor == "postgresql" else "sqlite_master"
    column = "tgname" if connection.vendor == "postgresql" else "name"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {catalog} WHERE {column} LIKE 'audit_event_%'")  # noqa: S608
        guarded = cursor.fetchone()[0] >= 2
    if guarded:
        return Check("audit-guard", "ok", "Triggers refuse changes to events.")
    fix = "Run `manage.py migrate`, which puts them back, then `manage.py audit_verify`."
    return Check("audit-guard", "fail", "The triggers that guard the trail are gone.", fix)


def _window() -> Check:
    seconds = seconds_unsealed()
    if seconds < _LATE_SECONDS:
        return Check("audit-ledger", "ok", "Every event but the newest is held by a checkpoint.")
    detail = f"The oldest event no checkpoint holds is {seconds:.0f} s old."
    fix = "Run `manage.py audit_seal` and see what it says; on PostgreSQL look for a long open transaction."
    return Check("audit-ledger", "warn", detail, fix)

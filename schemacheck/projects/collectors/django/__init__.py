"""A Django project's migrations as plain data: the SQL of both directions, where each operation stands, what is wrong.

Python in a migration is never run, and no database is written to; one is asked only where the question says so.
"""

from __future__ import annotations

from typing import Any

_READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; "
    "SET statement_timeout = 10000; SET lock_timeout = 1000",
    "sqlite": "PRAGMA query_only = on",
}


def collect(asked: dict[str, Any]) -> dict[str, Any]:
    """Start the project and look: `manage`, `settings`, and what `look` takes."""
    from .driver import provide
    from .starting import start

    provide()
    start(asked["manage"], asked.get("settings"))
    from .looking import look

    if asked.get("asking"):
        _only_read()
    import django

    answer = look(
        alias=asked.get("alias") or "default",
        app=asked.get("app"),
        name=asked.get("name"),
        files=asked.get("files"),
        changed=asked.get("changed"),
        asking=bool(asked.get("asking")),
        has_catalog=False,
    )
    return dict(answer, django=django.get_version())


def _only_read() -> None:
    """By SET, not by PGOPTIONS: a session that starts read only is refused where one that can write is asked for."""
    from django.db.backends.signals import connection_created

    def restrict(connection: Any, **_: Any) -> None:
        if statement := _READ_ONLY.get(connection.vendor):
            with connection.cursor() as cursor:
                cursor.execute(statement)

    connection_created.connect(restrict, weak=False)

"""Is the grammar there, and does any check wait too long?"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from config.home import PROGRAM
from config.watching.health import Check as HealthCheck
from schemacheck.models import Check

_PATIENCE = timedelta(minutes=5)


def checks() -> Iterator[HealthCheck]:
    waiting = Check.objects.pending().filter(created_at__lt=timezone.now() - _PATIENCE).count()
    if waiting:
        fix = f"See that the worker runs: {PROGRAM} up."
        yield HealthCheck("schemacheck queue", "warn", f"{waiting} checks have waited for over 5 minutes", fix)
    else:
        yield HealthCheck("schemacheck queue", "ok", "no check waits")


def doctor_checks() -> Iterator[HealthCheck]:
    from schemacheck.checker.reading.parser import (  # 16 MB, which a server that never checks can spare
        GRAMMAR_VERSION,
        parse,
    )

    statements = parse("CREATE TABLE t (id bigint)").statements
    if statements and statements[0].kind == "create_table":
        yield HealthCheck("schemacheck grammar", "ok", f"PostgreSQL {GRAMMAR_VERSION}")
    else:
        fix = "Install the packages again: make up."
        yield HealthCheck("schemacheck grammar", "fail", "libpg_query does not parse", fix)

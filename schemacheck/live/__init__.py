"""An audit of the tables there are: what no script shows, because it was left out or came about with time.

Read only, and from catalogs and statistics alone: no table is opened, so nobody waits for the audit or it for them.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.db import connections

from schemacheck import checks
from schemacheck.checker.database.connections import vendor_of
from schemacheck.checker.findings import Finding, Proof, Report, Severity, StatementReport
from schemacheck.live import postgresql, sqlite
from schemacheck.models import Check
from schemacheck.refusals import translated


def audit_live_schema(*, database: str | None = None) -> Check:
    """Audit the tables there are, and keep what was found. Raises InvalidCheck, DatabaseAway, UnsupportedDatabase."""
    started = time.perf_counter()
    alias = checks.alias(database)
    report = audit(connections[alias])
    return checks.keep(
        report, sql=f"-- the live schema of {alias}", database=alias, started=started, kept=checks.has_history()
    )


@translated()
def audit(connection: Any) -> Report:
    """What there is to say about the tables of a database; each finding names its table and how to mend it."""
    vendor = vendor_of(connection)
    findings = sqlite.audit(connection) if vendor == "sqlite" else postgresql.audit(connection)
    return Report(dialect=vendor, proof=Proof.CATALOG, statements=tuple(_by_table(sorted(findings, key=_order))))


def _by_table(findings: list[Finding]) -> Iterator[StatementReport]:
    """The findings in the shape of every report: a statement a table."""
    tables: dict[str, list[Finding]] = {}
    for finding in findings:
        tables.setdefault(finding.facts.get("table", ""), []).append(finding)
    for index, (table, about) in enumerate(tables.items()):
        yield StatementReport(
            index=index,
            kind="live_table",
            table_name=table or None,
            line=1,
            proof=Proof.CATALOG,
            findings=tuple(about),
        )


def _order(finding: Finding) -> tuple[Any, ...]:
    return finding.facts.get("table", ""), list(Severity).index(finding.severity), finding.rule, finding.message

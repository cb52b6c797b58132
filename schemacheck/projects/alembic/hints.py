"""What a person who writes Alembic can do about a finding, where the SQL's own advice is not theirs to follow."""

from collections.abc import Iterator
from dataclasses import replace

from schemacheck.checker.findings import Finding, StatementReport
from schemacheck.projects.problems import is_beyond

_AUTOCOMMIT = "with op.get_context().autocommit_block():"
_VALIDATE = "Validate it in a later revision: op.execute('ALTER TABLE ... VALIDATE CONSTRAINT ...')."
_HINTS = {
    "concurrently-in-transaction": f"Alembic runs revisions in a transaction: write `{_AUTOCOMMIT}` around it.",
    "index-not-concurrent": f"Use op.create_index(..., postgresql_concurrently=True) inside `{_AUTOCOMMIT}`.",
    "drop-index-not-concurrent": f"Use op.drop_index(..., postgresql_concurrently=True) inside `{_AUTOCOMMIT}`.",
    "check-without-not-valid": f"Use op.create_check_constraint(..., postgresql_not_valid=True). {_VALIDATE}",
    "foreign-key-without-not-valid": f"Use op.create_foreign_key(..., postgresql_not_valid=True). {_VALIDATE}",
    "lock-timeout-missing": "Say op.execute(\"SET lock_timeout = '2s'\") first, or set it in env.py.",
    "wide-lock-window": "Put it into a revision of its own, with transaction_per_migration in env.py.",
    "rewrite-under-lock": "Put it into a revision of its own, with transaction_per_migration in env.py.",
    "drop-column": "First release code without the column, and drop it by a revision of the next release.",
    "drop-table": "First release code without the table, and drop it by a revision of the next release.",
}


def for_alembic(statement: StatementReport) -> Iterator[Finding]:
    """The findings on a statement that a person who writes Alembic can do something about."""
    for finding in statement.findings:
        if is_beyond(finding):
            continue
        fix = "" if finding.rule in _HINTS else finding.fix
        yield replace(finding, hint=_HINTS.get(finding.rule, finding.hint), fix=fix)

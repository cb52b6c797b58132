"""What a person who writes Django can do about a finding, where the SQL's own advice is not theirs to follow."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from schemacheck.checker.findings import Finding, StatementReport
from schemacheck.projects.django.told import Step
from schemacheck.projects.problems import is_beyond

ADD_DEFAULT = re.compile(r'ALTER TABLE (.+?) ADD COLUMN ("(?:[^"]|"")+") .*\bDEFAULT\b', re.DOTALL)
DROP_DEFAULT = re.compile(r'ALTER TABLE (.+?) ALTER COLUMN ("(?:[^"]|"")+") DROP DEFAULT;?\s*\Z', re.DOTALL)
_HINTS = {
    "concurrently-in-transaction": "Django runs a migration in one transaction: set atomic = False on it.",
    "index-not-concurrent": "Use AddIndexConcurrently of django.contrib.postgres.operations, alone in a migration "
    "with atomic = False.",
    "drop-index-not-concurrent": "Use RemoveIndexConcurrently of django.contrib.postgres.operations, alone in a "
    "migration with atomic = False.",
    "check-without-not-valid": "Use AddConstraintNotValid and, in a later migration, ValidateConstraint, both of "
    "django.contrib.postgres.operations.",
    "drop-column": "First release code without the field (SeparateDatabaseAndState with RemoveField among its "
    "state_operations), and drop the column in the next release.",
    "drop-table": "First release code without the model (SeparateDatabaseAndState with DeleteModel among its "
    "state_operations), and drop the table in the next release.",
    "rename-column": "Keep the column's name with db_column, or add a field, copy, and remove the old one later.",
    "rename-table": "Keep the table's name with Meta.db_table.",
    "lock-timeout-missing": "Run migrate with PGOPTIONS='-c lock_timeout=2s', and again if it is hit.",
    "wide-lock-window": "Put this operation into a migration of its own, so that the lock is let go before.",
    "rewrite-under-lock": "Put this operation into a migration of its own, so that the lock is let go before.",
    "required-column-without-default": "Give the field a default or a db_default, or add it with null=True.",
}
_SQL_OF_TRANSACTIONS = {"lock-timeout-missing", "wide-lock-window", "rewrite-under-lock", "concurrently-in-transaction"}
_ABOUT_TYPES = {"type-change-rewrites", "rewrite-under-lock"}
_LENGTH = re.compile(r"(varchar|numeric)\((\d+)(?:, ?(\d+))?\)\Z")


def for_django(step: Step, position: int, statement: StatementReport) -> Iterator[Finding]:
    """The findings on a statement of an operation that a person who writes Django can do something about."""
    if _drops_its_own_default(step, position):
        yield from statement.errors
        return
    for finding in statement.findings:
        if is_beyond(finding):
            continue
        if finding.rule in _ABOUT_TYPES and _keeps_rows(step):
            continue
        fix = "" if finding.rule in _SQL_OF_TRANSACTIONS else finding.fix  # Django writes BEGIN and COMMIT
        yield replace(finding, hint=_HINTS.get(finding.rule, finding.hint), fix=fix)


def default_dropped(step: Step) -> bool:
    """Whether a step adds a required column and drops its default again."""
    added = (sql for position, _ in enumerate(step.forwards) for sql in _dropped_at(step, position))
    return any(" NOT NULL" in sql for sql in added)


def _drops_its_own_default(step: Step, position: int) -> bool:
    """Django adds a required column with a default that it drops again: together they are one thing."""
    return any(_dropped_at(step, position))


def _dropped_at(step: Step, position: int) -> Iterator[str]:
    """What added the column whose default is dropped at a position."""
    if dropped := DROP_DEFAULT.match(step.forwards[position]):
        for _, sql in takewhile(lambda item: item[0] < position, enumerate(step.forwards)):
            if (added := ADD_DEFAULT.match(sql)) and added.groups() == dropped.groups():
                yield sql


def _keeps_rows(step: Step) -> bool:
    """Whether the type an AlterField had in Django's own history looks the same on disk as the new one."""
    old_type, new_type = step.told["old_type"], step.told["new_type"]
    if step.kind != "AlterField" or not old_type or not new_type:
        return False
    old, new = _LENGTH.match(old_type), _LENGTH.match(new_type)
    if old and new and old[1] == new[1]:
        return old[3] == new[3] and int(new[2]) >= int(old[2])
    texts = ("text", "varchar")
    is_text = old_type in texts or (old is not None and old[1] == "varchar")
    return old_type == new_type or (is_text and new_type in texts)

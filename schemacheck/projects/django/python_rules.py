"""Rules for what a migration does in Python, and for how it is put together."""

import re
from collections.abc import Iterator

from schemacheck.checker.findings import Finding
from schemacheck.checker.rules.registry import RULES
from schemacheck.projects.django.hints import default_dropped
from schemacheck.projects.django.told import Reviewed, Step

_CHANGES_TABLE = re.compile(r"\s*(ALTER TABLE|CREATE (UNIQUE )?INDEX|DROP )", re.IGNORECASE)


def look(migration: Reviewed) -> Iterator[Finding]:
    """Everything to say that the SQL does not show."""
    for step in migration.steps:
        yield from _operation(step)
    yield from _mixed(migration)
    yield from _not_atomic(migration)
    yield from _formatted(migration)


def _operation(step: Step) -> Iterator[Finding]:
    for part in step.told["parts"]:
        if not part["reversible"]:
            hint = "Give it reverse code; noop if nothing need be undone."
            yield _finding("migration-irreversible", step.place, f"{part['kind']} cannot be reversed", hint, step)
    for line, column, name in step.told["direct_imports"]:
        message = f"{name} is the model of today's code, not of this migration"
        hint = f'Take it from the migration\'s own state: apps.get_model("...", "{name.rpartition(".")[2]}").'
        yield _finding("migration-direct-import", (line, column), message, hint, step)
    if step.told["unwritten"]:
        message = f"{step.title}: {step.told['unwritten']}, so what it does to the database was not checked"
        hint = "A trial on a copy of the database shows it."
        yield _finding("migration-not-written", step.place, message, hint, step)
    if default_dropped(step):
        yield _finding(
            "migration-default-dropped",
            step.place,
            "the column keeps no default, so code that does not know it cannot insert rows until the release is out",
            "Use db_default (Django 5.0 and later) if old code runs beside the new.",
            step,
        )


def _mixed(migration: Reviewed) -> Iterator[Finding]:
    if not migration.atomic:
        return
    made = {step.told["model"] for step in migration.steps if step.kind == "CreateModel"}
    schema = [
        step
        for step in migration.steps
        if any(_CHANGES_TABLE.match(sql) for sql in step.forwards)
        and step.kind != "CreateModel"
        and step.told["model"] not in made
    ]
    for step in migration.steps:
        if schema and any(part["changes_rows"] for part in step.told["parts"]):
            message = f'rows are changed in the transaction that holds the locks of "{schema[0].title}"'
            hint = "Split it: schema in one migration, rows in the next."
            yield _finding("migration-data-and-schema", step.place, message, hint, step)


def _not_atomic(migration: Reviewed) -> Iterator[Finding]:
    working = [step for step in migration.steps if step.forwards or step.told["unwritten"]]
    if migration.atomic or len(working) < 2:
        return
    message = f"{len(working)} operations without a transaction: when one fails, those before it stay"
    hint = "Leave one operation in it and put the others in migrations of their own."
    line, column = migration.told["source"]["atomic_place"]
    yield _finding("migration-not-atomic", (line, column), message, hint, None)


def _formatted(migration: Reviewed) -> Iterator[Finding]:
    for found in migration.told["formatted"]:
        line = found["line"]
        before = (step for step in reversed(migration.steps) if step.place[0] <= line)
        step = next(before, None) if found["in_class"] else None
        message = f"SQL is put together from values: {found['text']}"
        hint = "Pass values as parameters; quote names with schema_editor.quote_name()."
        yield _finding("migration-sql-formatted", (line, found["column"]), message, hint, step)


def _finding(code: str, at: tuple[int, int], message: str, hint: str, step: Step | None) -> Finding:
    facts = {"operation": step.title} if step is not None else {}
    severity = RULES[code].severity
    return Finding(rule=code, severity=severity, message=message, line=at[0], column=at[1], hint=hint, facts=facts)

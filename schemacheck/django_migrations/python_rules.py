"""Rules for what a migration does in Python, and for how it is put together."""

import ast
import re
from collections.abc import Iterator

from django.db.migrations import CreateModel, Migration, RunPython

from schemacheck.checker.findings import Finding
from schemacheck.checker.rules.registry import RULES
from schemacheck.django_migrations import sources
from schemacheck.django_migrations.sources import Place, Source
from schemacheck.django_migrations.writing import Step, default_dropped, is_data, parts

_CHANGES_TABLE = re.compile(r"\s*(ALTER TABLE|CREATE (UNIQUE )?INDEX|DROP )", re.IGNORECASE)


def look(migration: Migration, steps: list[Step]) -> Iterator[Finding]:
    """Everything to say that the SQL does not show."""
    source = sources.source_of(migration)
    for step in steps:
        yield from _operation(step, source)
    yield from _mixed(migration, steps)
    yield from _not_atomic(migration, steps, source)
    yield from _formatted(steps, source)


def _operation(step: Step, source: Source) -> Iterator[Finding]:
    at = Place(step.line, step.column)
    for part in parts(step.operation):
        if not part.reversible:
            hint = "Give it reverse code; noop if nothing need be undone."
            message = f"{type(part).__name__} cannot be reversed"
            yield _finding("migration-irreversible", at, message, hint, step)
        if isinstance(part, RunPython):
            yield from _functions(part, step, source)
    if step.unwritten:
        message = f"{step.title}: {step.unwritten}, so what it does to the database was not checked"
        yield _finding(
            "migration-not-written", at, message, "`schemacheck --migrations --trial` runs it on a copy.", step
        )
    if default_dropped(step):
        yield _finding(
            "migration-default-dropped",
            at,
            "the column keeps no default, so code that does not know it cannot insert rows until the release is out",
            "Use db_default (Django 5.0 and later) if old code runs beside the new.",
            step,
        )


def _functions(part: RunPython, step: Step, source: Source) -> Iterator[Finding]:
    seen: set[Place] = set()
    for function in (part.code, part.reverse_code):
        for called in sources.called_functions(function, source.module):
            for node, name in sources.real_models(called):
                at = called.place(node)
                if at in seen:
                    continue
                seen.add(at)
                model = name.rpartition(".")[2]
                yield _finding(
                    "migration-direct-import",
                    at,
                    f"{name} is the model of today's code, not of this migration",
                    f'Take it from the migration\'s own state: apps.get_model("...", "{model}").',
                    step,
                )


def _mixed(migration: Migration, steps: list[Step]) -> Iterator[Finding]:
    if not migration.atomic:
        return
    made = {step.operation.name_lower for step in steps if isinstance(step.operation, CreateModel)}
    schema = [
        step
        for step in steps
        if any(_CHANGES_TABLE.match(sql) for sql in step.forwards)
        and not isinstance(step.operation, CreateModel)
        and str(getattr(step.operation, "model_name", "")).lower() not in made
    ]
    for step in steps:
        if schema and any(is_data(part) for part in parts(step.operation)):
            message = f'rows are changed in the transaction that holds the locks of "{schema[0].title}"'
            hint = "Split it: schema in one migration, rows in the next."
            yield _finding("migration-data-and-schema", Place(step.line, step.column), message, hint, step)


def _not_atomic(migration: Migration, steps: list[Step], source: Source) -> Iterator[Finding]:
    working = [step for step in steps if step.forwards or step.unwritten]
    if migration.atomic or len(working) < 2:
        return
    message = f"{len(working)} operations without a transaction: when one fails, those before it stay"
    hint = "Leave one operation in it and put the others in migrations of their own."
    yield _finding("migration-not-atomic", source.attribute_place("atomic"), message, hint, None)


def _formatted(steps: list[Step], source: Source) -> Iterator[Finding]:
    for node in sources.formatted_sql(source.tree):
        at = sources.place(node)
        step = (
            next((step for step in reversed(steps) if step.line <= at.line), None) if _in_class(node, source) else None
        )
        message = f"SQL is put together from values: {ast.unparse(node)[:80]}"
        hint = "Pass values as parameters; quote names with schema_editor.quote_name()."
        yield _finding("migration-sql-formatted", at, message, hint, step)


def _in_class(node: ast.expr, source: Source) -> bool:
    return node.lineno >= source.class_place.line > 1


def _finding(code: str, at: Place, message: str, hint: str, step: Step | None) -> Finding:
    rule = RULES[code]
    facts = {"operation": step.title} if step is not None else {}
    return Finding(
        rule=code, severity=rule.severity, message=message, line=at.line, column=at.column, hint=hint, facts=facts
    )

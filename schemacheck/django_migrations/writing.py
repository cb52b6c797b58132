"""The SQL of a migration, operation by operation, in both directions. Python in it is never run."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.operations import CreateExtension
from django.db import NotSupportedError
from django.db.migrations import AlterField, Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from schemacheck.django_migrations.offline import NeedsDatabase, OfflineConnection

ADD_DEFAULT = re.compile(r'ALTER TABLE (.+?) ADD COLUMN ("(?:[^"]|"")+") .*\bDEFAULT\b', re.DOTALL)
DROP_DEFAULT = re.compile(r'ALTER TABLE (.+?) ALTER COLUMN ("(?:[^"]|"")+") DROP DEFAULT;?\s*\Z', re.DOTALL)


@dataclass(slots=True)
class Step:
    """An operation and what it says in SQL; `unwritten` says why a direction cannot be written."""

    index: int
    operation: Operation
    forwards: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    unwritten: str = ""
    unwritten_backwards: str = ""
    line: int = 1
    column: int = 1
    old_type: str = ""  # of an AlterField
    new_type: str = ""

    @property
    def reversible(self) -> bool:
        """Whether it can be undone, with all it holds."""
        return all(part.reversible for part in parts(self.operation))

    @property
    def title(self) -> str:
        """As Django describes it."""
        return self.operation.describe()


def write(migration: Migration, state: ProjectState, connection: OfflineConnection) -> tuple[list[Step], ProjectState]:
    """The steps of a migration, and the state of the models after it."""
    steps: list[Step] = []
    editor: Any = connection.editor()
    states = [state]
    owners: list[tuple[Any, int]] = []  # deferred statements and the operation each came from
    for index, operation in enumerate(migration.operations):
        step = Step(index, operation)
        steps.append(step)
        before, after = states[-1], states[-1].clone()
        operation.state_forwards(migration.app_label, after)
        states.append(after)
        step.unwritten = _collect(operation, migration.app_label, editor, before, after, backwards=False)
        if isinstance(operation, AlterField):
            step.old_type = _column_type(operation, migration.app_label, before, connection)
            step.new_type = _column_type(operation, migration.app_label, after, connection)
        _hand_over(editor, step.forwards)
        _note_deferred(editor, owners, index)
    _write_deferred(editor, owners, [step.forwards for step in steps])
    editor = connection.editor()
    owners = []
    for step in reversed(steps):
        before, after = states[step.index], states[step.index + 1]
        step.unwritten_backwards = _collect(step.operation, migration.app_label, editor, before, after, backwards=True)
        _hand_over(editor, step.backwards)
        _note_deferred(editor, owners, step.index)
    _write_deferred(editor, owners, [step.backwards for step in steps])
    return steps, states[-1]


def _column_type(operation: AlterField, app_label: str, state: ProjectState, connection: OfflineConnection) -> str:
    model = state.apps.get_model(app_label, operation.model_name)
    return str(model._meta.get_field(operation.name).db_type(connection) or "")


def parts(operation: Operation) -> list[Operation]:
    """What an operation does to the database: itself, or what SeparateDatabaseAndState holds."""
    if isinstance(operation, SeparateDatabaseAndState):
        return [part for held in operation.database_operations for part in parts(held)]
    return [operation]


def _collect(
    operation: Operation,
    app_label: str,
    editor: Any,
    before: ProjectState,
    after: ProjectState,
    *,
    backwards: bool,
) -> str:
    """Let an operation write its SQL; the reason where it cannot."""
    if isinstance(operation, SeparateDatabaseAndState):
        return _collect_held(operation, app_label, editor, before, backwards=backwards)
    if backwards and not operation.reversible:
        return "it cannot be reversed"
    if isinstance(operation, RunPython):
        code = operation.reverse_code if backwards else operation.code
        return "" if code is RunPython.noop else "it runs Python"
    if not operation.reduces_to_sql:
        return "it cannot be written as SQL"
    if isinstance(operation, CreateExtension):
        verb = "DROP EXTENSION IF EXISTS" if backwards else "CREATE EXTENSION IF NOT EXISTS"
        editor.execute(f"{verb} {editor.quote_name(operation.name)}", None)
        return ""
    try:
        if backwards:
            operation.database_backwards(app_label, editor, after, before)
        else:
            operation.database_forwards(app_label, editor, before, after)
    except NeedsDatabase:
        return "its SQL depends on what is in the database"
    except (ValueError, NotSupportedError) as error:  # Django found no constraint, or two, where it wants one
        return f"Django cannot write it: {error}"
    return ""


def _collect_held(
    operation: SeparateDatabaseAndState, app_label: str, editor: Any, state: ProjectState, *, backwards: bool
) -> str:
    walked: list[tuple[Operation, ProjectState, ProjectState]] = []
    for held in operation.database_operations:
        after = state.clone()
        held.state_forwards(app_label, after)
        walked.append((held, state, after))
        state = after
    reasons = [
        _collect(held, app_label, editor, before, after, backwards=backwards)
        for held, before, after in (reversed(walked) if backwards else walked)
    ]
    return next((reason for reason in reasons if reason), "")


def _hand_over(editor: Any, target: list[str]) -> None:
    target += editor.collected_sql
    editor.collected_sql = []


def _note_deferred(editor: Any, owners: list[tuple[Any, int]], index: int) -> None:
    known = {id(statement) for statement, _ in owners}
    owners += [(statement, index) for statement in editor.deferred_sql if id(statement) not in known]


def _write_deferred(editor: Any, owners: list[tuple[Any, int]], targets: list[list[str]]) -> None:
    """Django leaves foreign keys and indexes of new tables to the end of the migration."""
    owner = {id(statement): index for statement, index in owners}
    for statement in editor.deferred_sql:
        editor.execute(statement, None)
        _hand_over(editor, targets[owner[id(statement)]])


def is_data(operation: Operation) -> bool:
    """Whether it is there to change rows."""
    if isinstance(operation, RunPython):
        return operation.code is not RunPython.noop
    if isinstance(operation, RunSQL):
        texts = [operation.sql] if isinstance(operation.sql, str) else list(operation.sql or ())
        first = [str(text[0] if isinstance(text, (list, tuple)) else text).split(None, 1) for text in texts]
        return any(words and words[0].upper() in ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY") for words in first)
    return False


def default_dropped(step: Step) -> bool:
    """Whether a step adds a required column and drops its default again."""
    for position, sql in enumerate(step.forwards):
        dropped = DROP_DEFAULT.match(sql)
        for earlier in step.forwards[:position] if dropped else ():
            added = ADD_DEFAULT.match(earlier)
            if added and dropped and added.groups() == dropped.groups() and " NOT NULL" in earlier:
                return True
    return False

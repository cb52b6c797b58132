"""The SQL of a migration, operation by operation, in both directions. Python in it is never run."""

from __future__ import annotations

from typing import Any, Iterator

from django.db import NotSupportedError
from django.db.migrations import AlterField, RunPython, RunSQL, SeparateDatabaseAndState

from .offline import NeedsDatabase

_OF_ROWS = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class Unfit(Exception):
    """An operation that does not fit the models the migrations before it make; Django could not run it either."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Step:
    """An operation and what it says in SQL; `unwritten` says why a direction cannot be written."""

    def __init__(self, index: int, operation: Any) -> None:
        self.index, self.operation = index, operation
        self.forwards: list[str] = []
        self.backwards: list[str] = []
        self.unwritten = self.unwritten_backwards = ""
        self.old_type = self.new_type = ""  # of an AlterField

    def as_dict(self) -> dict[str, Any]:
        """Plain data, which another interpreter can judge."""
        operation = self.operation
        named = [getattr(operation, name, None) for name in ("model_name", "name")]
        return {
            "kind": type(operation).__name__,
            "title": _title(operation),
            "model": str(named[0] or named[1] or "").lower(),
            "parts": [
                {
                    "kind": type(part).__name__,
                    "reversible": bool(part.reversible),
                    "changes_rows": _changes_rows(part),
                }
                for part in parts(operation)
            ],
            "forwards": self.forwards,
            "backwards": self.backwards,
            "unwritten": self.unwritten,
            "unwritten_backwards": self.unwritten_backwards,
            "old_type": self.old_type,
            "new_type": self.new_type,
        }


def write(migration: Any, state: Any, connection: Any) -> tuple[list[Step], Any]:
    """The steps of a migration, and the state of the models after it. Raises Unfit."""
    steps = [Step(index, operation) for index, operation in enumerate(migration.operations)]
    states = [state]
    for step in steps:
        after = states[-1].clone()
        try:
            step.operation.state_forwards(migration.app_label, after)
        except Exception as error:
            raise Unfit(step.index) from error
        states.append(after)
    for backwards in (False, True):
        editor = connection.editor()
        owners: list[tuple[Any, Step]] = []  # deferred statements, and the operation each came from
        for step in reversed(steps) if backwards else steps:
            before, after = states[step.index], states[step.index + 1]
            unwritten = _collect(step.operation, migration.app_label, editor, before, after, backwards=backwards)
            if backwards:
                step.unwritten_backwards = unwritten
            else:
                step.unwritten = unwritten
                _note_types(step, migration.app_label, before, after, connection)
            _hand_over(editor, step.backwards if backwards else step.forwards)
            known = {id(statement) for statement, _ in owners}
            owners += [(statement, step) for statement in editor.deferred_sql if id(statement) not in known]
        _write_deferred(editor, owners, backwards=backwards)
    return steps, states[-1]


def tables(state: Any, connection: Any) -> list[str]:
    """The tables of a state, as CREATE statements; a model that cannot be written is left out."""
    editor = connection.editor()
    for model in state.apps.get_models(include_auto_created=False):
        meta = model._meta
        if not meta.managed or meta.proxy or meta.swapped:
            continue
        try:
            editor.create_model(model)
        except Exception:  # noqa: BLE001, S112  -- a field of the project's own that asks the database
            continue
    for statement in editor.deferred_sql:
        editor.execute(statement, None)
    return [str(sql) for sql in editor.collected_sql]


def parts(operation: Any) -> list[Any]:
    """What an operation does to the database: itself, or what SeparateDatabaseAndState holds."""
    if isinstance(operation, SeparateDatabaseAndState):
        return [part for held in operation.database_operations for part in parts(held)]
    return [operation]


def _collect(operation: Any, app_label: str, editor: Any, before: Any, after: Any, *, backwards: bool) -> str:
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
    if any(kind.__name__ == "CreateExtension" for kind in type(operation).__mro__):  # its module wants a driver
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
    except Exception as error:  # noqa: BLE001  -- a field or an operation of the project's own
        return f"{type(error).__name__}: {error}"
    return ""


def _collect_held(operation: Any, app_label: str, editor: Any, state: Any, *, backwards: bool) -> str:
    walked = []
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


def _note_types(step: Step, app_label: str, before: Any, after: Any, connection: Any) -> None:
    operation = step.operation
    if not isinstance(operation, AlterField):
        return
    found = []
    for state in (before, after):
        try:
            field = state.apps.get_model(app_label, operation.model_name)._meta.get_field(operation.name)
            found.append(str(field.db_type(connection) or ""))
        except Exception:  # noqa: BLE001  -- a field of the project's own
            found.append("")
    step.old_type, step.new_type = found


def _hand_over(editor: Any, target: list[str]) -> None:
    target += map(str, editor.collected_sql)
    editor.collected_sql = []


def _write_deferred(editor: Any, owners: list[tuple[Any, Step]], *, backwards: bool) -> None:
    """Django leaves foreign keys and indexes of new tables to the end of the migration."""
    owner = {id(statement): step for statement, step in owners}
    for statement in editor.deferred_sql:
        editor.execute(statement, None)
        step = owner[id(statement)]
        _hand_over(editor, step.backwards if backwards else step.forwards)


def _title(operation: Any) -> str:
    try:
        return str(operation.describe())
    except Exception:  # noqa: BLE001  -- an operation of the project's own
        return type(operation).__name__


def _changes_rows(operation: Any) -> bool:
    if isinstance(operation, RunPython):
        return operation.code is not RunPython.noop
    return isinstance(operation, RunSQL) and any(word in _OF_ROWS for word in _first_words(operation.sql))


def _first_words(sql: Any) -> Iterator[str]:
    for text in [sql] if isinstance(sql, str) else list(sql or ()):
        words = str(text[0] if isinstance(text, (list, tuple)) else text).split(None, 1)
        yield words[0].upper() if words else ""

"""Writes down what a revision sends, with the line of the revision that sends it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, Iterator

from alembic.runtime.migration import MigrationContext

_DIRECTIONS = ("upgrade", "downgrade")


class NeedsDatabase(AttributeError):
    """A revision asked its connection for what only a database has."""


class Recorder:
    """`statements` gathers what is sent; `asked` the lines on which a revision used the answer to a query."""

    def __init__(self, passed_on: dict[str, Any]) -> None:
        self.path = ""
        self.statements: list[dict[str, Any]] = []
        self.asked: list[int] = []
        options = dict(passed_on, as_sql=True, literal_binds=True, output_buffer=open(os.devnull, "w"))  # noqa: SIM115
        self.context: Any = MigrationContext.configure(dialect_name="postgresql", opts=options)
        impl = self.context.impl
        impl._exec = lambda construct, *given, **named: self.take(construct)
        impl.static_output = lambda text: None
        impl.emit_begin = lambda: self.take("BEGIN", in_transaction=False)  # of autocommit_block()
        impl.emit_commit = lambda: self.take("COMMIT", in_transaction=False)
        impl.connection = self.context.connection = _recording(self.context.connection, self)

    def begin(self, path: str) -> None:
        """Start anew, for a function of this file."""
        self.path, self.statements, self.asked = path, [], []

    def take(self, construct: Any, *, in_transaction: bool = True) -> None:
        sql = construct if isinstance(construct, str) else self._text(construct)
        self.statements.append({"line": self.line(), "sql": sql, "marks_transaction": not in_transaction})

    def line(self) -> int:
        """The line in upgrade() or downgrade(), else the outermost of the file."""
        frame: Any = sys._getframe()
        found = 1
        while frame is not None:
            if frame.f_code.co_filename == self.path:
                found = frame.f_lineno
                if frame.f_code.co_name in _DIRECTIONS:
                    break
            frame = frame.f_back
        return found

    def _text(self, construct: Any) -> str:
        """Raises what SQLAlchemy raises of what it cannot write at all."""
        with suppress(Exception):  # a type without literals: its parameters stay parameters
            return self._compiled(construct, literal_binds=True)
        return self._compiled(construct)

    def _compiled(self, construct: Any, **options: bool) -> str:
        return str(construct.compile(dialect=self.context.dialect, compile_kwargs=options)).strip()


class _Answer:
    """The answer to a query that nobody gives; who uses it is written down."""

    rowcount = 0

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __iter__(self) -> Iterator[Any]:
        self._recorder.asked.append(self._recorder.line())
        return iter(())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._recorder.asked.append(self._recorder.line())
        many = name in ("fetchall", "all", "fetchmany")
        if name in ("scalars", "mappings", "unique"):
            return lambda *given, **named: self
        return lambda *given, **named: [] if many else None


def _recording(mock: Any, recorder: Recorder) -> Any:
    """Alembic's own stand-in for a connection, which also says so when it is asked for an answer."""

    def execute(self: Any, statement: Any, *given: Any, **named: Any) -> Any:
        recorder.take(statement)
        return _Answer(recorder)

    def scalar(self: Any, statement: Any, *given: Any, **named: Any) -> None:
        recorder.take(statement)
        recorder.asked.append(recorder.line())

    def missing(self: Any, name: str) -> Any:
        if name.startswith("__") or name == "in_transaction":  # Alembic asks whether there is such a thing
            raise AttributeError(name)
        raise NeedsDatabase(f"op.get_bind().{name} needs a database")

    own = {"execute": execute, "exec_driver_sql": execute, "scalars": execute, "scalar": scalar, "__getattr__": missing}
    bind: Any = type("Bind", (type(mock),), dict(own, closed=False))
    made = bind.__new__(bind)
    made.__dict__.update(mock.__dict__)
    made.__dict__.pop("execute", None)  # SQLAlchemy 1.4 keeps it on the instance
    return made

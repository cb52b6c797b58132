"""What alembic.ini and env.py say: where the revisions are, and how they are run."""

from __future__ import annotations

import os
import traceback
from contextlib import contextmanager
from typing import Any, Iterator

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Engine

from ..refusal import Refused

_PASSED_ON = ("target_metadata", "version_table", "version_table_schema", "include_schemas", "render_as_batch")


class _Configured(BaseException):
    """env.py has said how it wants to be run."""


class Environment:
    """The configuration of a project, with what its env.py configures a context with.

    `unready` says why env.py could not be run; revisions are written without it then.
    """

    def __init__(self, ini: str, section: str) -> None:
        if ini.endswith(".toml"):
            self.config = Config(toml_file=ini)
        else:
            self.config = Config(ini, ini_section=section)
        self.path = ini
        try:
            self.script: Any = ScriptDirectory.from_config(self.config)
        except CommandError as error:
            detail = f"{ini} cannot be used, section {section!r}: {str(error).rstrip('.')}."
            raise Refused("ini", "unknown", detail) from error
        self.unready = ""
        self._asking = self._writing = False
        event.listen(Engine, "do_connect", self._allow)
        event.listen(Engine, "connect", self._only_read)
        try:
            self.options = self._configured()
        except BaseException as error:  # noqa: BLE001  -- it may want variables, a database, or end the process
            self.options = {}
            self.unready = f"{type(error).__name__}: {str(error)[:300]}"

    @property
    def per_migration(self) -> bool:
        """Whether each revision has a transaction of its own."""
        return bool(self.options.get("transaction_per_migration"))

    @property
    def passed_on(self) -> dict[str, Any]:
        """Of env.py's options those that change the SQL."""
        return {key: self.options[key] for key in _PASSED_ON if key in self.options}

    def revisions(self) -> tuple[list[Any], list[dict[str, Any]]]:
        """All revisions, what comes first first; where they cannot be read why not."""
        try:
            return list(reversed(list(self.script.walk_revisions()))), []
        except Exception as error:  # noqa: BLE001  -- importing a revision runs code of any kind
            return [], [self._unreadable(error)]

    def heads(self) -> list[dict[str, Any]]:
        """Two last revisions, which `upgrade head` refuses."""
        try:
            heads = list(self.script.get_heads())
        except Exception:  # noqa: BLE001  -- said already
            return []
        if len(heads) < 2:
            return []
        message = f"there are {len(heads)} last revisions: {' and '.join(sorted(heads))}"
        hint = "Make one revise the other, or join them."
        return [
            _problem("migration-conflict", self.script.get_revision(head).path, 1, message, hint, "alembic merge heads")
            for head in heads
        ]

    def current(self) -> tuple[list[str] | None, str]:
        """The revisions the database is at, asked over env.py's own connection, read only; why it was not asked."""
        found: list[str] = []

        def ask(revision: Any, context: Any) -> list[Any]:
            found.extend(context.get_current_heads())
            return []

        self._asking = True
        try:
            with EnvironmentContext(self.config, self.script, fn=ask, dont_mutate=True):
                self.script.run_env()
        except BaseException as error:  # noqa: BLE001  -- as above
            return None, f"{type(error).__name__}: {str(error)[:300]}"
        finally:
            self._asking = False
        return found, ""

    @contextmanager
    def opening_scratch(self) -> Iterator[None]:
        """The connection that is opened here, and no other, may write."""
        self._asking = self._writing = True
        try:
            yield
        finally:
            self._asking = self._writing = False

    def _only_read(self, connection: Any, record: Any) -> None:
        if not self._writing:
            _only_read(connection)

    def _allow(self, dialect: Any, record: Any, words: Any, named: Any) -> None:
        """A database is asked only where somebody wants that, and a file of SQLite is not made by asking it."""
        if not self._asking:
            raise ConnectionError("it connects to its database, which is asked with --current alone")
        name = str(words[0]) if words else str(named.get("database", ""))
        is_file = dialect.name == "sqlite" and name and ":memory:" not in name and not name.startswith("file:")
        if is_file and not os.path.exists(name):
            raise FileNotFoundError(f"{name} is not there")

    def _configured(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}

        def configure(context: Any, *given: Any, **options: Any) -> None:
            kept.update({key: value for key, value in options.items() if value is not None})
            raise _Configured

        kind: Any = EnvironmentContext
        own, kind.configure = kind.configure, configure
        try:
            with EnvironmentContext(self.config, self.script, as_sql=True, fn=lambda revision, context: []):
                self.script.run_env()
        except _Configured:
            return kept
        finally:
            kind.configure = own
        return kept

    def _unreadable(self, error: Exception) -> dict[str, Any]:
        """The revision whose import failed, and its line; else what Alembic says of them as a whole."""
        hint = "No revision can be checked or run until this is put right."
        message = f"{type(error).__name__}: {error}"
        if isinstance(error, SyntaxError) and error.filename:
            return _problem("migration-unreadable", error.filename, error.lineno or 1, message, hint)
        folders = tuple(os.path.realpath(folder) + os.sep for folder in [self.script.dir, *self._locations()])
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if os.path.realpath(frame.filename).startswith(folders):
                return _problem("migration-unreadable", frame.filename, frame.lineno or 1, message, hint)
        rule = "migration-missing-dependency" if isinstance(error, KeyError) else "migration-unreadable"
        return _problem(rule, self.path, 1, message, hint)

    def _locations(self) -> list[str]:
        return [str(path) for path in getattr(self.script, "version_locations", None) or ()]


def _only_read(connection: Any) -> None:
    kind = type(connection).__module__
    statements = next((said for names, said in _READ_ONLY.items() if any(name in kind for name in names)), ())
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
    if statements:
        connection.commit()  # else the pool's first rollback takes it back


_READ_ONLY = {
    ("sqlite",): ["PRAGMA query_only = on"],
    ("psycopg", "asyncpg", "pg8000"): [
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET statement_timeout = 10000",
        "SET lock_timeout = 1000",
    ],
}
"""By the names of drivers."""


def _problem(rule: str, path: str, line: int, message: str, hint: str, fix: str = "") -> dict[str, Any]:
    real = os.path.realpath(path)
    return {"rule": rule, "path": real, "line": line, "column": 1, "message": message, "hint": hint, "fix": fix}

"""Runs revisions on a scratch database, and writes down what they really send: rows they ask for are not there.

The project's own driver connects; its env.py is not run, so no other database is within reach of it.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import traceback
from typing import Any, Callable

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, event, pool, text

from ..refusal import Refused
from .choosing import Chosen
from .environment import Environment

_DRIVERS = ("psycopg", "psycopg2", "pg8000", "asyncpg")
_PARAMETER = re.compile(r"%\(\w+\)s(?:::[\w ]+)?|%s")
_ASKS = re.compile(r"\s*(?:SELECT|SHOW|WITH)\b", re.IGNORECASE)


def try_out(environment: Environment, chosen: Chosen, told: list[dict[str, Any]], address: str) -> dict[str, Any]:
    """Run the plan forwards and those asked about back; `told` gets what was sent where it was not known.

    The server's version, and how many ran each way.
    """
    known = {item["revision"]: item for item in told}
    tried = _Tried(environment, chosen, known)
    _with_connection(environment, address, tried.run)
    return {"server": tried.server, "forwards": tried.forwards, "backwards": tried.backwards, "failed": tried.failed}


class _Tried:
    def __init__(self, environment: Environment, chosen: Chosen, known: dict[str, dict[str, Any]]) -> None:
        self.environment, self.chosen, self.known = environment, chosen, known
        self.server = ""
        self.forwards = self.backwards = 0
        self.failed = ""
        self._path = ""
        self._sent: list[dict[str, Any]] = []

    def run(self, connection: Any) -> None:
        self.server = str(connection.execute(text("SHOW server_version")).scalar())
        found = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        if connection.execute(text(found)).scalar():
            raise Refused("scratch", "invalid", "The database named with --scratch is not empty. Name one that is.")
        if hasattr(connection, "commit"):  # not before SQLAlchemy 2, where asking begins no transaction
            connection.commit()
        for name, take in (("before_cursor_execute", self._take), ("begin", self._begun), ("commit", self._ended)):
            event.listen(connection.engine, name, take)
        options = dict(self.environment.passed_on, transaction_per_migration=True)
        context = MigrationContext.configure(connection, opts=options)
        plan = self.chosen.plan
        with Operations.context(context):
            for revision in plan:
                if not self._runs(context, revision, "upgrade"):
                    return
                self.forwards += 1
            for revision in reversed([item for item in plan if item.revision in self.chosen.chosen]):
                if not self._runs(context, revision, "downgrade"):
                    return
                self.backwards += 1

    def _runs(self, context: Any, revision: Any, direction: str) -> bool:
        """Whether it came to its end; what it sent takes the place of what could not be written."""
        item = self.known[revision.revision]
        self._path = inspect.getsourcefile(revision.module) or revision.path
        self._sent = []
        failed = None
        try:
            with context.begin_transaction(_per_migration=True):
                getattr(revision.module, direction)()
                sent, self._path = self._sent, ""
        except BaseException as error:  # noqa: BLE001  -- a revision may raise anything
            sent, failed = self._sent, _failure(error, self._path)
        self._path = ""
        refuses = failed is not None and failed["kind"] == "NotImplementedError"
        recorded = item.get(direction)
        if recorded is not None and not refuses and (failed or recorded["failed"] or recorded["asked"]):
            recorded.update(statements=sent, failed=failed, asked=[])
        if failed and not refuses:
            self.failed = "{}() of {}: {}".format(direction, revision.revision, failed["why"])
        return failed is None

    def _take(self, connection: Any, cursor: Any, statement: str, given: Any, context: Any, many: bool) -> None:
        if self._path and not _ASKS.match(statement):
            self._sent.append({"line": self._line(), "sql": _numbered(statement), "marks_transaction": False})

    def _begun(self, connection: Any) -> None:
        self._mark("BEGIN")

    def _ended(self, connection: Any) -> None:
        self._mark("COMMIT")

    def _mark(self, sql: str) -> None:
        """Of autocommit_block(): the transaction around the whole function is none of the revision's."""
        if self._path and any(frame == "autocommit_block" for frame in _functions()):
            self._sent.append({"line": self._line(), "sql": sql, "marks_transaction": True})

    def _line(self) -> int:
        frame: Any = sys._getframe()
        found = 1
        while frame is not None:
            if frame.f_code.co_filename == self._path:
                found = frame.f_lineno
                if frame.f_code.co_name in ("upgrade", "downgrade"):
                    break
            frame = frame.f_back
        return found


def _functions() -> list[str]:
    frame: Any = sys._getframe()
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names


def _failure(error: BaseException, path: str) -> dict[str, Any]:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    first = str(getattr(error, "orig", None) or error).strip().splitlines()[:1]
    why = "{}: {}".format(type(error).__name__, "".join(first)[:300]).rstrip(": ")
    return {"line": frames[0].lineno if frames else 1, "why": why, "kind": type(error).__name__, "tried": True}


def _numbered(statement: str) -> str:
    """Without the driver's way to write parameters, in PostgreSQL's own."""
    count = iter(range(1, 10_000))
    if _PARAMETER.search(statement):
        statement = _PARAMETER.sub(lambda found: f"${next(count)}", statement)
    return statement.replace("%%", "%").strip()


def _with_connection(environment: Environment, address: str, run: Callable[[Any], None]) -> None:
    """By the first of PostgreSQL's drivers that the project has."""
    rest = address.partition("://")[2]
    for driver in _DRIVERS:
        try:
            __import__(driver)
        except ImportError:
            continue
        url = f"postgresql+{driver}://{rest}"
        if driver == "asyncpg":
            asyncio.run(_asynchronously(environment, url, run))
            return
        with environment.opening_scratch():
            opened = create_engine(url, poolclass=pool.NullPool).connect()
        with opened as connection:
            run(connection)
        return
    names = ", ".join(_DRIVERS)
    raise Refused("scratch", "invalid", f"The project has no driver of PostgreSQL ({names}), so nothing can be tried.")


async def _asynchronously(environment: Environment, url: str, run: Callable[[Any], None]) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url, poolclass=pool.NullPool)
    with environment.opening_scratch():
        connection = await engine.connect()
    try:
        await connection.run_sync(run)
    finally:
        await connection.close()
        await engine.dispose()

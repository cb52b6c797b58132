"""A guarded conversation with PostgreSQL: read only, short, and leaving no trace on the connection.

Works on Django's connections and on plain psycopg ones, idle or inside a transaction. What it asks is answered
by the catalogs or by parse analysis, which resolves names, types and operators but plans and runs nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.connections import is_database_error, is_django
from schemacheck.checker.errors import DatabaseAway

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 100
_GUARD = (
    f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS};"
    "SET LOCAL jit = off;"  # compiling the catalog query took 3 s where the planner thought it dear
    "SET LOCAL plan_cache_mode = force_generic_plan"  # planning it anew takes longer than running it
)
_PREPARED = "handrail_"
_WHICH_PREPARED = ";SELECT name FROM pg_catalog.pg_prepared_statements WHERE name LIKE 'handrail_%'"
_READ_ONLY = ";SET LOCAL transaction_read_only = on"
# Otherwise a backslash could end a string where our grammar sees none, and the server would read another statement.
_WRITABLE = ";SET LOCAL standard_conforming_strings = on;SET LOCAL client_min_messages = error"
_SAVEPOINT = "handrail_schemacheck"
_GOOD = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}
_UNCHANGED = "Nothing was changed; see that it runs, then check again."
_LOST = ("08", "57P", "53")


class Session:
    """Ask the server questions; see `open_session`."""

    def __init__(self, pgconn: PGconn, encoding: str) -> None:
        self._pgconn = pgconn
        self._encoding = encoding
        self._prepared: set[bytes] = set()

    def begin(self, sql: str) -> None:
        """Open the guarded transaction. Raises DatabaseAway."""
        result = self._pgconn.exec_((sql + _WHICH_PREPARED).encode())
        if result.status not in _GOOD:
            raise _away(self._error(result))
        self._prepared = {result.get_value(row, 0) or b"" for row in range(result.ntuples)}

    def document(self, sql: str, parameters: Sequence[str | None] = ()) -> Any:
        """The JSON document a query of ours answers with. Raises DatabaseAway if it cannot be had."""
        encoded = [value.encode(self._encoding) if value is not None else None for value in parameters]
        text = sql.encode(self._encoding)
        name = self._prepare(text)
        run = partial(self._pgconn.exec_prepared, name) if name else partial(self._pgconn.exec_params, text)
        result = run(encoded)
        if result.status not in _GOOD:
            raise _away(self._error(result))
        value = result.get_value(0, 0)
        return json.loads(value) if value is not None else None

    def _prepare(self, text: bytes) -> bytes:
        """The name under which the connection keeps the statement planned; empty where a pooler does not let it."""
        name = f"{_PREPARED}{hashlib.sha256(text).hexdigest()[:16]}".encode()
        if name not in self._prepared:
            step = f"{_SAVEPOINT}_prepare"
            self.command(f"SAVEPOINT {step}")
            if self._pgconn.prepare(name, text).status not in _GOOD:
                self.command(f"ROLLBACK TO {step}; RELEASE {step}")
                return b""
            self.command(f"RELEASE {step}")
            self._prepared.add(name)
        return name

    def attempt(self, sql: str, parameters: Sequence[str | None] = ()) -> Any:
        """Like `document`, but what the server says against it is an answer, and undone. Raises DatabaseAway."""
        result = self.run(sql, parameters)
        if isinstance(result, ServerError):
            return result
        value = result.get_value(0, 0)
        return json.loads(value) if value is not None else None

    def run(self, sql: str, parameters: Sequence[str | None] = ()) -> "ServerError | PGresult":
        """Run one statement inside a savepoint, kept if it succeeds and undone if not. Raises DatabaseAway."""
        step = f"{_SAVEPOINT}_run"
        self.command(f"SAVEPOINT {step}")
        try:
            encoded = [value.encode(self._encoding) if value is not None else None for value in parameters]
            text = sql.encode(self._encoding)
        except UnicodeEncodeError:
            self.command(f"RELEASE {step}")
            return ServerError("22P05", f"the text has no equivalent in encoding {self._encoding}", "", None)
        result = self._pgconn.exec_params(text, encoded)  # takes one statement only, whatever the text holds
        if result.status in _GOOD:
            self.command(f"RELEASE {step}")
            return result
        error = self._error(result)
        if error.sqlstate.startswith(_LOST):
            raise _away(error)
        self.command(f"ROLLBACK TO {step}; RELEASE {step}")
        return error

    def command(self, sql: str) -> ServerError | None:
        """Run statements of our own making; answers with the error if there is one. Raises DatabaseAway."""
        result = self._pgconn.exec_(sql.encode(self._encoding))
        if result.status in _GOOD:
            return None
        error = self._error(result)
        if error.sqlstate.startswith(_LOST):
            raise _away(error)
        return error

    def analyse(self, sql: str) -> ServerError | int:
        """What parse analysis says against a query, or the type (OID) of its first column. Nothing is executed."""
        found = self.described(sql)
        return found if isinstance(found, ServerError) else next((oid for _, oid in found), 0)

    def types(self, sql: str) -> list[int] | None:
        """The types (OIDs) of a query's columns; None where parse analysis refuses it. Nothing is executed."""
        found = self.described(sql)
        return None if isinstance(found, ServerError) else [oid for _, oid in found]

    def described(self, sql: str) -> ServerError | list[tuple[str, int]]:
        """What parse analysis says against a query, or the names and types (OIDs) of its columns."""
        self._pgconn.exec_(f"SAVEPOINT {_SAVEPOINT}_step".encode())
        try:
            try:
                text = sql.encode(self._encoding)
            except UnicodeEncodeError:
                return ServerError("22P05", f"the text has no equivalent in encoding {self._encoding}", "", None)
            result = self._pgconn.prepare(b"", text)
            if result.status not in _GOOD:
                error = self._error(result)
                if error.sqlstate.startswith(_LOST):
                    raise _away(error)
                return error
            described = self._pgconn.describe_prepared(b"")
            names = (described.fname(number) or b"" for number in range(described.nfields))
            return [(name.decode(self._encoding), described.ftype(number)) for number, name in enumerate(names)]
        finally:
            if self._pgconn.status == ConnStatus.OK:
                self._pgconn.exec_(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}_step; RELEASE {_SAVEPOINT}_step".encode())

    def _error(self, result: PGresult) -> ServerError:
        def diagnostic(name: DiagnosticField) -> str:
            return (result.error_field(name) or b"").decode(self._encoding, "replace")

        message = diagnostic(DiagnosticField.MESSAGE_PRIMARY) or result.get_error_message()
        position = diagnostic(DiagnosticField.STATEMENT_POSITION)
        return ServerError(
            diagnostic(DiagnosticField.SQLSTATE) or "08006",
            message,
            diagnostic(DiagnosticField.MESSAGE_HINT),
            int(position) if position.isdigit() else None,
        )


@contextmanager
def open_session(connection: Any, *, writable: bool = False) -> Iterator[Session | None]:
    """A session on a Django or psycopg connection; None where its transaction has already failed.

    A writable one can make temporary tables; all it does is rolled back too.

    Raises DatabaseAway if the server cannot be reached.
    """
    raw = _raw(connection)
    pgconn = raw.pgconn
    status = pgconn.transaction_status
    if status == TransactionStatus.INERROR:
        yield None
        return
    nested = status == TransactionStatus.INTRANS
    session = Session(pgconn, raw.info.encoding)
    begin = f"SAVEPOINT {_SAVEPOINT};" if nested else "BEGIN;" if writable else "BEGIN READ ONLY;"
    guard = _GUARD + (_WRITABLE if writable else _READ_ONLY)
    end = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE {_SAVEPOINT}" if nested else "ROLLBACK"
    with raw.lock:
        try:
            session.begin(begin + guard)
            yield session
        except psycopg.OperationalError as error:
            raise DatabaseAway(f"The database went away during the check ({error}). {_UNCHANGED}") from error
        finally:
            if pgconn.status == ConnStatus.OK:
                pgconn.exec_(end.encode())


def _raw(connection: Any) -> psycopg.Connection[Any]:
    """The psycopg connection: the one given, or the one behind Django's."""
    if is_django(connection):
        _connect(connection)
        connection = connection.connection
    raw: psycopg.Connection[Any] = connection
    if raw.closed:
        raise DatabaseAway("The database connection is closed. Open a new one and check again.")
    return raw


def _connect(connection: Any) -> None:
    """See that Django's connection has one of psycopg. Raises DatabaseAway."""
    try:
        connection.close_if_health_check_failed()
        connection.ensure_connection()
    except Exception as error:
        if not is_database_error(error):
            raise
        raise DatabaseAway(
            f"The database {connection.alias!r} cannot be reached, so nothing was checked. "
            "See that it runs and that its address and password are right, then check again."
        ) from error


def _away(error: ServerError) -> DatabaseAway:
    return DatabaseAway(
        f"The database did not answer the check ({error.sqlstate}: {error.message.strip()}). {_UNCHANGED}"
    )

"""Backups of PostgreSQL."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections
from psycopg import sql

from audit.backups.engines.files import private, sync
from audit.backups.engines.terms import BackupFailed, Progress, survey
from audit.backups.manifest import Facts, Manifest
from config.secrets import blank


class PostgreSQL:
    """pg_dump and pg_restore of an exported snapshot; they never see the password on their command line."""

    name = "postgresql"
    suffix = ".dump"

    def dump(self, target: Path, progress: Progress) -> Facts:
        private(target)
        try:
            with self._connect(autocommit=False) as held:
                held.execute("SET idle_in_transaction_session_timeout = 0")
                held.commit()
                held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                held.read_only = True
                snapshot = _one(held.execute("SELECT pg_export_snapshot()"))
                facts = self._facts(held)
                options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
                report = _counter("dumping contents of table", len(facts.counts), progress)
                self._run("pg_dump", *options, "--verbose", f"--file={target}", report=report)
        except psycopg.Error as error:
            raise BackupFailed(f"The backup was not made: {blank(str(error).strip())}.") from error
        with target.open("rb") as file:
            sync(file)
        return facts

    def try_out(self, dump: Path, folder: Path, progress: Progress) -> tuple[Facts, list[str]]:
        own = str(connection.settings_dict["NAME"])
        prefix = f"{own[:30]}_verify_"
        scratch = f"{prefix}{datetime.now(UTC):%Y%m%d%H%M}_{secrets.token_hex(4)}"
        with self._connect() as server:
            _drop_forgotten(server, prefix)
            try:
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(scratch)))
            except psycopg.errors.InsufficientPrivilege as error:
                hint = "Let the database's user make one: ALTER ROLE ... CREATEDB."
                raise BackupFailed(f"No scratch database can be made to verify in. {hint}") from error
            try:
                self._load(dump, scratch, "--exit-on-error", progress=progress)
                with self._connect(dbname=scratch) as loaded:
                    return self._facts(loaded), []
            finally:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(scratch)))

    def replace(self, dump: Path, manifest: Manifest, progress: Progress) -> str:
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        with self._connect() as server:
            # What a newer schema added would stand in the way of the tables it refers to, and of `migrate`.
            extra = sorted(set(_tables(server)) - set(manifest.facts.counts))
            for table in extra:
                server.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
        # Every statement or none; a table somebody holds is a clear error, not a wait without end.
        options = ["--clean", "--if-exists", "--single-transaction"]
        name = str(connection.settings_dict["NAME"])
        self._load(dump, name, *options, progress=progress, PGOPTIONS="-c lock_timeout=15s")
        return f"Tables of a newer schema are gone: {', '.join(extra)}." if extra else ""

    def _load(self, dump: Path, database: str, *options: str, progress: Progress, **env: str) -> None:
        report = _counter("processing data for table", 0, progress)
        arguments = [*options, "--no-owner", "--no-privileges", "--verbose", f"--dbname={database}", str(dump)]
        self._run("pg_restore", *arguments, report=report, **env)

    def _facts(self, database: psycopg.Connection[Any]) -> Facts:
        def rows(query: str) -> Iterator[Any]:
            with database.transaction(), database.cursor(name="survey") as cursor:
                cursor.itersize = 100  # tiles are 10 kB each
                yield from cursor.execute(query)

        version = database.info.server_version
        return survey(rows, _tables(database), f"PostgreSQL {version // 10_000}.{version % 10_000}")

    def _connect(self, *, autocommit: bool = True, **changed: str) -> psycopg.Connection[Any]:
        return psycopg.connect(autocommit=autocommit, **{**_libpq(), **changed})  # type: ignore[arg-type]

    def _run(self, program: str, *arguments: str, report: Callable[[str], None], **env: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise BackupFailed(f"{program} is not installed. Install PostgreSQL's client: `postgresql-client`.")
        known = {_ENVIRONMENT[name]: value for name, value in _libpq().items() if name in _ENVIRONMENT}
        said: deque[str] = deque(maxlen=50)
        with subprocess.Popen(  # noqa: S603 -- no shell, our own arguments
            [path, *arguments],
            env={**os.environ, **known, "LC_ALL": "C", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stderr or ():
                    said.append(line.strip())
                    report(line)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            wrong = [line for line in said if "error" in line.lower() or "fatal" in line.lower()] or list(said)[-3:]
            raise BackupFailed(f"{program} failed: {blank(' '.join(wrong[:3]))} Nothing was changed.")


_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def _libpq() -> dict[str, str]:
    """How to reach the database, without what is Django's own."""
    return {name: str(value) for name, value in connection.get_connection_params().items() if name in _ENVIRONMENT}


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


def _tables(database: psycopg.Connection[Any]) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    return [row[0] for row in database.execute(query)]


def _drop_forgotten(server: psycopg.Connection[Any], prefix: str) -> None:
    """Scratch databases of verifications that were killed: a day old by the time in their names."""
    before = f"{prefix}{datetime.now(UTC) - timedelta(days=1):%Y%m%d%H%M}"
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname < %s"
    for (name,) in server.execute(query, [prefix, before]).fetchall():
        with contextlib.suppress(psycopg.Error):
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _counter(mark: str, total: int, progress: Progress) -> Callable[[str], None]:
    done = 0

    def report(line: str) -> None:
        nonlocal done
        if mark in line:
            done += 1
            progress(done, max(total, done))

    return report

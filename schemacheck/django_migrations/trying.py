"""Runs migrations forwards and back on a copy of the database, in a process that knows no other database.

A RunPython that forgets `schema_editor.connection.alias` writes to `default`; in that process `default` is the copy.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from audit.trail import record
from config import home
from config.errors import DomainError
from config.identifiers import uuid7
from schemacheck import checks
from schemacheck.django_migrations.reviewing import refusals_translated
from schemacheck.projects.collectors.django.choosing import choose
from schemacheck.projects.collectors.django.loading import load
from schemacheck.refusals import DatabaseAway

TIME_LIMIT_SECONDS = 600
_TABLES_WITH_ROWS = ("django_migrations", "django_content_type")


class TrialFailed(DomainError):
    status = 409
    code = "trial-failed"
    remedy = "`detail` has what the trial answered"
    title = "The trial could not be made"


@dataclass(slots=True)
class Trial:
    """What happened on the copy. `differences` are between the schema before and after going there and back."""

    database: str
    copy: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every migration ran, and came back to the same schema as far as it can be reversed."""
        return all(step["status"] != "failed" for step in self.steps) and not self.differences

    def as_dict(self) -> dict[str, Any]:
        """In the public shape."""
        return {"passed": self.passed, **asdict(self)}


def try_migrations(*, app: str | None = None, name: str | None = None, database: str | None = None) -> Trial:
    """Run what is not applied on a copy, and back. Raises NotFound, InvalidCheck, DatabaseAway, TrialFailed."""
    alias = checks.alias(database)
    loaded = load(alias)
    if loaded.loader is None or any(problem["rule"] == "migration-conflict" for problem in loaded.problems):
        raise TrialFailed(f"The migrations cannot be run: {loaded.problems[0]['message']}. Check them first.")
    if loaded.away:
        raise DatabaseAway(f"The database {alias!r} cannot be reached, so it cannot be copied.")
    runnable = loaded.loader.graph.nodes
    if app is None:
        wanted = sorted(loaded.loader.graph.leaf_nodes())
    else:
        with refusals_translated():
            wanted = sorted(choose(loaded, app=app, name=name).chosen)
    if replaced := [".".join(key) for key in wanted if key not in runnable]:
        raise TrialFailed(f"{replaced[0]} never runs: a squashed migration stands for it. Try that one.")
    with _copy(alias) as (copied, kind):
        trial = Trial(database=alias, copy=kind)
        answer = _run(
            {
                "alias": alias,
                "settings": copied,
                "targets": [list(key) for key in wanted],
                "applied": [list(key) for key in loaded.applied] if kind == "replayed" else None,
            }
        )
    trial.steps, trial.differences = answer["steps"], answer["differences"]
    if not checks.has_history():
        return trial
    with transaction.atomic():
        record(
            event_type="schema.migrations_tried",
            entity_type="migration_trial",
            entity_id=str(uuid7()),
            new_value={"app": app, "name": name, **trial.as_dict()},
        )
    return trial


@contextmanager
def _copy(alias: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Django's settings of a copy of the database, and what it holds; gone at the end."""
    connection = connections[alias]
    if connection.vendor == "sqlite":
        with tempfile.TemporaryDirectory(prefix="handrail-trial-") as folder:
            path = Path(folder) / "copy.sqlite3"
            with closing(sqlite3.connect(path)) as copy, _source(connection) as source:
                source.backup(copy)
            yield {**_plain(connection.settings_dict), "NAME": str(path)}, "schema and rows"
    elif connection.vendor == "postgresql":
        with _scratch(connection) as (name, kind):
            yield {**_plain(connection.settings_dict), "NAME": name}, kind
    else:
        raise TrialFailed(f"A trial knows PostgreSQL and SQLite, not {connection.vendor}.")


@contextmanager
def _source(connection: Any) -> Iterator[sqlite3.Connection]:
    """A connection of its own to read a file by: with a write pending on ours, backup() would wait for ever."""
    if connection.is_in_memory_db():
        connection.ensure_connection()
        yield connection.connection
        return
    address = Path(connection.settings_dict["NAME"]).resolve().as_uri()
    with closing(sqlite3.connect(f"{address}?mode=ro", uri=True)) as source:
        yield source


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Settings that another process can be told; a pool is of no use to it."""
    options = {key: value for key, value in given.get("OPTIONS", {}).items() if key != "pool"}
    kept = {key: value for key, value in given.items() if isinstance(value, (str, int, bool, type(None)))}
    return {**kept, "OPTIONS": options}


@contextmanager
def _scratch(connection: Any) -> Iterator[tuple[str, str]]:
    """A scratch database on the same server, with the schema of this one."""
    parameters = {**connection.get_connection_params()}
    parameters = {key: value for key, value in parameters.items() if key in _CONNECTING}
    name = f"handrail_trial_{uuid7().hex[-12:]}"
    try:
        with psycopg.connect(**parameters, autocommit=True) as server:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            try:
                yield name, "schema" if _restore(parameters, name) else "replayed"
            finally:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise TrialFailed("The role may not create a database. Give it CREATEDB, or try on another server.") from error
    except psycopg.OperationalError as error:
        raise DatabaseAway(f"The server did not make a scratch database ({error}).") from error


_CONNECTING = {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "service"}


def _restore(parameters: dict[str, Any], name: str) -> bool:
    """Copy the schema with pg_dump; False where it is not there, or not for this server."""
    dump, restore = shutil.which("pg_dump"), shutil.which("psql")
    if dump is None or restore is None:
        return False
    env = {**os.environ}
    for key, variable in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"), ("password", "PGPASSWORD")):
        if parameters.get(key):
            env[variable] = str(parameters[key])
    source = str(parameters["dbname"])
    wanted = [f"--table={table}" for table in _TABLES_WITH_ROWS]
    with tempfile.TemporaryFile() as script:
        for options in (["--schema-only"], ["--data-only", *wanted]):
            command = [dump, "--no-owner", "--no-privileges", *options, f"--dbname={source}"]
            if subprocess.call(command, stdout=script, stderr=subprocess.DEVNULL, env=env):  # noqa: S603
                return False
        script.seek(0)
        command = [restore, "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=0", f"--dbname={name}"]
        subprocess.call(command, stdin=script, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)  # noqa: S603
    with psycopg.connect(**{**parameters, "dbname": name}) as made:
        row = made.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE)}
    env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = home.module("schemacheck.django_migrations.trial")
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            env=env,
            timeout=TIME_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrialFailed(f"The trial took longer than {TIME_LIMIT_SECONDS} s and was ended.") from error
    lines = done.stdout.strip().splitlines()
    try:
        answer: dict[str, Any] = json.loads(lines[-1] if lines else "")
    except ValueError as error:
        said = done.stderr.strip().splitlines()
        raise TrialFailed(f"The trial ended without an answer: {said[-1] if said else done.returncode}.") from error
    return answer

"""`move --to`: an installation between SQLite and a real PostgreSQL, both ways, by the command alone."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.services.postgres import Cluster
from tests.services.stack import ROOT, wait_until

pytestmark = pytest.mark.services
OUT_OF_ORDER = """
from threading import Thread
from django.db import connections, transaction
from audit.trail import record
def event(name):
    record(event_type="test.made", entity_type="test", entity_id=name, new_value={"name": name, "at": 1.5})
def other():
    event("later transaction, id between")
    connections.close_all()
with transaction.atomic():
    event("first")
    thread = Thread(target=other)
    thread.start()
    thread.join()
    event("same transaction, last id")
"""
"""Two transactions whose events get their ids crosswise: the ledger has them by transaction."""


class Installation:
    """A data folder, and the commands of its service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
        self.env = kept | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder)}

    def start(self, *words: str, at: str = "") -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=self.env | ({"DATABASE_URL": at} if at else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, at: str = "", code: int = 0) -> str:
        process = self.start(*words, at=at)
        out, err = process.communicate(timeout=600)
        assert process.returncode == code, out + err
        return out if code == 0 else err

    def json(self, *words: str, at: str = "") -> Any:
        return json.loads(self.run(*words, "--json", at=at))


@pytest.fixture
def empty(server: Cluster, tmp_path: Path) -> str:
    """The address of an empty database."""
    name = f"m{abs(hash(str(tmp_path)))}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return server.url.removesuffix("/handrail") + f"/{name}"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation on SQLite with the demo's data."""
    made = Installation(tmp_path / "data")
    made.run("migrate", "--verbosity", "0")
    made.run("demo")
    return made


def exported(here: Installation, at: str) -> list[Any]:
    """The events, with their times as far as an export from SQLite has them; `audit verify` looks at the whole."""
    lines = here.run("audit", "export", "--format", "jsonl", at=at).splitlines()
    events = [json.loads(line) for line in lines]
    return sorted(({**event, "timestamp": event["timestamp"][:23]} for event in events), key=lambda event: event["uid"])


def test_there_and_back_again_the_trail_is_the_same_and_goes_on(here: Installation, empty: str) -> None:
    back = f"sqlite:///{here.folder}/back.sqlite3"
    moved = here.json("move", "--to", empty)
    assert moved["rows"] > 500
    assert exported(here, empty) == exported(here, "")
    here.run("audit", "verify", at=empty)

    here.run("shell", "-c", OUT_OF_ORDER, at=empty)
    with psycopg.connect(empty) as connection:
        rows = connection.execute("SELECT id FROM audit_event WHERE entity_type = 'test' ORDER BY tx, id").fetchall()
        assert rows != sorted(rows)
    here.run("audit", "seal", at=empty)
    here.run("audit", "verify", at=empty)

    again = here.json("move", "--to", back, at=empty)
    assert again["ledger_size"] > moved["ledger_size"]
    assert exported(here, back) == exported(here, empty)
    here.run("audit", "verify", at=back)
    here.run("shell", "-c", OUT_OF_ORDER.replace("thread.start()", "").replace("thread.join()", ""), at=back)
    here.run("audit", "seal", at=back)
    here.run("audit", "verify", at=back)
    with closing(sqlite3.connect(here.folder / "back.sqlite3")) as database:
        assert database.execute("SELECT DISTINCT tx FROM audit_event").fetchall() == [(0,)]
        wrong = database.execute("SELECT count(*) FROM config_apikey WHERE created_at NOT LIKE '____-__-__ __:__:__%'")
        assert wrong.fetchone() == (0,)


def test_numbers_of_rows_that_are_gone_are_not_given_out_again(here: Installation, empty: str) -> None:
    made = "from django.contrib.auth.models import Group; [Group.objects.create(name=str(n)) for n in range(3)]; "
    here.run("shell", "-c", made + "Group.objects.get(name='2').delete()")
    here.run("move", "--to", empty)
    with psycopg.connect(empty) as connection:
        [(following,)] = connection.execute("SELECT nextval(pg_get_serial_sequence('auth_group', 'id'))").fetchall()
        [(largest,)] = connection.execute("SELECT max(id) FROM auth_group").fetchall()
    assert following == largest + 2


def test_it_is_refused_while_the_service_lives(here: Installation, empty: str) -> None:
    beat = "from config.jobs.heartbeat import beat; beat(role='worker')"
    here.run("shell", "-c", beat)
    said = here.run("move", "--to", empty, code=2)
    assert "The service runs" in said
    assert "Stop it before you move it" in said


def test_a_target_with_rows_of_another_project_or_of_the_same_kind_is_refused(
    here: Installation, empty: str, tmp_path: Path
) -> None:
    same = here.run("move", "--to", f"sqlite:///{tmp_path}/other.sqlite3", code=2)
    assert "on SQLite already" in same
    here.run("migrate", "--verbosity", "0", at=empty)
    here.run("shell", "-c", "from django.contrib.auth.models import Group; Group.objects.create(name='g')", at=empty)
    assert "There are rows in auth_group" in here.run("move", "--to", empty, code=2)
    with psycopg.connect(empty) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001', now())")
    assert "a Django project with the apps shop" in here.run("move", "--to", empty, code=2)
    unreachable = here.run("move", "--to", "postgres://u:hidden-word@127.0.0.1:9/x", code=2)
    assert "cannot be opened" in unreachable
    assert "hidden-word" not in unreachable
    assert "--to is not an address" in here.run("move", "--to", "oracle://u:hidden-word@h/x", code=2)


def test_an_installation_of_an_older_version_is_refused_and_left_as_it_is(here: Installation, empty: str) -> None:
    here.run("move", "--to", empty)
    newest = "app = 'escalation' AND name LIKE '0006%'"
    with psycopg.connect(empty, autocommit=True) as target:
        assert target.execute(f"DELETE FROM django_migrations WHERE {newest}").rowcount == 1
        assert "target already" in here.run("move", "--to", empty, code=2)
        assert target.execute(f"SELECT count(*) FROM django_migrations WHERE {newest}").fetchone() == (0,)


def test_a_value_that_postgresql_does_not_take_is_named_by_its_place_and_nothing_stays(
    here: Installation, empty: str
) -> None:
    with closing(sqlite3.connect(here.folder / "handrail.sqlite3")) as database:
        database.execute("UPDATE visioncache_entry SET extracted_data = ?", ['{"hidden-word": "\\u0000"}'])
        database.commit()
    said = here.run("move", "--to", empty, code=2)
    assert "in row 1 of visioncache_entry, column extracted_data" in said
    assert "hidden-word" not in said
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM audit_event").fetchall() == [(0,)]


def test_one_that_was_killed_half_way_is_started_again(here: Installation, empty: str) -> None:
    here.run("migrate", "--verbosity", "0", at=empty)
    with psycopg.connect(empty) as holder:
        holder.execute("LOCK TABLE prompts_version IN ACCESS EXCLUSIVE MODE")
        process = here.start("move", "--to", empty)
        with psycopg.connect(empty, autocommit=True) as watcher:
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'prompts_version'::regclass"
            wait_until(lambda: watcher.execute(waits).fetchone() == (1,), "it waits for the table")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    here.run("move", "--to", empty)
    here.run("audit", "verify", at=empty)

"""Readiness writes, within a second, and names who is in the way."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, OperationalError, connection, connections

from config.models import WriteProbe
from config.watching import blocking, health

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def somebody_holds_the_lock() -> Iterator[str]:
    """Another process holds SQLite's write lock, or another session PostgreSQL's; how it must be named."""
    if connection.vendor == "sqlite":
        command = [sys.executable, "-c", HOLD, str(connection.settings_dict["NAME"])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            yield f"process {other.pid} (python"
            other.stdin.close()
        return
    found: list[int] = []
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE config_writeprobe IN ACCESS EXCLUSIVE MODE")
            cursor.execute("SELECT pg_backend_pid()")
            found.append(cursor.fetchone()[0])
            held.set()
            release.wait(240)
            cursor.execute("ROLLBACK")
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(240)
    yield f"session {found[0]} ("
    release.set()
    thread.join(60)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_write_is_a_failure_that_names_who_holds_it() -> None:
    with somebody_holds_the_lock() as name:
        [found] = health.database()
    assert (found.status, found.critical) == ("fail", True)
    assert f"writing waits for {name}" in found.detail
    assert found.detail.endswith("no write came through in 1 s")
    [after] = health.database()
    assert after.status == "ok"
    assert after.detail.endswith("answers and takes a write")
    assert WriteProbe.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_waits_no_longer_than_its_bound_and_leaves_the_others_their_patience() -> None:
    with somebody_holds_the_lock():
        began = time.monotonic()
        with pytest.raises(blocking.Blocked):
            blocking.write()
        assert time.monotonic() - began < 10 * blocking.BOUND_SECONDS
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            assert cursor.fetchone()[0] == 20_000


@pytest.mark.django_db
def test_a_full_disk_is_a_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OperationalError("database or disk is full") from None

    monkeypatch.setattr(blocking, "_note", full)
    [found] = health.database()
    assert (found.status, found.detail) == ("fail", "takes no write: OperationalError")
    assert "disk is full" in found.fix


@pytest.mark.django_db(transaction=True)
def test_readers_who_wait_for_a_lock_are_named_on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock only")
    with somebody_holds_the_lock() as name:
        waiting = threading.Thread(target=_read)
        waiting.start()
        deadline = time.monotonic() + 60
        while not (found := blocking.waiting_for()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found.startswith(name)
        assert "in a transaction for" in found
    waiting.join(60)


def _read() -> None:
    try:
        WriteProbe.objects.count()
    except DatabaseError:
        pass
    finally:
        connections.close_all()

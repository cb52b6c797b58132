"""Several processes on one database: one row a key, every hit counted, one lease a miss, no error."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from django.db import connection

from tests.visioncache.makers import make_entry

WRITERS, ROUNDS = 4, 25
ROOT = Path(__file__).parents[2]


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> str:
    """The address of a database that other processes can open, holding one entry named "counted"."""
    make_entry("counted")
    if connection.vendor == "sqlite":
        # The others get a copy, so that no connection of this process is in their way.
        copy = tmp_path / "shared.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        with closing(sqlite3.connect(copy)) as opened:
            opened.execute("PRAGMA journal_mode=WAL")  # as `migrate` does before any other process starts
        return f"sqlite:///{copy}"
    known = connection.settings_dict
    account = known["USER"] + (f":{known['PASSWORD']}" if known["PASSWORD"] else "")
    return f"postgres://{account}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def started(address: str, name: str, rounds: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.visioncache.writer", name, str(rounds)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(process: "subprocess.Popen[str]") -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def run(address: str, writers: dict[str, int]) -> list[dict[str, int]]:
    """What writers that start at the same moment report."""
    with ExitStack() as running:
        processes = [running.enter_context(started(address, *writer)) for writer in writers.items()]
        for process in processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        for process in processes:
            go(process)
        answers = []
        for process in processes:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            answers.append(json.loads(out))
    return answers


def test_writers_of_the_same_keys_share_one_row_each(shared_database: str) -> None:
    answers = run(shared_database, {f"writer-{number}": ROUNDS for number in range(WRITERS)})
    [report] = run(shared_database, {"report": 0})

    assert [answer["hits"] for answer in answers] == [ROUNDS] * WRITERS
    assert sum(answer["created"] for answer in answers) == ROUNDS
    assert sum(answer["granted"] for answer in answers) == ROUNDS
    assert report == {
        "entries": ROUNDS,
        "whole": True,
        "hit_count": WRITERS * ROUNDS,
        "leases": ROUNDS,
        "tallies": [WRITERS * ROUNDS, ROUNDS, (WRITERS - 1) * ROUNDS],
    }


def test_a_kill_loses_at_most_what_was_counted_since_the_last_flush(shared_database: str) -> None:
    """And nothing else: a hit and its tally are written together, and the answer itself is there as before."""
    said = {"answered": 0, "written": 0}
    with started(shared_database, "doomed", 1) as doomed:
        assert doomed.stdout.readline() == "ready\n", doomed.stderr.read()
        go(doomed)
        for line in doomed.stdout:
            what, number = line.split()
            said[what] = int(number)
            if said["answered"] >= said["written"] + 3 > 3 and not doomed.poll():
                doomed.kill()  # and read on: it answered until the kill met it
    [report] = run(shared_database, {"report": 0})

    hits, misses, _ = report["tallies"]
    assert doomed.returncode == -signal.SIGKILL
    assert 0 < said["written"] <= hits == report["hit_count"] <= said["answered"] + 1
    assert said["written"] <= misses <= said["answered"] + 1
    [after] = run(shared_database, {"survivor": 1})
    assert after["hits"] == 1

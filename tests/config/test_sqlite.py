"""Four writer processes on a file: each of the four SQLite options is needed, and has a consequence of its own."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = settings.DATABASES["default"]["OPTIONS"]

pytestmark = pytest.mark.skipif(
    "sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="the settings are PostgreSQL's"
)

# A writer process: each transaction reads, thinks and writes. It prints how many failed, and what the database says.
WRITER = """
import json, sys, time
path, options, count, think = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}})
import django
django.setup()
from django.db import OperationalError, connection, transaction
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
print("ready", flush=True)
sys.stdin.readline()
failed = 0
for number in range(count):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT value FROM counter")
            value = cursor.fetchone()[0]
            time.sleep(think)
            cursor.execute("UPDATE counter SET value = %s", [value + 1])
    except OperationalError as error:
        assert "locked" in str(error), error
        failed += 1
with connection.cursor() as cursor:
    cursor.execute("PRAGMA synchronous")
    synchronous = cursor.fetchone()[0]
print(json.dumps({"failed": failed, "synchronous": synchronous}), flush=True)
"""


class Writers:
    """Writer processes on one database file."""

    def __init__(self, path: Path, options: dict[str, object]) -> None:
        self.path, self.options = path, options
        self.run_sql("CREATE TABLE counter (value integer)", "INSERT INTO counter VALUES (0)")

    def run_sql(self, *statements: str) -> list[object]:
        code = (
            "import sqlite3, sys, json; connection = sqlite3.connect(sys.argv[1])\n"
            "for sql in sys.argv[2:]: rows = connection.execute(sql).fetchall()\n"
            "connection.commit(); print(json.dumps(rows))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(self.path), *statements], check=True, capture_output=True, text=True
        )
        return list(json.loads(done.stdout))

    def start(self, processes: int, count: int, think: float) -> "list[subprocess.Popen[str]]":
        arguments = [str(self.path), json.dumps(self.options), str(count), str(think)]
        started = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(processes)
        ]
        for writer in started:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        return started

    def run(self, processes: int = 4, count: int = 25, think: float = 0.002) -> tuple[int, set[int]]:
        """How many transactions failed, and the `synchronous` of the connections."""
        started = self.start(processes, count, think)
        answers = []
        for writer in started:
            go(writer)
        for writer in started:
            out, _ = writer.communicate(timeout=120)
            answers.append(json.loads(out))
        return sum(answer["failed"] for answer in answers), {answer["synchronous"] for answer in answers}


def go(writer: "subprocess.Popen[str]") -> None:
    assert writer.stdin is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()


def without(name: str) -> dict[str, object]:
    """The options, less one of the four."""
    options: dict[str, object] = dict(OPTIONS)
    if name in options:
        del options[name]
    else:
        kept = [pragma for pragma in OPTIONS["init_command"].split(";") if pragma and name not in pragma]
        options["init_command"] = ";".join(kept)
    return options


def test_four_writers_lose_nothing_with_the_options(tmp_path: Path) -> None:
    writers = Writers(tmp_path / "db", OPTIONS)
    failed, synchronous = writers.run()
    assert failed == 0
    assert synchronous == {1}  # NORMAL: one fsync a checkpoint, not one a commit
    assert writers.run_sql("SELECT value FROM counter") == [[100]]  # and no update overwrote another
    assert writers.run_sql("PRAGMA journal_mode") == [["wal"]]


def test_without_immediate_transactions_that_read_first_fail_at_once(tmp_path: Path) -> None:
    failed, _ = Writers(tmp_path / "db", without("transaction_mode")).run()
    assert failed > 0


def test_without_the_timeout_a_writer_gives_up_while_another_is_slow(tmp_path: Path) -> None:
    slow = 6.0  # seconds; SQLite's own timeout is 5
    pairs = []
    for name, options in [("with", OPTIONS), ("without", without("timeout"))]:
        writers = Writers(tmp_path / name, options)
        pairs.append([writers.start(1, 1, slow)[0], writers.start(1, 1, 0)[0]])
    for column in zip(*pairs, strict=True):  # the slow ones first, then those that wait for them
        for writer in column:
            go(writer)
        time.sleep(0.3)
    failed = [[json.loads(writer.communicate(timeout=60)[0])["failed"] for writer in pair] for pair in pairs]
    assert failed == [[0, 0], [0, 1]]


def test_without_wal_a_reader_waits_for_the_writer(tmp_path: Path) -> None:
    for options, mode in [(OPTIONS, "wal"), (without("journal_mode"), "delete")]:
        writers = Writers(tmp_path / mode, options)
        writers.run(processes=1, count=1, think=0)
        assert writers.run_sql("PRAGMA journal_mode") == [[mode]]
        # An uncommitted change that is already in the file's lock: in WAL readers see the state before it.
        code = (
            "import sqlite3, sys\n"
            "writer = sqlite3.connect(sys.argv[1], isolation_level=None); writer.execute('BEGIN EXCLUSIVE')\n"
            "writer.execute('UPDATE counter SET value = 7')\n"
            "reader = sqlite3.connect(sys.argv[1], timeout=0.2)\n"
            "print(reader.execute('SELECT value FROM counter').fetchone())"
        )
        read = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / mode)], capture_output=True, text=True, check=False
        )
        assert ("(1,)" in read.stdout) == (mode == "wal")
        assert ("database is locked" in read.stderr) == (mode == "delete")


def test_without_normal_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
    _, synchronous = Writers(tmp_path / "db", without("synchronous")).run(processes=1, count=1, think=0)
    assert synchronous == {2}  # FULL

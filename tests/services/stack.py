"""Real workers, beats and producers over a database of their own, for tests and measurements."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.patience import NEVER_SECONDS

ROOT = Path(__file__).resolve().parents[2]


def wait_until(true: Callable[[], object], what: str) -> None:
    """Fail when it never becomes true, however slow the machine."""
    deadline = time.monotonic() + NEVER_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {NEVER_SECONDS} s: {what}")
        time.sleep(0.05)


class Stack:
    """Processes that share one database and one broker."""

    def __init__(
        self, folder: Path, *, database_url: str = "", broker_url: str = "", settings: str = "", root: Path = ROOT
    ) -> None:
        self.folder, self.root = folder, root
        self.database_url = database_url
        wanted = {
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker_url,
            "DJANGO_SETTINGS_MODULE": settings or "tests.services.soak.settings",
            "CELERY_SKIP_CHECKS": "1",
        }
        self.env = {name: value for name, value in os.environ.items() if name not in wanted}
        self.env |= {name: value for name, value in wanted.items() if value}
        self.server: object = ""
        self.children: list[subprocess.Popen[bytes]] = []

    def migrate(self) -> None:
        self.run("manage.py", "migrate", "--run-syncdb", "-v", "0", "--skip-checks")

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.env, cwd=self.root, check=True, timeout=600)

    def start(self, *arguments: str, log: str = "") -> "subprocess.Popen[bytes]":
        with (self.folder / (log or "log")).open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, *arguments], env=self.env, cwd=self.root, stdout=output, stderr=output
            )
        self.children.append(child)
        return child

    def worker(self, *options: str, log: str = "") -> "subprocess.Popen[bytes]":
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        pool = ["-P", "threads", "-c", "4"]
        return self.start("-m", "celery", "-A", "config.celery", "-q", "worker", *pool, *quiet, *options, log=log)

    def beat(self) -> "subprocess.Popen[bytes]":
        return self.start("-m", "celery", "-A", "config.celery", "-q", "beat", "-S", "config.jobs.beat:Scheduler")

    def produce(self, name: str, count: int) -> "subprocess.Popen[bytes]":
        return self.start("-m", "tests.services.soak.produce", "work", name, str(count))

    def send(self, *jobs: tuple[object, ...], countdown: float = 0) -> None:
        """Send jobs, each the name of a task and its arguments, by one process."""
        self.run("-m", "tests.services.soak.produce", "send", json.dumps({"jobs": jobs, "countdown": countdown}))

    def log(self, name: str = "log") -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        if self.database_url:
            with psycopg.connect(self.database_url) as connection:
                return connection.execute(sql).fetchall()
        connection = sqlite3.connect(self.folder / "handrail.sqlite3", timeout=20)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def count(self, table: str, where: str = "1=1") -> int:
        return int(str(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]))

    def ran(self, key: str) -> int:
        return self.count("soak_ran", f"key = '{key}'")

    def stop(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def stack(folder: Path, **options: str) -> Iterator[Stack]:
    """A migrated stack whose processes end with the block."""
    made = Stack(folder, **options)
    made.migrate()
    try:
        yield made
    finally:
        made.stop()

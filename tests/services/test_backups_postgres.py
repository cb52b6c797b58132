"""Backups on PostgreSQL: consistent while written to, seen to restore, and restored into another cluster."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.services import postgres
from tests.services.stack import ROOT, Stack, stack
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services

START = """
import django
django.setup()
from django.conf import settings
from django.db import connection, transaction
from audit import trail
from audit.backups import making as backups, restoring
from audit.ledger import sealing as ledger, verification
from audit.models import BackupRun, Event, Tile
def write(name):
    trail.record(event_type="a.changed", entity_type="a", entity_id=name)
def held():
    sealed = sorted(id_ for tile in Tile.objects.all() for id_ in ledger.event_ids(tile))
    return sealed == sorted(Event.objects.values_list("id", flat=True)) and verification.verify().valid
def names():
    return sorted(Event.objects.filter(entity_type="a").values_list("entity_id", flat=True))
"""


@pytest.fixture(scope="module")
def clusters() -> Iterator[list[postgres.Cluster]]:
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not here: install postgresql-client")
    try:
        with postgres.cluster() as one, postgres.cluster() as other:
            yield [one, other]
    except ServerMissing as missing:
        pytest.skip(str(missing))


def run(made: Stack, script: str, **env: str) -> str:
    said = subprocess.run(
        [sys.executable, "-c", START + script],
        env={**made.env, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def databases(cluster: postgres.Cluster) -> list[str]:
    with psycopg.connect(cluster.url) as server:
        return [name for (name,) in server.execute("SELECT datname FROM pg_database ORDER BY 1")]


def with_password(cluster: postgres.Cluster) -> str:
    return cluster.url.replace("handrail@", "handrail:very-secret@")


def test_a_restore_into_another_cluster_goes_on_sealing(clusters: list[postgres.Cluster], tmp_path: Path) -> None:
    one, other = clusters
    with psycopg.connect(one.url, autocommit=True) as server:  # so that the other's transaction ids are far behind
        server.execute(
            "DO $$ BEGIN FOR i IN 1..30000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
        )
    with stack(tmp_path, database_url=with_password(one), settings="config.settings") as made:
        file = run(
            made,
            """
write("sealed")
ledger.seal()
write("unsealed")
backups._seal = lambda: None  # what a longer transaction would do: events that no checkpoint holds yet
run = backups.back_up()
assert backups.verify(path=settings.BACKUP_DIR / run.file).passed
write("later")
ledger.seal()
assert held()
print(run.file)
""",
        ).strip()
        assert databases(one) == ["handrail", "postgres", "template0", "template1"]
        moved = {"DATABASE_URL": with_password(other)}
        said = run(
            made,
            f"""
done = restoring.restore(path=settings.BACKUP_DIR / "{file}")
assert done.before == "" and done.rebased and done.verdict.valid, done
assert names() == ["sealed", "unsealed"], names()
assert held()
write("new")
with transaction.atomic():
    write("newer")
assert ledger.seal().events == 2
assert held()
assert Event.objects.order_by("-tx")[0].tx > 30000
print("on")
""",
            **moved,
        )
        assert said == "on\n"
        said = run(
            made,
            f"""
done = restoring.restore(path=settings.BACKUP_DIR / "{file}")
assert done.verdict.valid and done.superseded, done
assert BackupRun.objects.get(file=done.before).kind == "pre-restore"
assert names() == ["sealed", "unsealed"]
write("again")
ledger.seal()
assert held()
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE audit_later (event_id bigint REFERENCES audit_event)")
assert restoring.restore(path=settings.BACKUP_DIR / done.before).notes == [
    "Tables of a newer schema are gone: audit_later."
]
assert names() == ["new", "newer", "sealed", "unsealed"] and held()
print("back")
""",
            **moved,
        )
        assert said == "back\n"


def test_rules_that_a_restore_brings_back_decide_at_once(clusters: list[postgres.Cluster], tmp_path: Path) -> None:
    with stack(tmp_path, database_url=clusters[0].url, settings="config.settings") as made:
        made.run("-m", "tests.audit.restored_rules")


def test_a_backup_holds_one_moment_whatever_is_written_meanwhile(
    clusters: list[postgres.Cluster], tmp_path: Path
) -> None:
    with stack(tmp_path, database_url=clusters[0].url, settings="config.settings") as made:
        said = run(
            made,
            """
import threading
stop = threading.Event()
def writing():
    while not stop.is_set():
        write("race")
        ledger.seal()
    connection.close()
threads = [threading.Thread(target=writing) for _ in range(3)]
[thread.start() for thread in threads]
try:
    found = [backups.verify(path=settings.BACKUP_DIR / backups.back_up().file) for _ in range(2)]
finally:
    stop.set()
    [thread.join() for thread in threads]
print([result.problems for result in found])
""",
        )
    assert said == "[[], []]\n"


def test_the_password_is_on_no_command_line_and_a_failure_is_told_in_words(
    clusters: list[postgres.Cluster], tmp_path: Path
) -> None:
    stub = tmp_path / "bin" / "pg_dump"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/argv\necho "pg_dump: error: version mismatch" >&2\nexit 1\n')
    stub.chmod(0o755)
    with stack(tmp_path / "data", database_url=with_password(clusters[0]), settings="config.settings") as made:
        said = subprocess.run(
            [sys.executable, "manage.py", "backup"],
            env={**made.env, "PATH": f"{stub.parent}:{os.environ['PATH']}"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        missing = subprocess.run(
            [sys.executable, "manage.py", "backup"],
            env={**made.env, "PATH": "/nonexistent"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    argv = (tmp_path / "argv").read_text()
    assert "--format=custom" in argv
    assert "very-secret" not in argv + said.stdout + said.stderr
    assert (said.returncode, "pg_dump failed: pg_dump: error: version mismatch" in said.stderr) == (2, True)
    assert (missing.returncode, "pg_dump is not installed" in missing.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "data" / "backups").iterdir()] == [".lock"]

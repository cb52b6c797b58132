"""Backups on SQLite: made online, seen to restore, kept by kind, restored."""

import errno
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import health, tasks, trail
from audit.backups import making, restoring
from audit.backups import manifest as backup_manifest
from audit.backups.engines import BackupFailed, sqlite
from audit.backups.engines.sqlite import SQLite
from audit.backups.manifest import BadBackup, beside
from audit.ledger import notes, sealing
from audit.models import BackupRun, Event
from config.environment import env
from config.errors import Conflict
from config.models import Heartbeat

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("postgres" in os.environ.get("DATABASE_URL", ""), reason="these are of SQLite"),
]
BACKUPS = "/api/v1/audit/backups"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    settings.BACKUP_DIR = tmp_path / "backups"
    for number in range(3):
        trail.record(event_type="a.changed", entity_type="a", entity_id=str(number))
    return tmp_path / "backups"


def recorded() -> list[str]:
    return list(Event.objects.filter(entity_type="backup").order_by("id").values_list("event_type", flat=True))


def resign(path: Path, old: str, new: str) -> None:
    """Alter a manifest as somebody with our key would."""
    text = beside(path).read_text().rpartition("\n\n")[0] + "\n"
    assert old in text
    signing = backup_manifest.signing
    beside(path).write_text(notes.sign_text(text.replace(old, new), signing.name(), signing.private_key()))


# Making


def test_a_backup_is_a_private_file_with_a_signed_manifest_and_two_events(folder: Path) -> None:
    run = making.back_up()
    path = folder / run.file
    assert {file.name for file in folder.iterdir()} == {".lock", run.file, beside(path).name}
    assert path.stat().st_mode & 0o077 == 0
    manifest = backup_manifest.read(path)
    assert (manifest.sha256, manifest.size) == (run.sha256, run.size_bytes)
    assert manifest.facts.counts["audit_event"] == 4  # ours and the start; the end is not inside
    assert (manifest.facts.ledger_size, manifest.facts.ledger_root) == (4, sealing.Tree(4).root().hex())
    assert manifest.facts.checkpoint == f"4 {manifest.facts.ledger_root}"
    assert "audit.0001_initial" in manifest.facts.migrations
    assert (run.status, run.verification, run.duration_seconds is not None) == ("completed", "not_verified", True)
    assert recorded() == ["backup.started", "backup.completed"]


def test_every_door_makes_the_same_backup(api: Any, run_command: Any, admin_client: Client) -> None:
    answer = api.post(BACKUPS, {"kind": "pre-migration"})
    assert answer.status_code == 202
    by_rest = api.get(answer.headers["Location"]).json()
    code, out, _ = run_command("backup_create", "--kind", "pre-migration", "--json")
    by_command = json.loads(out)
    waiting = BackupRun.objects.create(kind="pre-migration")
    tasks.back_up.delay(str(waiting.uid))
    admin_client.post(f"{reverse('admin:audit_backuprun_changelist')}moves/back_up/")
    made = list(BackupRun.objects.values_list("kind", "status"))
    assert (code, by_rest["status"], by_command["status"]) == (0, "completed", "completed")
    assert made == [("manual", "completed"), *[("pre-migration", "completed")] * 3]
    assert {name for name in by_rest if by_rest[name] is not None} == {
        name for name in by_command if by_command[name] is not None
    }
    assert len(api.get(f"{BACKUPS}?kind=manual").json()["results"]) == 1
    assert api.post(BACKUPS, {"kind": "hourly"}).status_code == 400


def test_a_second_delivery_of_the_job_makes_no_second_backup(folder: Path) -> None:
    run = making.start()
    before = sorted(folder.iterdir())
    tasks.back_up.delay(str(run.uid))
    assert sorted(folder.iterdir()) == before


def test_writers_go_on_during_a_backup_which_holds_one_moment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = tmp_path / "busy.sqlite3"
    with closing(sqlite3.connect(busy, isolation_level=None, timeout=0)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE pair (one, other, filler)")
        writer.executemany("INSERT INTO pair VALUES (?, ?, ?)", [(i, i, "x" * 900) for i in range(400)])
        written = []

        def meanwhile(done: int, total: int) -> None:
            writer.execute("UPDATE pair SET one = one + 1, other = other + 1")
            writer.execute("INSERT INTO pair VALUES (0, 0, '')")
            written.append(done)

        @contextmanager
        def source(self: SQLite) -> Iterator[sqlite3.Connection]:
            with closing(sqlite3.connect(busy, isolation_level=None)) as opened:
                yield opened

        monkeypatch.setattr(SQLite, "_source", source)
        monkeypatch.setattr(sqlite, "PAGES", 10)
        folder.mkdir()
        facts = SQLite().dump(folder / "b.gz", meanwhile)
    assert len(written) > 5
    assert facts.counts == {"pair": 400}


def test_a_full_disk_leaves_nothing_half_done(folder: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sqlite.shutil, "copyfileobj", full)
    code, _, err = run_command("backup_create")
    assert (code, "No space left" in err) == (2, True)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    assert BackupRun.objects.get().status == "failed"
    assert recorded() == ["backup.started", "backup.failed"]


def test_too_little_room_is_said_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(BackupFailed, match="no room"):
        making.back_up()


def test_what_a_killed_backup_left_is_cleared_by_the_next(folder: Path) -> None:
    folder.mkdir()
    (folder / "half.sqlite3.gz.part").write_bytes(b"half")
    (folder / "scratch-1.part").mkdir()
    killed = BackupRun.objects.create(status="running", host=socket.gethostname(), started_at=timezone.now())
    making.back_up()
    assert not list(folder.glob("*.part"))
    killed.refresh_from_db()
    assert (killed.status, killed.detail) == ("failed", "It was interrupted. Nothing is left of it.")


def test_one_at_a_time(run_command: Any) -> None:
    with making.exclusive():
        code, _, err = run_command("backup_create")
    assert (code, "Another backup" in err) == (2, True)


def test_a_pre_migration_backup_needs_no_log_row(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_backuprun RENAME TO later")
    try:
        run = making.back_up(kind="pre-migration")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE later RENAME TO audit_backuprun")
    assert (folder / run.file).exists()
    assert not BackupRun.objects.exists()


# Verifying


def test_every_door_sees_that_a_backup_restores(
    run_command: Any, admin_client: Client, settings: Any, folder: Path
) -> None:
    run = making.back_up()
    code, out, _ = run_command("backup_verify", run.file)
    assert (code, "restores" in out) == (0, True)
    for again in ("admin", "job"):
        BackupRun.objects.update(verification="not_verified")
        if again == "admin":
            action = {"action": "verify", "_selected_action": [run.pk]}
            admin_client.post(reverse("admin:audit_backuprun_changelist"), action)
        else:
            tasks.verify_backup.delay(run.file)
        run.refresh_from_db()
        assert (run.verification, run.verified_at is not None) == ("passed", True)
    assert recorded().count("backup.verified") == 3
    assert not list(folder.glob("*.part"))


def test_the_list_says_when_how_large_and_whether_it_restores(run_command: Any, folder: Path) -> None:
    made = json.loads(run_command("backup_create", "--json")[1])
    code, out, _ = run_command("backup_list")
    assert code == 0
    header, row = out.splitlines()
    assert header.split() == ["made", "kind", "status", "size", "verification", "file"]
    assert made["file"] in row
    assert re.search(r"\d kB |\d MB ", row)
    assert json.loads(run_command("backup_list", "--json")[1])[0]["size_bytes"] == made["size_bytes"]


def test_an_altered_file_fails_its_verification(run_command: Any, folder: Path) -> None:
    run = making.back_up()
    with (folder / run.file).open("r+b") as file:
        file.seek(200)
        file.write(b"altered")
    code, out, _ = run_command("backup_verify", str(folder / run.file))
    assert (code, "[FAIL]" in out, "altered" in out) == (1, True, True)
    run.refresh_from_db()
    assert run.verification == "failed"
    assert json.loads(run_command("backup_verify", run.file, "--json")[1])["passed"] is False


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rows audit_event 4", "rows audit_event 5", "Table audit_event has 4 rows instead of 5"),
        ("ledger 4 ", "ledger 5 ", "ledger has another root"),
        ("migration audit.0001_initial", "migration audit.0001_other", "newer version"),
    ],
)
def test_what_differs_from_the_manifest_is_named(old: str, new: str, said: str, folder: Path) -> None:
    path = folder / making.back_up().file
    resign(path, old, new)
    assert said in " ".join(making.verify(path=path).problems)


def test_files_that_are_no_backup_for_here_are_refused(folder: Path, run_command: Any, tmp_path: Path) -> None:
    path = folder / making.back_up().file
    resign(path, "database sqlite", "database postgresql")
    with pytest.raises(BadBackup, match="of PostgreSQL, and the database here is SQLite"):
        making.verify(path=path)
    resign(path, "handrail-backup-1", "handrail-backup-9")
    with pytest.raises(BadBackup, match="another format"):
        making.verify(path=path)
    beside(path).write_text(beside(path).read_text().replace("manual", "daily"))
    with pytest.raises(BadBackup, match="does not hold"):
        making.verify(path=path)
    beside(path).unlink()
    assert "has no manifest" in run_command("backup_verify", str(path))[2]
    assert "There is no backup" in run_command("backup_verify", str(tmp_path / "none"))[2]


def test_what_has_no_file_is_neither_found_nor_verified(api: Any) -> None:
    unknown = "01890000-0000-7000-8000-000000000000"
    with pytest.raises(making.BackupMissing, match="no backup 01890000"):
        making.find(uid=unknown)
    assert api.get(f"{BACKUPS}/{unknown}").status_code == 404
    waiting = BackupRun.objects.create()
    with pytest.raises(Conflict, match="no file to verify"):
        making.start_verification(uid=str(waiting.uid))


def test_a_file_the_log_does_not_know_is_listed_again(folder: Path) -> None:
    run = making.back_up()
    BackupRun.objects.all().delete()
    making.relist(folder)
    again = BackupRun.objects.get()
    assert (again.uid, again.file, again.sha256, again.status) == (run.uid, run.file, run.sha256, "completed")


# Keeping


def test_the_days_backup_is_monthly_weekly_or_daily_and_made_once(settings: Any) -> None:
    def due(*day: int) -> str | None:
        return making._due(datetime(*day, tzinfo=UTC))

    def made(kind: str, *day: int) -> None:
        BackupRun.objects.create(kind=kind, status="completed", started_at=datetime(*day, tzinfo=UTC))

    assert due(2026, 1, 1) == "monthly"
    made("monthly", 2026, 1, 1)
    assert due(2026, 1, 1, 20) is None
    assert due(2026, 1, 2) == "daily"
    made("daily", 2026, 1, 2)
    assert due(2026, 1, 5) == "weekly"  # a Monday
    assert due(2026, 2, 1) == "monthly"
    settings.BACKUP_SCHEDULE = "off"
    assert due(2026, 2, 1) is None


def test_the_schedule_makes_verifies_and_removes(settings: Any, folder: Path) -> None:
    settings.BACKUP_KEEP = {"manual": 1}
    old, new = (making.back_up() for _ in range(2))
    tasks.back_up_when_due.delay()
    tasks.back_up_when_due.delay()
    scheduled = BackupRun.objects.get(kind="monthly")
    assert (scheduled.verification, health_of_backups()) == ("passed", "ok")
    old.refresh_from_db()
    assert (old.removed_at is not None, (folder / old.file).exists(), (folder / new.file).exists()) == (
        True,
        False,
        True,
    )
    assert not beside(folder / old.file).exists()
    assert recorded().count("backup.removed") == 1


def test_the_newest_that_restores_is_never_removed(settings: Any, folder: Path) -> None:
    settings.BACKUP_KEEP = {"manual": 1}
    sound = making.back_up()
    making.verify(path=folder / sound.file)
    making.back_up()
    assert making.prune() == []


@pytest.mark.parametrize("value", ["daily", "daily=0", "hourly=3", "daily=x", ""])
def test_a_bad_setting_stops_the_start_with_its_name(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_KEEP", value)
    with pytest.raises(ImproperlyConfigured, match="BACKUP_KEEP"):
        env.counts("BACKUP_KEEP", "daily=7,weekly=4")
    monkeypatch.setenv("BACKUP_SCHEDULE", "sometimes")
    with pytest.raises(ImproperlyConfigured, match="BACKUP_SCHEDULE is one of daily, off"):
        env.one_of("BACKUP_SCHEDULE", ["daily", "off"])


def health_of_backups() -> str:
    return next(check.status for check in health.checks() if check.name == "audit-backups")


def test_health_warns_when_no_sound_backup_is_young(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health_of_backups() == "ok"  # the database was made just now
    old = timezone.now() - timedelta(days=3)
    BackupRun.objects.create(kind="daily", status="completed", verification="passed", completed_at=old)
    assert health_of_backups() == "warn"
    settings.BACKUP_SCHEDULE = "off"
    assert health_of_backups() == "ok"


# Restoring


def test_a_restore_asks_and_refuses_while_the_service_lives(run_command: Any, folder: Path) -> None:
    run = making.back_up()
    assert "--yes" in run_command("backup_restore", run.file)[2]
    Heartbeat.objects.create(name="worker@here:1", role="worker")
    assert "The service runs: worker@here:1" in run_command("backup_restore", run.file, "--yes")[2]
    resign(folder / run.file, "migration audit.0001_initial", "migration audit.9999_later")
    assert "newer version" in run_command("backup_restore", run.file, "--yes", "--force")[2]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite keeps a database in memory")
def test_a_database_in_memory_is_not_restored_into(
    run_command: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = making.back_up()
    monkeypatch.setitem(connection.settings_dict, "NAME", "file:other?mode=memory&cache=shared")
    assert "in memory cannot" in run_command("backup_restore", run.file, "--yes", "--force")[2]


def test_a_database_somebody_has_open_is_not_swapped(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as user:
        user.execute("PRAGMA journal_mode=WAL")
        user.execute("CREATE TABLE t (a)")
        user.execute("BEGIN")
        user.execute("SELECT * FROM t").fetchall()
        with pytest.raises(Conflict, match="Stop the service"):
            sqlite._settle(path)
    assert path.exists()


RESTORE = """
import django, pathlib
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import connections
call_command("migrate", verbosity=0)
from audit import trail
from audit.backups import making as backups, restoring
from audit.ledger import sealing as ledger, verification
from audit.models import BackupRun, Event
def write(name):
    trail.record(event_type="a.changed", entity_type="a", entity_id=name)
    ledger.seal()
write("before")
run = backups.back_up()
path = settings.BACKUP_DIR / run.file
write("after")
done = restoring.restore(path=path)
assert done.verdict.valid and done.superseded == 2, done
assert list(Event.objects.filter(entity_type="a").values_list("entity_id", flat=True)) == ["before"]
assert Event.objects.filter(event_type="backup.restored").get().new_value["replaced"] == done.before
assert set(BackupRun.objects.values_list("file", "status")) == {(run.file, "completed"), (done.before, "completed")}
write("again")
assert verification.verify().valid
database = pathlib.Path(settings.DATABASES["default"]["NAME"])
assert restoring.restore(path=settings.BACKUP_DIR / done.before).verdict.valid
assert set(Event.objects.filter(entity_type="a").values_list("entity_id", flat=True)) == {"before", "after"}
connections.close_all()
database.write_bytes(b"no database" * 500)
done = restoring.restore(path=path)
assert "damaged" in done.notes[0] and done.verdict.valid, done
assert not list(database.parent.glob("*.part")) and len(list(database.parent.glob("*.damaged-*"))) == 1
print("restored")
"""


def own_place(tmp_path: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BACKUP_DIR"}}
    return {**env, "DATA_DIR": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}


def test_a_restore_brings_back_the_state_and_a_trail_that_holds(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", RESTORE], env=own_place(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.stdout == "restored\n", said.stderr


def test_rules_that_a_restore_brings_back_decide_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.audit.restored_rules"]
    said = subprocess.run(command, env=own_place(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.stdout == "held\n", said.stderr


def test_the_commands_of_the_docs_work_in_their_order(tmp_path: Path) -> None:
    """As an operator would paste them, in a place of its own."""
    lines = (ROOT / "docs" / "backups.md").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if line.startswith("    ") and "manage.py" in line]
    assert len(commands) >= 5
    env = own_place(tmp_path)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)
    first = '"$(ls $DATA_DIR/backups/handrail-manual-*.gz | head -1)"'
    script = (
        "\n".join(commands).replace(".venv/bin/python manage.py", f"{sys.executable} manage.py").replace("FILE", first)
    )
    said = subprocess.run(["bash", "-eu", "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, f"{said.stdout}{said.stderr}"


def test_a_failed_swap_changes_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    run = making.back_up()

    def full(self: SQLite, *args: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SQLite, "replace", full)
    with pytest.raises(BackupFailed, match="Nothing was changed"):
        restoring.restore(path=folder / run.file)
    assert BackupRun.objects.get(kind="pre-restore").status == "completed"

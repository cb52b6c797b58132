"""Making a backup while the service runs: seen to restore, kept by kind, with a signed manifest beside it.

The secrets (SECRET_KEY, AUDIT_SIGNING_KEY, CREDENTIAL_KEYS) are never inside: who has a copy cannot sign for us.
"""

import fcntl
import logging
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q
from django.utils import timezone

from audit import capture
from audit.backups import manifest as backup_manifest
from audit.backups.engines import BackupFailed, Progress, backup_folder, engine, publish
from audit.backups.manifest import BadBackup, Manifest, beside
from audit.ledger import sealing
from audit.models import BackupRun
from audit.trail import record
from config.context import caller
from config.errors import Conflict, DomainError, Forbidden, NotFound
from config.home import spelled
from config.identifiers import row_of
from config.jobs.sending import send

logger = logging.getLogger(__name__)

ENTITY = "backup"
Kind, Status, Verification = BackupRun.Kind, BackupRun.Status, BackupRun.Verification
SCHEDULED = (Kind.DAILY, Kind.WEEKLY, Kind.MONTHLY)
UNLOGGED = (Kind.PRE_MIGRATION, Kind.PRE_RESTORE)
"""Taken even of a database that has no room for their log row: one of an older schema, or a damaged one."""

RESERVED = frozenset({Kind.DAILY, Kind.WEEKLY, Kind.MONTHLY, Kind.PRE_RESTORE})
_DUE_AFTER = timedelta(hours=23, minutes=30)
_LOST_AFTER = timedelta(days=1)


class BackupBusy(Conflict):
    code = "backup-busy"
    remedy = "wait for the backup or restore that runs"


class KindReserved(Forbidden):
    """Backups by the calendar and before a restore are the service's own; made at will they would drive out the old."""

    remedy = "make a backup of kind `manual`; the other kinds are the service's own"


class BackupMissing(NotFound):
    code = "backup-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What loading a backup into a scratch database showed; without problems it restores."""

    file: str
    problems: list[str]
    tables: int
    rows: int
    ledger_size: int

    @property
    def passed(self) -> bool:
        return not self.problems


def quiet(done: int, total: int) -> None:
    """The progress nobody watches."""


# Making one


def start(*, kind: str = Kind.MANUAL) -> BackupRun:
    """Queue a backup; one of the kind that still waits is that one. Follow its status. Raises KindReserved."""
    if kind in RESERVED and caller().scope != "admin":
        raise KindReserved(f"Only a key of scope admin may ask for a {kind} backup: it takes the place of the oldest.")
    with transaction.atomic():
        recent = Q(created_at__gt=timezone.now() - timedelta(hours=1))
        waiting = BackupRun.objects.filter(recent, kind=kind, status=Status.PENDING).first()
        if waiting is not None:
            return waiting
        run = _new(kind)
        _keep(run, "backup.requested")
        send("audit.back_up", str(run.uid))
    return BackupRun.objects.get(pk=run.pk)


def back_up(*, kind: str = Kind.MANUAL, progress: Progress = quiet) -> BackupRun:
    """Make a backup now. Raises BackupBusy while another is made here; BackupFailed, and nothing is left of it."""
    with exclusive() as folder:
        return make(folder=folder, kind=kind, progress=progress)


def execute(*, uid: str) -> BackupRun:
    """Make the backup that `start` queued. Raises BackupBusy; a second delivery of the job does nothing."""
    with exclusive() as folder:
        run = find(uid=uid)
        if run.status in {Status.COMPLETED, Status.FAILED}:
            return run
        return _make(run, folder, quiet)


def make(*, folder: Path, kind: str, progress: Progress) -> BackupRun:
    """As `back_up`, for whoever holds the folder already."""
    return _make(_new(kind), folder, progress)


def find(*, uid: str) -> BackupRun:
    """Raises BackupMissing."""
    detail = f"There is no backup {uid}. GET /api/v1/audit/backups lists them."
    return row_of(BackupRun.objects.all(), uid, BackupMissing(detail))


@contextmanager
def exclusive() -> Iterator[Path]:
    """BACKUP_DIR, for one maker at a time; what killed ones left half done is cleared away. Raises BackupBusy."""
    folder = backup_folder()
    try:
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise BackupFailed(f"BACKUP_DIR {folder} cannot be written: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupBusy("Another backup, verification or restore runs here. Try again when it is done.") from None
        for leftover in folder.glob("*.part"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        yield folder


def _new(kind: str) -> BackupRun:
    if kind not in Kind.values:
        raise DomainError(f"A backup is one of {', '.join(Kind.values)}, not {kind}.")
    return BackupRun(kind=kind, created_by=caller().actor)


def _make(run: BackupRun, folder: Path, progress: Progress) -> BackupRun:
    _give_up_lost_ones()
    run.status, run.host, run.started_at = Status.RUNNING, socket.gethostname(), timezone.now()
    run.file = f"handrail-{run.kind}-{run.started_at:%Y%m%dT%H%M%SZ}-{run.uid.hex[-8:]}{engine().suffix}"
    _keep(run, "backup.started")
    _seal()
    try:
        manifest = _write(run, folder, progress)
    except DomainError as error:
        _fail(run, error.detail)
        raise
    except OSError as error:
        detail = f"{run.file} could not be written to {folder}: {error.strerror or error}. Nothing is left of it."
        _fail(run, detail)
        raise BackupFailed(detail) from error
    _describe(run, manifest)
    _keep(run, "backup.completed")
    return run


def _write(run: BackupRun, folder: Path, progress: Progress) -> Manifest:
    """The file and its manifest, under their names only once both are whole and on the disk."""
    path = folder / run.file
    draft, note = (folder / f"{run.file}{ending}.part" for ending in ("", ".manifest"))
    try:
        facts = engine().dump(draft, progress)
        manifest = Manifest(
            uid=str(run.uid),
            kind=run.kind,
            file=run.file,
            sha256=backup_manifest.digest(draft),
            size=draft.stat().st_size,
            started=run.started_at.isoformat() if run.started_at else "",
            completed=timezone.now().isoformat(),
            database=engine().name,
            facts=facts,
        )
        backup_manifest.write(manifest, note)
        publish(note, beside(path))  # first, so that no file is ever without one
        publish(draft, path)
    finally:
        for leftover in (draft, note):
            leftover.unlink(missing_ok=True)
    return manifest


def _seal() -> None:
    """So that a checkpoint inside holds what was recorded; a ledger that cannot be sealed is backed up all the same."""
    try:
        capture.collect()
        sealing.seal()
    except (DomainError, DatabaseError) as error:
        logger.warning("The ledger was not sealed before the backup: %s", error)


def _describe(run: BackupRun, manifest: Manifest) -> None:
    """What the log keeps of a finished file."""
    run.kind, run.status, run.file = manifest.kind, Status.COMPLETED, manifest.file
    run.size_bytes, run.sha256 = manifest.size, manifest.sha256
    run.ledger_size, run.ledger_root = manifest.facts.ledger_size, manifest.facts.ledger_root
    run.started_at = datetime.fromisoformat(manifest.started)
    run.completed_at = datetime.fromisoformat(manifest.completed)


def _fail(run: BackupRun, detail: str) -> None:
    run.status, run.detail, run.completed_at = Status.FAILED, detail, timezone.now()
    _keep(run, "backup.failed")


def _give_up_lost_ones() -> None:
    """Whoever holds the lock is alone here, so what still counts as running was killed."""
    ours = Q(host=socket.gethostname()) | Q(started_at__lt=timezone.now() - _LOST_AFTER)
    try:
        for lost in BackupRun.objects.filter(ours, status=Status.RUNNING):
            _fail(lost, "It was interrupted. Nothing is left of it.")
    except DatabaseError as error:
        logger.warning("The backup log cannot be read: %s", error)


def _keep(run: BackupRun, event_type: str, **context: Any) -> None:
    """Save the row and record the event, together."""
    new = {
        "kind": run.kind,
        "status": run.status,
        "file": run.file,
        "size_bytes": run.size_bytes,
        "sha256": run.sha256,
        "ledger_size": run.ledger_size,
        "verification": run.verification,
        "detail": run.detail,
    }
    try:
        with transaction.atomic():
            run.save()
            record(
                event_type=event_type,
                entity_type=ENTITY,
                entity_id=str(run.uid),
                new_value=new,
                context=context or None,
            )
    except DatabaseError as error:
        if run.kind not in UNLOGGED:
            raise
        logger.warning("%s is not in the backup log: %s", run.file, error)


# Seeing whether one restores


def locate(name: str) -> Path:
    """A file by its path, or by its name in BACKUP_DIR."""
    path = Path(name)
    return settings.BACKUP_DIR / path if not path.exists() and path.name == name else path


def start_verification(*, uid: str) -> None:
    """Queue the verification of a backup. Raises BackupMissing."""
    run = find(uid=uid)
    if run.status != Status.COMPLETED or run.removed_at:
        raise Conflict(f"The backup {uid} has no file to verify.")
    send("audit.verify_backup", run.file)


def verify(*, path: Path, key: str = "", progress: Progress = quiet) -> Verified:
    """Load a backup into a scratch database and compare it with its manifest; the log keeps the result.

    Raises BackupBusy, NotFound, BadBackup for what is no backup of this kind of database; BackupFailed when it could
    not be tried.
    """
    with exclusive() as folder:
        manifest = backup_manifest.read(path, key)
        check_engine(path, manifest)
        problems = examine(path, manifest, folder, progress)
    result = Verified(
        file=path.name,
        problems=problems,
        tables=len(manifest.facts.counts),
        rows=sum(manifest.facts.counts.values()),
        ledger_size=manifest.facts.ledger_size,
    )
    _keep_result(manifest, result)
    return result


def check_engine(path: Path, manifest: Manifest) -> None:
    """Raises BadBackup when the dump is of the other kind of database."""
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    if manifest.database != engine().name:
        made, here = names.get(manifest.database, manifest.database), names[engine().name]
        raise BadBackup(
            f"{path.name} is a backup of {made}, and the database here is {here}. Set {spelled('DATABASE_URL')}."
        )


def examine(path: Path, manifest: Manifest, folder: Path, progress: Progress) -> list[str]:
    """What is wrong with a backup, found by loading it."""
    try:
        backup_manifest.check_file(path, manifest)
    except BadBackup as error:
        return [error.detail]
    facts, wrong = engine().try_out(path, folder, progress)
    wrong += manifest.facts.differences(facts)
    return [*wrong, *newer_than_code(manifest)]


def newer_than_code(manifest: Manifest) -> list[str]:
    """What says that the backup is of a newer version than the one that runs."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    ours = {config.label for config in apps.get_app_configs()}
    applied = (tuple(name.split(".", 1)) for name in manifest.facts.migrations)
    unknown = [".".join(name) for name in applied if name[0] in ours and name not in known]
    if not unknown:
        return []
    return [f"It is of a newer version: this one does not know the migration {unknown[0]}. Update the code first."]


def _keep_result(manifest: Manifest, result: Verified) -> None:
    run = BackupRun.objects.filter(uid=manifest.uid).first()
    if run is None:
        run = BackupRun(uid=manifest.uid)
        _describe(run, manifest)
    run.verification = Verification.PASSED if result.passed else Verification.FAILED
    run.verified_at, run.detail = timezone.now(), " ".join(result.problems)
    _keep(run, "backup.verified")


# Keeping them


def back_up_when_due() -> BackupRun | None:
    """The scheduled backup: one a day, verified, and what is past its count removed.

    The first of a month is the monthly one, the first of another week the weekly one.
    """
    kind = _due(timezone.now())
    if kind is None:
        return None
    run = back_up(kind=kind)
    result = verify(path=settings.BACKUP_DIR / run.file)
    if not result.passed:
        logger.error("The backup %s does not restore: %s", run.file, " ".join(result.problems))
    prune()
    return run


def _due(now: datetime) -> str | None:
    if settings.BACKUP_SCHEDULE == "off":
        return None
    made = BackupRun.objects.filter(kind__in=SCHEDULED, status=Status.COMPLETED).order_by("-started_at")
    last = made.first()
    if last and last.started_at and last.started_at > now - _DUE_AFTER:
        return None
    months = made.filter(kind=Kind.MONTHLY, started_at__year=now.year, started_at__month=now.month)
    if not months.exists():
        return Kind.MONTHLY
    week = now.isocalendar()
    weekly = made.filter(kind__in=(Kind.WEEKLY, Kind.MONTHLY))
    weeks = weekly.filter(started_at__iso_year=week.year, started_at__week=week.week)
    return Kind.DAILY if weeks.exists() else Kind.WEEKLY


def prune() -> list[str]:
    """Remove the oldest files of each kind beyond its count in BACKUP_KEEP; the newest seen to restore stays."""
    removed = []
    with exclusive() as folder:
        here = BackupRun.objects.filter(status=Status.COMPLETED, removed_at=None).order_by("-started_at")
        sound = here.filter(verification=Verification.PASSED).values_list("pk", flat=True).first()
        for kind, count in settings.BACKUP_KEEP.items():
            for run in here.filter(kind=kind)[count:]:
                path = folder / run.file
                if run.pk == sound or not path.exists():
                    continue
                path.unlink()
                beside(path).unlink(missing_ok=True)
                run.removed_at = timezone.now()
                _keep(run, "backup.removed")
                removed.append(run.file)
    return removed


def relist(folder: Path) -> None:
    """Log the files that the database does not know as they are: a restore brings back the log of its own time."""
    for note in sorted(folder.glob("*.manifest")):
        try:
            manifest = backup_manifest.read(note.with_suffix(""))
        except DomainError:
            continue  # of another installation
        run = BackupRun.objects.filter(uid=manifest.uid).first()
        if run is None or run.status != Status.COMPLETED:
            run = run or BackupRun(uid=manifest.uid, created_by=caller().actor)
            _describe(run, manifest)
            run.host, run.created_at = socket.gethostname(), run.started_at or timezone.now()
            _keep(run, "backup.listed")

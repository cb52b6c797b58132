"""Going back to a backup: tried in a scratch database first, with a backup of the present taken before."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from audit import capture
from audit.backups import manifest as backup_manifest
from audit.backups.engines import BackupFailed, DatabaseDamaged, Progress, engine
from audit.backups.making import ENTITY, Kind, check_engine, examine, exclusive, make, quiet, relist
from audit.backups.manifest import BadBackup, Manifest
from audit.ledger import notes, sealing, verification
from audit.ledger.verification import Verdict
from audit.models import BackupRun, Checkpoint
from audit.trail import record
from config.database import ownership
from config.jobs.heartbeat import require_stopped

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did."""

    file: str
    before: str
    """The backup of what was there before; blank when nothing was."""
    notes: list[str]
    superseded: int
    """Checkpoints of events that the restored database does not have; set aside."""
    rebased: bool
    verdict: Verdict


def restore(*, path: Path, key: str = "", force: bool = False, progress: Progress = quiet) -> Restored:
    """Put a backup in the database's place. Until the very swap, nothing of the database is touched.

    Raises NotFound; ForeignDatabase where another project's tables are; BadBackup for a file that is not to be restored
    here; ServiceRuns unless `force`; BackupBusy; BackupFailed when it was not possible.
    """
    with exclusive() as folder:
        manifest = backup_manifest.read(path, key)
        check_engine(path, manifest)
        _refuse_another_project()
        if not force:
            require_stopped("restore", "; --force does not wait")
        if problems := examine(path, manifest, folder, progress):
            raise BadBackup(f"{path.name} is not restored. {' '.join(problems)}")
        before = _back_up_present(folder, progress)
        replaced = _notes_here()
        try:
            note = engine().replace(path, manifest, progress)
        except BackupFailed:
            _put_back(folder, before, progress)
            raise
        except OSError as error:
            raise BackupFailed(
                f"{path.name} was not restored: {error.strerror or error}. Nothing was changed."
            ) from error
        _bring_up_to_date()
        return _account(manifest, folder, before, replaced, [note] if note else [])


def _refuse_another_project() -> None:
    try:
        ownership.require_ours(connection, to_replace=True)
    except DatabaseError:  # too damaged to tell, which is what a backup is for
        if connection.vendor == "postgresql":
            raise


def _back_up_present(folder: Path, progress: Progress) -> str:
    """A backup of what is about to be replaced. A database too damaged for one is kept as it is by the swap."""
    try:
        if not connection.introspection.table_names():
            return ""
        return make(folder=folder, kind=Kind.PRE_RESTORE, progress=progress).file
    except (DatabaseDamaged, DatabaseError) as error:
        if connection.vendor == "postgresql" or "locked" in str(error):
            raise
        logger.warning("What is there cannot be backed up, it is kept as it is: %s", error)
        return ""


def _put_back(folder: Path, before: str, progress: Progress) -> None:
    """Where tables of a newer schema had to go before a restore that then failed, all comes back as it was."""
    if not before:
        return
    manifest = backup_manifest.read(folder / before)
    if set(manifest.facts.counts) - set(connection.introspection.table_names()):
        engine().replace(folder / before, manifest, progress)


def _bring_up_to_date() -> None:
    """A backup of an older version gets the migrations since."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


def _account(manifest: Manifest, folder: Path, before: str, replaced: set[str], said: list[str]) -> Restored:
    """Let the trail say what happened, go on from there, and check it."""
    rebased = connection.vendor == "postgresql"
    if rebased:
        sealing.rebase()
    superseded = _set_aside(replaced)
    relist(folder)
    present = BackupRun.objects.filter(file=before).first() if before else None
    with transaction.atomic():
        record(
            event_type="backup.restored",
            entity_type=ENTITY,
            entity_id=manifest.uid,
            new_value={
                "file": manifest.file,
                "sha256": manifest.sha256,
                "ledger_size": manifest.facts.ledger_size,
                "replaced": before,
                "replaced_ledger_size": present.ledger_size if present else None,
                "replaced_ledger_root": present.ledger_root if present else "",
                "checkpoints_set_aside": superseded,
            },
        )
    capture.collect()
    sealing.seal()
    return Restored(
        file=manifest.file,
        before=before,
        notes=said,
        superseded=len(superseded),
        rebased=rebased,
        verdict=verification.verify(),
    )


def _notes_here() -> set[str]:
    """The checkpoints of the database that is about to be replaced."""
    try:
        return set(Checkpoint.objects.values_list("note", flat=True))
    except DatabaseError:
        return set()


def _set_aside(replaced: set[str]) -> list[str]:
    """Move the checkpoints that only the replaced database bears out of the way; they stay readable, and are named.

    One that neither bears is left where it is, for the verification to find.
    """
    tree = sealing.Tree()
    folder: Path = settings.AUDIT_CHECKPOINT_DIR
    aside = folder / f"superseded-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
    moved = []
    for path in sorted(folder.glob("*.txt")):
        note = path.read_text(encoding="utf-8")
        if not _bears(tree, note) and (note in replaced or _size(note) > tree.size):
            aside.mkdir(exist_ok=True)
            path.rename(aside / path.name)
            moved.append(path.name)
    for checkpoint in Checkpoint.objects.all():
        sealing.export_checkpoint(checkpoint)
    return moved


def _bears(tree: sealing.Tree, note: str) -> bool:
    """Whether the tree has the root that a checkpoint states."""
    try:
        head = notes.parse_head(note)
    except notes.BadNote:
        return False
    return 0 < head.size <= tree.size and tree.subtree(0, head.size) == head.root


def _size(note: str) -> int:
    try:
        return notes.parse_head(note).size
    except notes.BadNote:
        return 0

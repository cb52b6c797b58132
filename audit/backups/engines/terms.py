"""What every engine is, what it refuses, and what it says of a database it read."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from audit.backups.manifest import Facts, Manifest
from audit.ledger import merkle
from config.errors import Unavailable

Progress = Callable[[int, int], None]


class BackupFailed(Unavailable):
    code = "backup-failed"
    remedy = "`detail` says what the database or the disk answered; mend that and back up again"


class DatabaseDamaged(BackupFailed):
    """The database cannot be read, so it cannot be backed up."""

    remedy = "restore the last verified backup, as docs/backups.md has it"


class Engine(Protocol):
    name: str
    suffix: str

    def dump(self, target: Path, progress: Progress) -> Facts:
        """Write a consistent copy of the database as it is now; what the copy holds. Raises BackupFailed."""

    def try_out(self, dump: Path, folder: Path, progress: Progress) -> tuple[Facts, list[str]]:
        """Load a dump into a scratch database that is gone afterwards: what it holds, what is wrong with it."""

    def replace(self, dump: Path, manifest: Manifest, progress: Progress) -> str:
        """Put the dump in the database's place, all or nothing; what is to be said of the old one."""


def survey(rows: Callable[[str], Iterable[Any]], tables: list[str], server: str) -> Facts:
    counts = {table: list(rows(f'SELECT count(*) FROM "{table}"'))[0][0] for table in tables}  # noqa: RUF015, S608
    size, root = _ledger(rows("SELECT number, hashes FROM audit_tile ORDER BY number") if _TILES in counts else [])
    last = list(rows(_LAST_CHECKPOINT)) if "audit_checkpoint" in counts else []
    applied = rows("SELECT app, name FROM django_migrations") if "django_migrations" in counts else []
    return Facts(
        counts=counts,
        ledger_size=size,
        ledger_root=root,
        checkpoint=f"{last[0][0]} {last[0][1]}" if last else "none",
        migrations=tuple(sorted({f"{app}.{name}" for app, name in applied})),
        server=server,
    )


_TILES = "audit_tile"
_LAST_CHECKPOINT = "SELECT size, root FROM audit_checkpoint ORDER BY size DESC LIMIT 1"


def _ledger(tiles: Iterable[Any]) -> tuple[int, str]:
    """Size and root of the ledger's tree, computed from its leaves and not from the roots kept beside them."""
    size, roots = 0, []
    for _, hashes in tiles:
        data = bytes(hashes)
        roots.append(merkle.root([data[start : start + 32] for start in range(0, len(data), 32)]))
        size += len(data) // 32
    return size, merkle.root(roots).hex() if roots else ""

"""Backups of SQLite."""

import gzip
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, connections

from audit.backups.engines.files import need_room, private, sync, sync_folder
from audit.backups.engines.terms import BackupFailed, DatabaseDamaged, Progress, survey
from audit.backups.manifest import Facts, Manifest
from config.errors import Conflict
from config.home import spelled

PAGES = 2_000
"""SQLite pages copied in one step: 8 MB."""
CHUNK = 1 << 20


class SQLite:
    """SQLite's online backup: the source is read in one snapshot, and in WAL mode no writer waits for a reader."""

    name = "sqlite"
    suffix = ".sqlite3.gz"

    def dump(self, target: Path, progress: Progress) -> Facts:
        raw = target.with_name(f"{target.name}.raw.part")
        try:
            with self._source() as source:
                need_room(target.parent, _bytes(source) * 3 // 2)
                private(raw)
                # The open transaction holds the snapshot; without it every foreign write starts the copy afresh.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
                with closing(sqlite3.connect(raw)) as copy:
                    source.backup(copy, pages=PAGES, progress=lambda _, left, all_: progress(all_ - left, all_))
                    copy.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm
                    facts = self._facts(copy)
            private(target)
            with raw.open("rb") as plain, target.open("wb") as file:
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6) as packed:
                    shutil.copyfileobj(plain, packed, CHUNK)
                sync(file)
        except sqlite3.OperationalError as error:
            raise BackupFailed(f"The backup was not made: {error}. Nothing was changed.") from error
        except sqlite3.DatabaseError as error:
            raise DatabaseDamaged(f"The database cannot be read: {error}. Restore a backup.") from error
        finally:
            for leftover in (raw, *raw.parent.glob(f"{raw.name}-*")):
                leftover.unlink(missing_ok=True)
        return facts

    def try_out(self, dump: Path, folder: Path, progress: Progress) -> tuple[Facts, list[str]]:
        need_room(folder, dump.stat().st_size * 4)
        with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-", suffix=".part") as scratch:
            raw = Path(scratch) / "scratch.sqlite3"
            self._unpack(dump, raw, progress)
            try:
                with closing(sqlite3.connect(raw)) as loaded:
                    found = [row[0] for row in loaded.execute("PRAGMA integrity_check(5)")]
                    orphans = len(loaded.execute("PRAGMA foreign_key_check").fetchall())
                    facts = self._facts(loaded)
            except sqlite3.DatabaseError as error:
                raise BackupFailed(f"What is in {dump.name} is no SQLite database: {error}.") from error
        wrong = [] if found == ["ok"] else [f"SQLite finds the file damaged: {'; '.join(found)}"]
        return facts, wrong + ([f"{orphans} rows refer to rows that are not there."] if orphans else [])

    def replace(self, dump: Path, manifest: Manifest, progress: Progress) -> str:
        if _in_memory():
            raise Conflict(f"A database in memory cannot be restored into. Set {spelled('DATABASE_URL')} to a file.")
        database = Path(connection.settings_dict["NAME"])
        fresh = database.with_name(f"{database.name}.restore.part")
        try:
            self._unpack(dump, fresh, progress)
            if database.exists():
                _alike(database, fresh)
            connections.close_all()
            kept = _settle(database)
            fresh.replace(database)
            sync_folder(database.parent)
        finally:
            fresh.unlink(missing_ok=True)
        return kept

    @contextmanager
    def _source(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, so that the service's go on."""
        address = str(connection.get_connection_params()["database"])
        with closing(sqlite3.connect(address, timeout=20, isolation_level=None, uri=_in_memory())) as source:
            yield source

    def _facts(self, database: sqlite3.Connection) -> Facts:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        tables = [row[0] for row in database.execute(names)]
        return survey(database.execute, tables, f"SQLite {sqlite3.sqlite_version}")

    def _unpack(self, dump: Path, target: Path, progress: Progress) -> None:
        private(target)
        total = dump.stat().st_size
        try:
            with dump.open("rb") as file, gzip.GzipFile(fileobj=file) as packed, target.open("wb") as plain:
                while chunk := packed.read(CHUNK):
                    plain.write(chunk)
                    progress(min(file.tell(), total), total)
                sync(plain)
        except (gzip.BadGzipFile, EOFError) as error:
            raise BackupFailed(f"{dump.name} cannot be unpacked: {error}.") from error


def _in_memory() -> bool:
    return bool(connection.is_in_memory_db())  # type: ignore[attr-defined]


def _settle(database: Path) -> str:
    """Bring the write-ahead log home and take the file from everybody; a damaged one is kept under another name.

    A log that outlives its database would be read into the next one. Raises Conflict while another process has it.
    """
    logs = [database.with_name(database.name + ending) for ending in ("-wal", "-shm")]
    kept = ""
    try:
        if database.exists():
            with closing(sqlite3.connect(database, timeout=2, isolation_level=None)) as old:
                old.execute("PRAGMA journal_mode=DELETE")
                old.execute("BEGIN EXCLUSIVE")
                old.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        raise Conflict(f"Another process uses {database.name} ({error}). Stop the service, then restore.") from error
    except sqlite3.DatabaseError:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for path in (database, *logs):
            if path.exists():
                path.rename(path.with_name(path.name.replace(database.name, f"{database.name}.damaged-{stamp}")))
        kept = f"The damaged database is kept as {database.name}.damaged-{stamp}."
    for log in logs:
        log.unlink(missing_ok=True)
    return kept


def _bytes(source: sqlite3.Connection) -> int:
    pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)


def _alike(old: Path, fresh: Path) -> None:
    """Mode and owner of the old file: root may restore for the service's user."""
    shutil.copymode(old, fresh)
    if os.geteuid() == 0:
        shutil.chown(fresh, old.stat().st_uid, old.stat().st_gid)

"""Dumping a database while it is written to, and loading a dump, on SQLite and on PostgreSQL."""

import contextlib
import gzip
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg import sql

from audit.backups.manifest import Facts, Manifest
from audit.ledger import merkle
from config import installation
from config.errors import Conflict, Unavailable
from config.secrets import blank

Progress = Callable[[int, int], None]
PAGES = 2_000
"""SQLite pages copied in one step: 8 MB."""
CHUNK = 1 << 20


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


def engine() -> Engine:
    """That of the database in use."""
    return PostgreSQL() if connection.vendor == "postgresql" else SQLite()


def _survey(rows: Callable[[str], Iterable[Any]], tables: list[str], server: str) -> Facts:
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


class SQLite:
    """SQLite's online backup: the source is read in one snapshot, and in WAL mode no writer waits for a reader."""

    name = "sqlite"
    suffix = ".sqlite3.gz"

    def dump(self, target: Path, progress: Progress) -> Facts:
        raw = target.with_name(f"{target.name}.raw.part")
        try:
            with self._source() as source:
                _need_room(target.parent, _bytes(source) * 3 // 2)
                _private(raw)
                # The open transaction holds the snapshot; without it every foreign write starts the copy afresh.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
                with closing(sqlite3.connect(raw)) as copy:
                    source.backup(copy, pages=PAGES, progress=lambda _, left, all_: progress(all_ - left, all_))
                    copy.execute("PRAGMA journal_mode=DELETE")  # one file, without -wal and -shm
                    facts = self._facts(copy)
            _private(target)
            with raw.open("rb") as plain, target.open("wb") as file:
                with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6) as packed:
                    shutil.copyfileobj(plain, packed, CHUNK)
                _sync(file)
        except sqlite3.OperationalError as error:
            raise BackupFailed(f"The backup was not made: {error}. Nothing was changed.") from error
        except sqlite3.DatabaseError as error:
            raise DatabaseDamaged(f"The database cannot be read: {error}. Restore a backup.") from error
        finally:
            for leftover in (raw, *raw.parent.glob(f"{raw.name}-*")):
                leftover.unlink(missing_ok=True)
        return facts

    def try_out(self, dump: Path, folder: Path, progress: Progress) -> tuple[Facts, list[str]]:
        _need_room(folder, dump.stat().st_size * 4)
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
            raise Conflict("A database in memory cannot be restored into. Set DATABASE_URL to a file.")
        database = Path(connection.settings_dict["NAME"])
        fresh = database.with_name(f"{database.name}.restore.part")
        try:
            self._unpack(dump, fresh, progress)
            if database.exists():
                _alike(database, fresh)
            connections.close_all()
            kept = _settle(database)
            fresh.replace(database)
            _sync_folder(database.parent)
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
        return _survey(database.execute, tables, f"SQLite {sqlite3.sqlite_version}")

    def _unpack(self, dump: Path, target: Path, progress: Progress) -> None:
        _private(target)
        total = dump.stat().st_size
        try:
            with dump.open("rb") as file, gzip.GzipFile(fileobj=file) as packed, target.open("wb") as plain:
                while chunk := packed.read(CHUNK):
                    plain.write(chunk)
                    progress(min(file.tell(), total), total)
                _sync(plain)
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


class PostgreSQL:
    """pg_dump and pg_restore of an exported snapshot; they never see the password on their command line."""

    name = "postgresql"
    suffix = ".dump"

    def dump(self, target: Path, progress: Progress) -> Facts:
        _private(target)
        try:
            with self._connect(autocommit=False) as held:
                held.execute("SET idle_in_transaction_session_timeout = 0")
                held.commit()
                held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                held.read_only = True
                snapshot = _one(held.execute("SELECT pg_export_snapshot()"))
                facts = self._facts(held)
                options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
                report = _counter("dumping contents of table", len(facts.counts), progress)
                self._run("pg_dump", *options, "--verbose", f"--file={target}", report=report)
        except psycopg.Error as error:
            raise BackupFailed(f"The backup was not made: {blank(str(error).strip())}.") from error
        with target.open("rb") as file:
            _sync(file)
        return facts

    def try_out(self, dump: Path, folder: Path, progress: Progress) -> tuple[Facts, list[str]]:
        own = str(connection.settings_dict["NAME"])
        prefix = f"{own[:30]}_verify_"
        scratch = f"{prefix}{datetime.now(UTC):%Y%m%d%H%M}_{secrets.token_hex(4)}"
        with self._connect() as server:
            _drop_forgotten(server, prefix)
            try:
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(scratch)))
            except psycopg.errors.InsufficientPrivilege as error:
                hint = "Let the database's user make one: ALTER ROLE ... CREATEDB."
                raise BackupFailed(f"No scratch database can be made to verify in. {hint}") from error
            try:
                self._load(dump, scratch, "--exit-on-error", progress=progress)
                with self._connect(dbname=scratch) as loaded:
                    return self._facts(loaded), []
            finally:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(scratch)))

    def replace(self, dump: Path, manifest: Manifest, progress: Progress) -> str:
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        with self._connect() as server:
            # What a newer schema added would stand in the way of the tables it refers to, and of `migrate`.
            extra = sorted(set(_tables(server)) - set(manifest.facts.counts))
            for table in extra:
                server.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
        # Every statement or none; a table somebody holds is a clear error, not a wait without end.
        options = ["--clean", "--if-exists", "--single-transaction"]
        name = str(connection.settings_dict["NAME"])
        self._load(dump, name, *options, progress=progress, PGOPTIONS="-c lock_timeout=15s")
        return f"Tables of a newer schema are gone: {', '.join(extra)}." if extra else ""

    def _load(self, dump: Path, database: str, *options: str, progress: Progress, **env: str) -> None:
        report = _counter("processing data for table", 0, progress)
        arguments = [*options, "--no-owner", "--no-privileges", "--verbose", f"--dbname={database}", str(dump)]
        self._run("pg_restore", *arguments, report=report, **env)

    def _facts(self, database: psycopg.Connection[Any]) -> Facts:
        def rows(query: str) -> Iterator[Any]:
            with database.transaction(), database.cursor(name="survey") as cursor:
                cursor.itersize = 100  # tiles are 10 kB each
                yield from cursor.execute(query)

        version = database.info.server_version
        return _survey(rows, _tables(database), f"PostgreSQL {version // 10_000}.{version % 10_000}")

    def _connect(self, *, autocommit: bool = True, **changed: str) -> psycopg.Connection[Any]:
        return psycopg.connect(autocommit=autocommit, **{**_libpq(), **changed})  # type: ignore[arg-type]

    def _run(self, program: str, *arguments: str, report: Callable[[str], None], **env: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise BackupFailed(f"{program} is not installed. Install PostgreSQL's client: `postgresql-client`.")
        known = {_ENVIRONMENT[name]: value for name, value in _libpq().items() if name in _ENVIRONMENT}
        said: deque[str] = deque(maxlen=50)
        with subprocess.Popen(  # noqa: S603 -- no shell, our own arguments
            [path, *arguments],
            env={**os.environ, **known, "LC_ALL": "C", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stderr or ():
                    said.append(line.strip())
                    report(line)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            wrong = [line for line in said if "error" in line.lower() or "fatal" in line.lower()] or list(said)[-3:]
            raise BackupFailed(f"{program} failed: {blank(' '.join(wrong[:3]))} Nothing was changed.")


_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def _libpq() -> dict[str, str]:
    """How to reach the database, without what is Django's own."""
    return {name: str(value) for name, value in connection.get_connection_params().items() if name in _ENVIRONMENT}


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


def _tables(database: psycopg.Connection[Any]) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    return [row[0] for row in database.execute(query)]


def _drop_forgotten(server: psycopg.Connection[Any], prefix: str) -> None:
    """Scratch databases of verifications that were killed: a day old by the time in their names."""
    before = f"{prefix}{datetime.now(UTC) - timedelta(days=1):%Y%m%d%H%M}"
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname < %s"
    for (name,) in server.execute(query, [prefix, before]).fetchall():
        with contextlib.suppress(psycopg.Error):
            server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def _counter(mark: str, total: int, progress: Progress) -> Callable[[str], None]:
    done = 0

    def report(line: str) -> None:
        nonlocal done
        if mark in line:
            done += 1
            progress(done, max(total, done))

    return report


def _bytes(source: sqlite3.Connection) -> int:
    pages, size = (source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages * size)


def _need_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        needs = f"about {wanted >> 20} MB are needed and {free >> 20} MB are free"
        raise BackupFailed(f"There is no room in {folder}: {needs}. Nothing was changed.")


def _private(path: Path) -> None:
    """An empty file that only its owner may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)


def _alike(old: Path, fresh: Path) -> None:
    """Mode and owner of the old file: root may restore for the service's user."""
    shutil.copymode(old, fresh)
    if os.geteuid() == 0:
        shutil.chown(fresh, old.stat().st_uid, old.stat().st_gid)


def _sync(file: Any) -> None:
    if file.writable():
        file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(draft: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    draft.replace(path)
    _sync_folder(path.parent)


def backup_folder() -> Path:
    """BACKUP_DIR, made when missing. Raises BackupFailed."""
    installation.require()
    folder: Path = settings.BACKUP_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupFailed(f"BACKUP_DIR {folder} cannot be made: {error.strerror}.") from error
    return folder

"""Whether the database takes a write within a second, and who is in the way when it does not."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from config.models import WriteProbe

BOUND_SECONDS = 1.0
_WAL_WRITE_LOCK = 120  # https://www.sqlite.org/walformat.html#locks: the byte of -shm that a writer locks


class Blocked(Exception):
    """The write could not be made in time; its text says what holds it up."""


def write() -> None:
    """Write one row. Raises Blocked when somebody else's lock is in the way for a second, DatabaseError otherwise."""
    try:
        if connection.vendor == "sqlite":
            _write_sqlite()
        else:
            _write_postgresql()
    except DatabaseError as error:
        if not is_lock(error):
            raise
        raise Blocked(holder()) from error


def is_lock(error: DatabaseError) -> bool:
    """Whether the error says that a lock was not to be had in time."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return getattr(cause, "sqlstate", "") in {"55P03", "57014"}  # lock_not_available, query_canceled


def holder() -> str:
    """Who holds the lock that writers wait for, as far as the database or the system tells."""
    found = _sqlite_holder() if connection.vendor == "sqlite" else _postgresql_holders()
    return found or "another transaction"


def _note() -> None:
    WriteProbe.objects.update_or_create(name="ready", defaults={"written_at": timezone.now()})


def _write_sqlite() -> None:
    patience = connection.settings_dict["OPTIONS"].get("timeout", 5)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {BOUND_SECONDS * 1000:.0f}")
        try:
            with transaction.atomic():
                _note()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")


def _write_postgresql() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{BOUND_SECONDS * 1000:.0f}"])
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{BOUND_SECONDS * 2000:.0f}"])
        _note()


def _sqlite_holder() -> str:
    """The process that has the lock on the write byte of the WAL index, from /proc/locks."""
    with suppress(OSError, ValueError, IndexError):
        inode = Path(f"{connection.settings_dict['NAME']}-shm").stat().st_ino
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            # 5: POSIX  ADVISORY  WRITE 4711 08:01:1234 120 120
            if "->" in words or words[3] != "WRITE" or int(words[5].rpartition(":")[2]) != inode:
                continue
            end = float("inf") if words[7] == "EOF" else int(words[7])
            if int(words[6]) <= _WAL_WRITE_LOCK <= end:
                return _name(int(words[4]))
    return ""


def _name(pid: int) -> str:
    if pid == os.getpid():
        return "another request of this process"
    with suppress(OSError):
        program = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        return f"process {pid} ({program})"
    return f"process {pid}"


_WAITING = """
    SELECT DISTINCT holder.pid, holder.application_name, holder.state,
           EXTRACT(epoch FROM clock_timestamp() - holder.xact_start)::int
    FROM pg_stat_activity waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid)
    JOIN pg_stat_activity holder ON holder.pid = blocking.pid
    WHERE waiting.datname = current_database() AND waiting.wait_event_type = 'Lock'
      AND waiting.state_change < clock_timestamp() - make_interval(secs => %s)
      AND NOT holder.pid IN (SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock')
    ORDER BY holder.pid LIMIT 3
"""
_HOLDING = """
    SELECT DISTINCT holder.pid, holder.application_name, holder.state,
           EXTRACT(epoch FROM clock_timestamp() - holder.xact_start)::int
    FROM pg_locks held JOIN pg_stat_activity holder ON holder.pid = held.pid
    WHERE held.granted AND held.relation = 'config_writeprobe'::regclass AND held.pid <> pg_backend_pid()
      AND held.mode NOT IN ('AccessShareLock', 'RowShareLock')
    ORDER BY holder.pid LIMIT 3
"""


def waiting_for() -> str:
    """On PostgreSQL: the sessions that others have waited for longer than a second; nothing where there are none."""
    return _sessions(_WAITING, [BOUND_SECONDS]) if connection.vendor == "postgresql" else ""


def _postgresql_holders() -> str:
    return _sessions(_HOLDING) or _sessions(_WAITING, [0])


def _sessions(query: str, parameters: list[float] | None = None) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows = cursor.fetchall()
    return ", ".join(
        f"session {pid} ({program or 'without a name'}, {state}, in a transaction for {seconds or 0} s)"
        for pid, program, state, seconds in rows
    )

"""Dumping a database while it is written to, and loading a dump, on SQLite and on PostgreSQL."""

from django.db import connection

from audit.backups.engines.files import backup_folder, publish
from audit.backups.engines.terms import BackupFailed, DatabaseDamaged, Engine, Progress

__all__ = ["BackupFailed", "DatabaseDamaged", "Engine", "Progress", "backup_folder", "engine", "publish"]


def engine() -> Engine:
    """That of the database in use, with the driver only it needs."""
    if connection.vendor == "postgresql":
        from audit.backups.engines.postgresql import PostgreSQL

        return PostgreSQL()
    from audit.backups.engines.sqlite import SQLite

    return SQLite()

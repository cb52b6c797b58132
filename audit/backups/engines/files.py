"""Files that are the owner's alone, on the disk for good, and only begun where there is room."""

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings

from audit.backups.engines.terms import BackupFailed
from config import installation


def backup_folder() -> Path:
    """BACKUP_DIR, made when missing. Raises BackupFailed."""
    installation.require()
    folder: Path = settings.BACKUP_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupFailed(f"BACKUP_DIR {folder} cannot be made: {error.strerror}.") from error
    return folder


def need_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted:
        needs = f"about {wanted >> 20} MB are needed and {free >> 20} MB are free"
        raise BackupFailed(f"There is no room in {folder}: {needs}. Nothing was changed.")


def private(path: Path) -> None:
    """An empty file that only its owner may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)


def sync(file: Any) -> None:
    if file.writable():
        file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(draft: Path, path: Path) -> None:
    """Give a finished file its name, for good."""
    draft.replace(path)
    sync_folder(path.parent)

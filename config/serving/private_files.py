"""What the service keeps is its owner's alone: tightened at the start of `up`, and by `doctor --fix`."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

_SQLITE_FILES = ("", "-wal", "-shm", "-journal")
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


def tighten() -> list[str]:
    """Take from everybody else what they may do with our folder and files; what could not be changed, in words."""
    refused = []
    for path in open_to_others():
        try:
            path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        except OSError as error:
            refused.append(f"{path} is open to other users and cannot be closed: {error.strerror}")
    return refused


def open_to_others() -> list[Path]:
    """Our files and our folder, where another user may read or write them."""
    found = []
    for path in _ours():
        with suppress(OSError):
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                found.append(path)
    return found


def _ours() -> Iterator[Path]:
    """What the service made. Whatever else lies in the same folders is not ours to change."""
    if not is_shared(settings.DATA_DIR):
        yield settings.DATA_DIR
    for name in ("secret_key", "credential_keys", "audit_signing_key"):
        yield settings.DATA_DIR / name
    yield settings.HOME_DIR / ".env"
    if settings.DATABASE["ENGINE"].endswith("sqlite3"):
        for end in _SQLITE_FILES:
            yield Path(f"{settings.DATABASE['NAME']}{end}")
    with suppress(OSError):
        yield from settings.BACKUP_DIR.glob("handrail-*")


def is_shared(folder: Path) -> bool:
    """Whether others rightly use the folder: one with the sticky bit, as /tmp, or the root of the file system."""
    with suppress(OSError):
        return folder == folder.parent or bool(folder.stat().st_mode & stat.S_ISVTX)
    return False

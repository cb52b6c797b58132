"""The files a command was given. Each is checked, or named as not checked: a file nobody looked at is never green."""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from config.errors import DomainError
from config.secrets import retold, scrub
from schemacheck.checker.checked import Checked
from schemacheck.checker.findings import unread
from schemacheck.checker.source import MAX_SCRIPT_CHARS
from schemacheck.revisions import changed_since

NOT_CHECKED = "file-not-checked"
MAX_BYTES = 4 * MAX_SCRIPT_CHARS  # no character of UTF-8 has more than four


class NotChecked(DomainError):
    """A file that cannot be looked at; `detail` says why and what to do."""

    code = "not-checked"


def _inside(folder: str) -> Iterator[str]:
    """The files of a folder, and of those that links in it lead to: each folder once, by its own name if it has one."""
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unreadable):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort(key=lambda name, place=place: Path(place, name).is_symlink())  # type: ignore[misc]
        yield from (str(Path(place, name)) for name in names if name.endswith(".sql"))


def _unreadable(error: OSError) -> None:
    raise NotChecked(f"{error.filename} cannot be read ({error.strerror}), so nothing was checked.") from error


def sql_files(paths: list[str], since: str | None = None) -> list[str]:
    """The files named and those in the folders named; with `since` of those that are there only what changed.

    Raises NotChecked for a folder without any, one that may never end or that cannot be read; UnknownRevision.
    """
    files: list[str] = []
    for path in paths:
        if path == "-" or not Path(path).is_dir():
            files.append(path)
            continue
        inside = sorted(_inside(path))
        if not inside:
            raise NotChecked(f"There is no .sql file in {path}, so nothing was checked. Name another folder, or files.")
        if odd := next((file for file in inside if Path(file).exists() and not Path(file).is_file()), None):
            raise NotChecked(f"{odd} is a pipe or a device, so nothing was checked. Move it, or name the files.")
        files += inside
    if since is None:
        return files
    changed = changed_since(since)
    return [path for path in files if path == "-" or not Path(path).exists() or Path(path).resolve() in changed]


def read(path: str) -> str:
    """What a file holds, or standard input for `-`. Raises NotChecked."""
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotChecked(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise NotChecked(f"{path} has more than {MAX_BYTES:,} bytes, so it was not checked. Split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        detail = f"{path} is not UTF-8: byte {error.start + 1}, line {line}. Convert it first."
        raise NotChecked(detail) from error


def checked(path: str, sql: str, report: dict[str, Any], blanked: dict[str, str]) -> Checked:
    """The report on a file, without the secrets that stand in it.

    Files told of together give the same `blanked`, as they share most of what is said of them.
    """
    return Checked(path=path, sql=sql, report=retold(scrub(report, blanked), sql))


def not_checked(path: str, reason: str, *, dialect: str | None = None) -> Checked:
    """The report on a file nobody could look at."""
    return Checked(path=path, sql="", report=unread(reason, dialect=dialect).as_dict())

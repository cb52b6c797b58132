"""Where the service keeps its data, and who may make that place: reading makes nothing.

A command that was started without the service's DATA_DIR would otherwise leave a second, empty installation beside the
code, and answer from it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings

from config.errors import Unavailable
from config.home import missing

_PROGRAMS = {"manage.py", "handrail"}
_MAKERS = {"up", "migrate", "backup restore", "backup_restore", "restore", "runserver"}


class NoInstallation(Unavailable):
    """Nothing is where the settings look."""

    code = "no-installation"
    remedy = "set `DATA_DIR` or `DATABASE_URL` to where the installation is, or make one; `detail` says how"


def is_missing() -> bool:
    """Whether the settings point to nothing, and this process may not change that."""
    return not settings.MAY_MAKE and not is_there(settings.DATABASE)


def require() -> None:
    """Raises NoInstallation where nothing may be made and nothing is."""
    if is_missing():
        raise NoInstallation(missing(settings.DATA_DIR))


def may_make(arguments: Sequence[str] | None = None) -> bool:
    """Whether this process may make an installation: a server, a worker, a test, or a command that sets one up."""
    program, *words = arguments or sys.argv
    if Path(program).name not in _PROGRAMS:
        return True
    makes = words[:1] == ["doctor"] and "--fix" in words
    return makes or not _MAKERS.isdisjoint((" ".join(words[:1]), " ".join(words[:2])))


def opened_only(database: dict[str, Any]) -> dict[str, Any]:
    """The description of a database that is opened where it is there, and not made where it is not."""
    name = str(database["NAME"])
    if is_there(database) or name.startswith("file:"):
        return database
    return {**database, "NAME": f"file:{quote(name)}?mode=rw"}


def is_there(database: dict[str, Any]) -> bool:
    """Whether there is something to open: what a server keeps is not looked for."""
    name = str(database["NAME"])
    if not database["ENGINE"].endswith("sqlite3") or name.startswith(":memory:"):
        return True
    return not name.endswith("?mode=rw") if name.startswith("file:") else Path(name).exists()

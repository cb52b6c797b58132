"""Whether Handrail runs from a checkout or is installed, and what follows from it.

Where its own files lie, which variables of the environment are meant for it, what its command is called, and how it
starts processes of its own. Standard library only, and little of it: hooks wait for this module.
"""

import os
import sys
from collections.abc import Mapping

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""The folder with the packages `config`, `audit` and the tools."""
PACKAGES = "_service"
"""What that folder is called within the installed package `handrail`."""
INSTALLED = os.path.basename(ROOT) == PACKAGES
PROGRAM = "handrail" if INSTALLED or os.path.basename(sys.argv[0]).startswith("handrail") else "manage.py"
"""What to type, for messages that name a command."""
PREFIX = "HANDRAIL_"
DATABASE_FILE = "handrail.sqlite3"
SHARED_NAMES = frozenset({"ALLOWED_HOSTS", "CACHE_URL", "CELERY_BROKER_URL", "DATABASE_URL", "DEBUG", "SECRET_KEY"})
"""What other projects call their settings too. Installed, they count with PREFIX only: whoever has DATABASE_URL in a
shell means the database of the project at hand."""
_SETTINGS = "config.settings"
SETTINGS_GIVEN = os.environ.get("DJANGO_SETTINGS_MODULE")
"""The module that stood in the environment, for what is run in the caller's name."""


def folder() -> str:
    """Where `.env` lies, and the data unless DATA_DIR says otherwise: the checkout, or a folder of the user's."""
    if named := os.environ.get(f"{PREFIX}HOME"):
        return os.path.abspath(named)
    if not INSTALLED:
        return ROOT
    if sys.platform == "darwin":
        return os.path.expanduser("~/Library/Application Support/handrail")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.expanduser("~"), "handrail")
    named = os.environ.get("XDG_DATA_HOME", "")
    return os.path.join(named if os.path.isabs(named) else os.path.expanduser("~/.local/share"), "handrail")


def variable(name: str, written: Mapping[str, str] | None = None) -> str | None:
    """What the environment says to us, then what is `written` in `.env`; a shared name with PREFIX before without."""
    shared = name.removesuffix("_FILE") in SHARED_NAMES
    ours, plain = (f"{PREFIX}{name}", name) if shared else (name, name)
    for values, key in ((os.environ, ours), ({} if shared and INSTALLED else os.environ, plain)):
        if key in values:
            return values[key]
    found = (written or {}).get(ours)
    return (written or {}).get(plain) if found is None else found


def spelled(name: str) -> str:
    """What a person has to write for a variable that counts."""
    return f"{PREFIX}{name}" if INSTALLED and name in SHARED_NAMES else name


def take_settings() -> None:
    """Let Django read our settings: the module that a developer exports is of another project, unless it lies here."""
    if not _are_ours(os.environ.get("DJANGO_SETTINGS_MODULE", "")):
        os.environ["DJANGO_SETTINGS_MODULE"] = _SETTINGS


def settings_of_another() -> str | None:
    """The settings that the caller exports for a project that is not ours."""
    return SETTINGS_GIVEN if SETTINGS_GIVEN and not _are_ours(SETTINGS_GIVEN) else None


def _are_ours(named: str) -> bool:
    place = os.path.join(ROOT, *named.split("."))
    files = (f"{place}.py", os.path.join(place, "__init__.py"))
    return bool(named) and not INSTALLED and any(map(os.path.isfile, files))


def module(name: str, *arguments: str) -> list[str]:
    """The command of a process that runs a module of ours, with `environment`: never one of the current folder."""
    return [sys.executable, "-P", "-m", name, *arguments]


def environment() -> dict[str, str]:
    """Our own, in which a process finds our packages before all others."""
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, *others])}


def command(**set_apart: str) -> str:
    """What a person types for a command of this installation, in any folder of this machine.

    `set_apart` is what decides which installation that is and a shell of theirs would not have.
    """
    from shlex import quote

    where = " ".join(f"{name}={value if value == UNSAID else quote(value)}" for name, value in set_apart.items())
    return f"{where} {program()}".strip()


UNSAID = "..."
"""In place of a value that is not shown: pasted, the command says what it needs."""


def program(*, whole: bool = False) -> str:
    """The command alone; `whole` is for whoever may have another PATH, as agents started from a desktop do."""
    from shlex import quote
    from shutil import which

    if not INSTALLED:
        return f"{quote(sys.executable)} {quote(os.path.join(ROOT, 'manage.py'))}"
    beside = os.path.join(os.path.dirname(sys.executable), "handrail")
    found = which("handrail")
    is_found = found and os.path.realpath(found) == os.path.realpath(beside)
    return "handrail" if is_found and not whole else quote(beside)


def missing(place: str | os.PathLike[str]) -> str:
    """What to tell somebody who looked in the wrong place."""
    return (
        f"There is no installation of Handrail in {place}. Where the service keeps its data elsewhere, set DATA_DIR "
        f"to that folder, in the environment or in {os.path.join(folder(), '.env')}; `{PROGRAM} up` makes a new one."
    )

"""Which Python a project runs under, and what it is told of our environment: nothing that is ours."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemacheck.checker.errors import InvalidCheck

_OURS = (
    "PYTHONSAFEPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "DJANGO_SETTINGS_MODULE",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)
_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENTS = (".venv", "venv", "env")


def find_python(named: str | None, beside: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The Python named; else of an environment beside the project or above it in its repository; else the shell's.

    Raises InvalidCheck where the one named is not there, or none is.
    """
    if named is not None:
        found = shutil.which(named)
        if found is None and Path(named).is_dir():
            found = next((str(path) for path in _inside(Path(named)) if path.exists()), None)
        if found is None:
            raise InvalidCheck(f"There is no Python at {named}. Name the one your project runs under.")
        return Path(found).absolute()  # not resolved: the link tells Python which environment it is of
    for candidate in _candidates(beside, environ):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    raise InvalidCheck(f"No Python was found for {beside}. Name the one your project runs under with --python.")


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The caller's environment without what would make the project's Python take our packages or settings.

    Its PYTHONPATH stays; the settings it exports are for who asks to name.
    """
    kept = {key: value for key, value in environ.items() if key not in _OURS}
    if "PYTHONPATH" in kept:
        paths = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(path for path in paths if path and Path(path).resolve() != _ROOT)
    return kept


def _candidates(beside: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in _within_repository(beside):
        for name in _ENVIRONMENTS:
            yield from _inside(folder / name)
    active = environ.get("VIRTUAL_ENV")
    if active and Path(active).resolve() != Path(sys.prefix).resolve():  # pre-commit sets it to ours
        yield from _inside(Path(active))
    for name in ("python3", "python"):
        if found := shutil.which(name, path=environ.get("PATH")):
            yield Path(found)


def _within_repository(beside: Path) -> list[Path]:
    """The folder and those above it up to the root of its repository; it alone where it lies in none."""
    folders = [beside, *beside.parents]
    root = next((number for number, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    return folders[: root + 1]


def _inside(folder: Path) -> Iterator[Path]:
    yield folder / "bin" / "python"
    yield folder / "Scripts" / "python.exe"

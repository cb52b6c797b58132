"""Which Python a project runs under, and what it is told of our environment: nothing that is ours."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemacheck.checker.errors import InvalidCheck

_OURS = (
    "PYTHONSAFEPATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "DJANGO_SETTINGS_MODULE",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)
_ENVIRONMENTS = (".venv", "venv", "env")


def find_python(named: str | None, beside: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The Python named; else of an environment beside the project, up to its repository; else the shell's.

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
    """The caller's environment without what would make the project's Python take our packages or settings."""
    return {key: value for key, value in environ.items() if key not in _OURS}


def _candidates(beside: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    for folder in (beside, *beside.parents):
        for name in _ENVIRONMENTS:
            yield from _inside(folder / name)
        if (folder / ".git").exists():
            break
    active = environ.get("VIRTUAL_ENV")
    if active and Path(active).resolve() != Path(sys.prefix).resolve():  # pre-commit sets it to ours
        yield from _inside(Path(active))
    for name in ("python3", "python"):
        if found := shutil.which(name, path=environ.get("PATH")):
            yield Path(found)


def _inside(folder: Path) -> Iterator[Path]:
    yield folder / "bin" / "python"
    yield folder / "Scripts" / "python.exe"

"""Virtual environments with the packages of a project, made once and kept in the user's cache."""

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handrail-tests"
_SECONDS = 300


@functools.cache
def python_with(version: str, *packages: str) -> Path:
    """The Python of an environment; skips where that Python or the package index is not there."""
    found = _interpreter(version)
    if found is None:
        pytest.skip(f"Python {version} is not installed here.")
    name = hashlib.sha256("\n".join([str(found), *packages]).encode()).hexdigest()[:16]
    folder = CACHE / f"{version}-{name}"
    python = folder / "bin" / "python"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in other processes want the same one
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(found, folder, packages)
            (folder / "complete").touch()
    return python


def newest_python(*versions: str) -> str:
    """The first of these versions that is installed; skips where none is."""
    for version in versions:
        if _interpreter(version):
            return version
    pytest.skip(f"None of Python {', '.join(versions)} is installed here.")


def _interpreter(version: str) -> Path | None:
    """A Python on PATH, or one of pyenv's; its shims are asked, as they stand there for versions nobody chose."""
    named = [shutil.which(f"python{version}"), sys.executable if sys.version.startswith(f"{version}.") else None]
    managed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for candidate in [*filter(None, named), *map(str, managed)]:
        asked = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return Path(candidate)
    return None


def _make(python: Path, folder: Path, packages: tuple[str, ...]) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    inside = str(folder / "bin" / "python")
    if uv:
        steps = [[uv, "venv", "--quiet", "--python", str(python), str(folder)]]
        steps.append([uv, "pip", "install", "--quiet", "--python", inside, *packages])
    else:
        steps = [[str(python), "-m", "venv", str(folder)], [inside, "-m", "pip", "install", "--quiet", *packages]]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            last = (done.stderr.strip() or "no word").splitlines()[-1]
            pytest.skip(f"{', '.join(packages)} cannot be installed here: {last}")

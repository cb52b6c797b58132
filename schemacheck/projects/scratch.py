"""A PostgreSQL for one trial: made of what is installed here, with nothing in it, and gone with all its data."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemacheck.checker.errors import InvalidCheck

_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/homebrew/opt/postgresql@*", "/usr/local/opt/postgresql@*")
_ACCOUNTS = ("postgres", "nobody")
_ROLE = "handrail"
_SECONDS = 60
_ADVICE = "Install PostgreSQL's server, or name an empty database with --scratch URL."
# Nothing of it outlives the trial, so nothing need reach the disk; it listens to nobody but through its own folder.
_OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off"


@contextmanager
def server(named: str | None = None) -> Iterator[str]:
    """The address of an empty database; the one named, else of a server that lives as long as the block.

    Raises InvalidCheck where there is none to start.
    """
    if named is not None:
        yield named
        return
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="handrail-scratch-"))
    try:
        if account:
            shutil.chown(folder, account)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-A", "trust", "-U", _ROLE, "-E", "UTF8", "--no-sync"], account)
        control = [programs / "pg_ctl", "-D", data, "-w", "-t", str(_SECONDS)]
        started = f"{_OPTIONS} -c unix_socket_directories='{folder}'"
        _run([*control, "-l", folder / "log", "-o", started, "start"], account)
        try:
            yield f"postgresql://{_ROLE}@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the newest server's programs."""
    found = [path for pattern in _FOLDERS for path in Path("/").glob(f"{pattern.lstrip('/')}/**/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path))
    if not found:
        raise InvalidCheck(f"There is no PostgreSQL to try it on here. {_ADVICE}")
    return max(found, key=lambda path: [int(part) for part in path.parts if part.isdigit()]).parent


def _account() -> str | None:
    """Whom to start it as, where we are root, which it refuses."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return name
    raise InvalidCheck(f"PostgreSQL refuses to be started by root. {_ADVICE}")


def _run(command: list[object], account: str | None) -> None:
    with tempfile.TemporaryFile() as said:  # a pipe would stay open as long as the server that is started
        try:
            code = subprocess.call(  # noqa: S603  -- PostgreSQL's own programs
                [str(word) for word in command], stdout=said, stderr=said, user=account, cwd="/", timeout=2 * _SECONDS
            )
        except subprocess.TimeoutExpired:
            code = -1
        if code:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise InvalidCheck(f"A PostgreSQL to try it on does not start: {''.join(last) or code}. {_ADVICE}")

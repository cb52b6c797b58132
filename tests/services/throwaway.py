"""What the throw-away servers of the tests share: a free port, an ordinary user, one command run beside a server."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path


class ServerMissing(RuntimeError):
    """The server is not installed; the message says what to install."""


def free_port() -> int:
    """A TCP port of this machine that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ordinary_user(preferred: str) -> str | None:
    """The account to run a server as when we are root (servers refuse root); None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in (preferred, "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServerMissing(f"Run as an ordinary user, or add a user {preferred!r}: the server refuses to run as root.")


def find_program(name: str, *folders: str) -> Path | None:
    """The program in the newest of the given folders (glob patterns), else on PATH."""
    for pattern in folders:
        found = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"), key=_version, reverse=True)
        if found:
            return found[0]
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parts if part.isdigit())


def run_beside(server: Callable[[], AbstractContextManager[str]], variable: str, argv: Sequence[str]) -> int:
    """Run the command after `--` with `variable` set to the server's address; the command's exit code."""
    command = list(argv[1:]) if argv[:1] == ["--"] else list(argv)
    if not command:
        sys.stderr.write("Name the command to run, after --\n")
        return 2
    if os.environ.get(variable):  # somebody's own server was named: use that
        return subprocess.call(command)
    try:
        with server() as address:
            sys.stderr.write(f"{variable}={address}\n")
            return subprocess.call(command, env={**os.environ, variable: address})
    except ServerMissing as error:
        sys.stderr.write(f"{error}\n")
        return 2

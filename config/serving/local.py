"""The web's second door: a Unix socket at SOCKET_PATH, for programs of this machine. Callers need a key there too."""

import contextlib
import os
import socket
import stat
from collections.abc import MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import DomainError

if TYPE_CHECKING:
    from config.serving.bodies import Receive
    from config.serving.streams import Send

_CALLER, _HERE = ("127.0.0.1", 0), ("localhost", 80)
ANYBODY = 0o666
"""The port on loopback asks nobody either who they are before their key; the folder may say more."""


class SocketTaken(DomainError):
    """SOCKET_PATH cannot be listened on."""

    code = "socket-taken"
    remedy = "set SOCKET_PATH to a path of its own in a folder that this user may write, or leave it empty"


async def application(scope: MutableMapping[str, Any], receive: "Receive", send: "Send") -> None:
    """The site, whose rules about callers' addresses hold for those who come by the socket as for others."""
    from config.serving.asgi import application as site

    if scope["type"] == "http":
        scope["client"], scope["server"] = _CALLER, _HERE
    await site(scope, receive, send)


def free(path: Path) -> None:
    """Take away the socket that a server which died has left there. Raises SocketTaken."""
    try:
        if not path.parent.is_dir():
            raise SocketTaken(f"SOCKET_PATH is {path}, and {path.parent} is no folder.")
        if not os.access(path.parent, os.W_OK):
            raise SocketTaken(f"SOCKET_PATH is {path}, and {path.parent} cannot be written.")
        known = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketTaken(f"SOCKET_PATH is {path}, which cannot be looked at: {error.strerror}.") from error
    if not stat.S_ISSOCK(known.st_mode):
        raise SocketTaken(f"SOCKET_PATH is {path}, and something else lies there.")
    if _answers(path):
        raise SocketTaken(f"SOCKET_PATH is {path}, and another server listens there.")
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe, contextlib.suppress(OSError):
        probe.settimeout(1.0)
        probe.connect(str(path))
        return True
    return False

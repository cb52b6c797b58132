"""The web server: `python -m config.serving.web` serves the ASGI door on HOST and PORT until SIGTERM.

And on the Unix socket at SOCKET_PATH, where one is named.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from config.farewell import say_farewell
from config.serving import local
from config.serving.pulse import EVERY_SECONDS

MOST_CONNECTIONS = 65_536
# For the whole head of a request, and between two on one connection: a proxy that keeps it for 60 s, as nginx does,
# must be the first to close it, or it sends a request into a connection that is gone.
SILENT_MILLISECONDS = 65_000
GRACE_SECONDS = 2.5  # for answers under way, the last words of live streams among them


async def serve(host: str, port: int, beat: Callable[[], None], connections: int) -> None:
    """Serve until told to stop. Embedded in this process: a master process would cost 32 MB to watch one child."""
    from config.serving.live import BOARD

    servers = _servers(host, port, connections)
    loop = asyncio.get_running_loop()
    beating = loop.create_task(_beat(beat))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = {loop.create_task(server.serve()) for server in servers}
    asked = loop.create_task(stopping.wait())
    await asyncio.wait({*serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    for ended in [task for task in serving if task.done()]:
        ended.result()
        raise RuntimeError("The web server ended by itself.")
    beating.cancel()
    BOARD.close()
    for server in servers:
        server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait(serving, timeout=GRACE_SECONDS)


def _servers(host: str, port: int, connections: int) -> list[Server]:
    """The one on the network, and where there is a SOCKET_PATH one there. Raises SocketTaken."""
    from django.conf import settings

    from config.serving.asgi import application

    servers = [_server(application, connections, address=host, port=port)]
    if path := settings.SOCKET_PATH:
        local.free(path)
        servers.append(_server(local.application, max(connections // 8, 64), uds=path))
        servers[-1].on_startup(lambda: path.chmod(local.ANYBODY))
    return servers


def _server(application: Callable[..., Any], connections: int, **where: Any) -> Server:
    return Server(
        application,
        **where,
        interface=Interfaces.ASGINL,
        websockets=False,
        http=HTTPModes.http1,  # finding out whether it is HTTP/2 would wait for the first byte without any bound
        http1_settings=HTTP1Settings(header_read_timeout=SILENT_MILLISECONDS),
        backlog=1024,
        backpressure=connections,
        log_level=LogLevels.error,
    )


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(EVERY_SECONDS)


def main(host: str, port: int, beat: Callable[[], None] = lambda: None) -> None:
    """Serve, and leave at once afterwards. `beat` is called by the event loop every second."""
    asyncio.run(serve(host, port, beat, _connections()))
    sys.stdout.flush()
    say_farewell()
    os._exit(0)  # a thread that is still busy with a request nobody waits for would hold the process


def _connections() -> int:
    """How many clients may be connected at once: most of the open files the system lets us have.

    Beyond that nobody is answered, liveness included, so idle clients must need many and be closed soon.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(most, MOST_CONNECTIONS)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return max(most * 3 // 4, 64)


if __name__ == "__main__":
    from django.conf import settings

    main(settings.HOST, settings.PORT)

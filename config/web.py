"""The web server: `python -m config.web` serves the ASGI door on HOST and PORT until SIGTERM."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from config.pulse import EVERY_SECONDS

GRACE_SECONDS = 2.5  # for answers under way; a live stream never ends by itself


async def serve(host: str, port: int, beat: Callable[[], None]) -> None:
    """Serve until told to stop. Embedded in this process: a master process would cost 32 MB to watch one child."""
    from config.asgi import application

    server = Server(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        websockets=False,
        backlog=1024,
        log_level=LogLevels.error,
    )
    loop = asyncio.get_running_loop()
    beating = loop.create_task(_beat(beat))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = loop.create_task(server.serve())
    asked = loop.create_task(stopping.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
        raise RuntimeError("The web server ended by itself.")
    beating.cancel()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=GRACE_SECONDS)


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(EVERY_SECONDS)


def main(host: str, port: int, beat: Callable[[], None] = lambda: None) -> None:
    """Serve, and leave at once afterwards. `beat` is called by the event loop every second."""
    _allow_many_connections()
    asyncio.run(serve(host, port, beat))
    sys.stdout.flush()
    os._exit(0)  # a thread that is still busy with a request nobody waits for would hold the process


def _allow_many_connections() -> None:
    """As many open files as the system lets us have: idle clients must not take the last descriptor."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    from django.conf import settings

    main(settings.HOST, settings.PORT)

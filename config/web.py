"""The web server: `python -m config.web` serves the ASGI door on HOST and PORT until SIGTERM."""

import asyncio
import os
import signal
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

GRACE_SECONDS = 2.5  # for answers under way; a live stream never ends by itself


async def serve(host: str, port: int) -> None:
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
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    serving = loop.create_task(server.serve())
    asked = loop.create_task(stopping.wait())
    await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
        raise RuntimeError("The web server ended by itself.")
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.wait({serving}, timeout=GRACE_SECONDS)


def main(host: str, port: int) -> None:
    """Serve, and leave at once afterwards."""
    asyncio.run(serve(host, port))
    sys.stdout.flush()
    os._exit(0)  # a thread that is still busy with a request nobody waits for would hold the process


if __name__ == "__main__":
    from django.conf import settings

    main(settings.HOST, settings.PORT)

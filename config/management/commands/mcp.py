import os
import signal
from functools import partial
from types import FrameType
from typing import Any

import anyio
from django.core.management.base import CommandError

from config.commands import OperationCommand
from config.errors import DomainError
from config.farewell import say_farewell
from config.home import PROGRAM
from config.keys import authenticate_key


class Command(OperationCommand):
    is_server = True
    help = "Serve MCP over stdin and stdout, with the key in HANDRAIL_API_KEY."
    examples = (
        ("apikey create agent --scope write", "the key for HANDRAIL_API_KEY, first"),
        ("mcp", "what an agent starts, with that key in its environment"),
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end_at_once)
        raw = os.environ.pop("HANDRAIL_API_KEY", "")  # no child process shall inherit it
        if not raw:
            raise CommandError(f"HANDRAIL_API_KEY is not set. `{PROGRAM} apikey create NAME` makes one.", returncode=2)
        try:
            authenticate_key(raw)
        except DomainError as error:
            raise CommandError(f"HANDRAIL_API_KEY: {error.detail}", returncode=2) from error
        from config.mcp.server import server  # the SDK takes a second to import
        from config.mcp.session import admit, session

        with session(key=partial(admit, raw)):
            anyio.run(server().run_stdio_async)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """A thread waits for the next line of stdin, which nothing can end; a transaction under way rolls back."""
    say_farewell()
    os._exit(128 + number)

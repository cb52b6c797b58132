"""MCP over stdin and stdout: one message a line, each checked and bounded before the SDK reads it."""

import sys
from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread
from django.conf import settings
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage

from config.mcp.messages import Malformed, check_message


class _Lines:
    """The sound lines of stdin; the others are answered here."""

    def __init__(self) -> None:
        self.answers: Any = None  # the SDK's stream to stdout, once it is open

    async def __aiter__(self) -> AsyncIterator[str]:
        while line := await _next_line():
            try:
                if line.strip():
                    check_message(line)
                    yield line.decode("utf-8-sig")
            except Malformed as error:
                await self.answers.send(SessionMessage(error.answer()))


async def _next_line() -> bytes:
    return await to_thread.run_sync(_read_line, abandon_on_cancel=True)


def _read_line() -> bytes:
    """The next line, empty at the end. Of one that is too long, its beginning, which `check_message` refuses."""
    line = sys.stdin.buffer.readline(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    rest = line
    while rest and not rest.endswith(b"\n"):
        rest = sys.stdin.buffer.readline(1024 * 1024)
    return line


async def serve_stdio(lowlevel: Any) -> None:
    """Serve until stdin ends."""
    lines = _Lines()
    async with stdio_server(stdin=lines) as (requests, answers):  # type: ignore[arg-type]
        lines.answers = answers
        await lowlevel.run(requests, answers, lowlevel.create_initialization_options())

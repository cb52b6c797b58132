"""Calls tools as the official client does, in process."""

from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from mcp import Client, MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult

from config.keys import authenticate_key
from config.mcp.server import Server, server
from config.mcp.session import session


def call_tool(name: str, arguments: dict[str, Any], *, key: str, mode: str = "auto", on: Server | None = None) -> Any:
    """The structured answer of a tool; ToolError with the text the agent reads when it refuses."""
    result = async_to_sync(exchange)(name, arguments, key=key, mode=mode, on=on or server())
    if isinstance(result, MCPError):
        raise result
    if result.is_error:
        raise ToolError(result.content[0].text)  # type: ignore[union-attr]
    return result.structured_content


def ask(method: str, *arguments: Any, key: str, mode: str = "auto", **more: Any) -> Any:
    """What the official client answers to one of its own methods, such as `list_prompts`."""
    answer = async_to_sync(_ask)(method, arguments, more, key, mode)
    if isinstance(answer, MCPError):
        raise answer
    return answer


async def _ask(method: str, arguments: tuple[Any, ...], more: dict[str, Any], key: str, mode: str) -> Any:
    with session(key=partial(authenticate_key, key)):
        async with Client(server(), mode=mode) as client:
            try:
                return await getattr(client, method)(*arguments, **more)
            except MCPError as error:
                return error


async def exchange(
    name: str, arguments: dict[str, Any], *, key: str, mode: str, on: Server
) -> CallToolResult | MCPError:
    with session(key=partial(authenticate_key, key)):
        async with Client(on, mode=mode) as client:
            try:
                return await client.call_tool(name, arguments)
            except MCPError as error:  # raised in here it would leave the client inside an exception group
                return error

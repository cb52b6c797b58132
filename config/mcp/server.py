"""The MCP server behind both transports: one SDK object that serves the handshake and the stateless era alike."""

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp_types import Tool as PublishedTool
from pydantic import ValidationError

from config.context import acting_as, caller, correlation_id
from config.errors import DomainError, FieldError, Forbidden
from config.mcp.schema import slim, without_absent
from config.mcp.stdio import serve_stdio
from config.mcp.tools import Tool, tools
from config.models import ApiKey
from config.rest.parsers import parse_json
from config.rest.problems import as_domain_error
from config.secrets import blank
from config.serving.threads import threads_for

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

INSTRUCTIONS = """Handrail gives a team that builds with coding agents six tools on one database.
Before you run a CREATE or ALTER TABLE, call validate_schema. Before you send an image to a vision model, call
check_cache. Record what you changed and why with record_audit. Report a failure you cannot mend with escalate_bug:
the same bug_id again raises its frequency instead of making a second bug.
An error says what is wrong and what to do next. Answers that list things take a limit; narrow by filters instead of
reading everything. What you do is recorded under the name of your API key."""


class ScopeTooLow(Forbidden):
    """The key may not call this tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Whose calls these are. `key` is asked at every call, so that a revoked key ends a running session."""

    key: Callable[[], ApiKey]
    correlation_id: str = ""
    pool: ThreadPoolExecutor | None = None
    length: int = 0
    """Bytes of the request."""


_session: ContextVar[Session] = ContextVar("mcp_session")


@contextmanager
def session(**known: Any) -> Iterator[None]:
    """Serve what runs inside on behalf of the given key."""
    token = _session.set(Session(**known))
    try:
        yield
    finally:
        _session.reset(token)


async def in_thread(function: Callable[[], Result], pool: ThreadPoolExecutor | None = None) -> Result:
    """Run ORM code off the event loop, keeping no connection longer than CONN_MAX_AGE allows.

    Django closes connections at its request signals, which never fire here: without the closing, every thread of the
    pool kept one for good and failed all its calls once PostgreSQL had restarted. Without a pool the code runs on
    the caller's own thread, where a test's transaction is visible.
    """

    def bracketed() -> Result:
        _close_old_connections()
        try:
            return function()
        finally:
            _close_old_connections()

    if pool is None:
        return await sync_to_async(bracketed, thread_sensitive=True)()
    # Not sync_to_async, which takes as long again as the hop: nothing that runs here changes its caller's context.
    return await asyncio.get_running_loop().run_in_executor(pool, copy_context().run, bracketed)


def _close_old_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # the transaction of whoever called us in process
            connection.close_if_unusable_or_obsolete()


def _perform(declared: Tool, arguments: dict[str, Any], current: Session, agent: str) -> Any:
    key = current.key()
    if not key.allows(declared.scope):
        raise ScopeTooLow(
            f"{declared.name} needs a key of scope {declared.scope} or higher; {key.name} has {key.scope}. "
            "Ask an operator for such a key."
        )
    details = {"tool": declared.name} | ({"agent": agent} if agent else {})
    correlation = current.correlation_id or correlation_id()
    with acting_as(actor=key.name, scope=key.scope, door="mcp", correlation_id=correlation, details=details):
        try:
            return declared.function(**arguments)
        except Exception as error:
            if known := as_domain_error(error):
                raise known from error
            logger.exception("MCP tool %s failed", declared.name)
            detail = f"{declared.name} failed unexpectedly; the log has it as {correlation}. Tell an operator that id."
            raise DomainError(detail) from error


class Server(MCPServer[Any]):
    """Adds to the SDK's server: unknown names as protocol errors, readable refusals, compact answers."""

    def __init__(self, declared: dict[str, Tool]) -> None:
        super().__init__(
            "handrail",
            title="Handrail",
            version=settings.SPECTACULAR_SETTINGS["VERSION"],
            instructions=INSTRUCTIONS,
            subscriptions=False,  # the lists never change while a process runs
            log_level="WARNING",
        )
        self.declared = declared
        for item in declared.values():
            self.add_tool(
                _as_coroutine(item),
                name=item.name,
                title=item.title,
                annotations=ToolAnnotations(
                    read_only_hint=item.read_only,
                    destructive_hint=item.destructive,
                    idempotent_hint=item.idempotent,
                    open_world_hint=item.open_world,
                ),
            )
        self.schemas = {item.name: item.output_schema or {} for item in self._tool_manager.list_tools()}

    async def list_tools(self) -> list[PublishedTool]:
        published = await super().list_tools()
        for item in published:
            item.input_schema = slim(item.input_schema) | {"additionalProperties": False}
            item.output_schema = slim(item.output_schema)
        return published

    async def get_prompt(self, name: str, *args: Any, **options: Any) -> Any:
        raise MCPError(INVALID_PARAMS, f"Unknown prompt: {name[:100]}. There are none.")

    async def read_resource(self, uri: Any, *args: Any, **options: Any) -> Any:
        raise MCPError(INVALID_PARAMS, f"Unknown resource: {str(uri)[:100]}. There are none.")

    async def run_stdio_async(self) -> None:
        await serve_stdio(self._lowlevel_server)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        declared = self.declared.get(name)
        if declared is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name}. tools/list names the tools there are.")
        try:
            _check_arguments(declared, arguments)
            with acting_as(details={"agent": _agent(context)}):
                result = await super().call_tool(name, arguments, context)
        except Exception as error:
            raise ToolError(_refusal(declared, error)) from error
        assert isinstance(result, CallToolResult)
        if result.structured_content is not None:
            schema = self.schemas[name]
            result.structured_content = without_absent(result.structured_content, schema, schema.get("$defs", {}))
            text = json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))
            # Some clients give the model only this text, others only the structure: both carry the same facts.
            result.content = [TextContent(type="text", text=text)]
        return result


@cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _check_arguments(declared: Tool, arguments: dict[str, Any]) -> None:
    known = _parameters(declared.function)
    if unknown := [name for name in arguments if name not in known]:
        raise DomainError(f"{declared.name} has no argument {unknown[0][:64]!r}. It takes: {', '.join(known)}.")
    parse_json(json.dumps(arguments).encode())  # the rules of the REST bodies hold here too


def _agent(context: Context[Any, Any] | None) -> str:
    """The client's name as it gave it, for the trail."""
    client = context.session.client_params if context else None
    return f"{client.client_info.name} {client.client_info.version}"[:100] if client else ""


def _refusal(declared: Tool, error: Exception) -> str:
    """What the agent reads instead of an answer: what is wrong, field by field, and what to do."""
    cause = error.__cause__ if isinstance(error, ToolError) else error
    if isinstance(cause, ValidationError):
        errors = [
            FieldError(field=".".join(map(str, item["loc"])), code=item["type"], detail=item["msg"])
            for item in cause.errors(include_url=False, include_input=False)
        ]
        cause = DomainError(f"Some arguments of {declared.name} are not valid.", errors=errors)
    known = as_domain_error(cause) if isinstance(cause, Exception) else None
    if known is None:
        logger.error("MCP tool %s could not answer", declared.name, exc_info=error)
        return f"{declared.name} failed unexpectedly. Tell an operator the time and your key's name."
    return blank("\n".join([known.detail, *(f"{item.field}: {item.detail}" for item in known.errors)]))


def _as_coroutine(declared: Tool) -> Callable[..., Any]:
    async def run(**arguments: Any) -> Any:
        current = _session.get()
        agent = caller().details.get("agent", "")
        with threads_for(current.length, current.pool) as pool:
            return await in_thread(partial(_perform, declared, arguments, current, agent), pool)

    run.__name__ = declared.name
    run.__doc__ = inspect.getdoc(declared.function)
    run.__signature__ = inspect.signature(declared.function, eval_str=True)  # type: ignore[attr-defined]
    return run


@cache
def server() -> Server:
    """The server with every app's tools."""
    return Server(tools())

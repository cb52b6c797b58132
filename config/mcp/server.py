"""The MCP server behind both transports: one SDK object that serves the handshake and the stateless era alike."""

import inspect
import json
import logging
from collections.abc import Callable
from functools import cache, partial
from typing import Any, ClassVar

from django.conf import settings
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp_types import Tool as PublishedTool
from pydantic import ValidationError

from config.context import acting_as, caller
from config.errors import DomainError, FieldError
from config.mcp.calls import Call, perform, refuse
from config.mcp.reading import Reading, agent_of
from config.mcp.schema import slim, without_absent, without_far_bounds
from config.mcp.stdio import serve_stdio
from config.mcp.tools import Tool, tools
from config.rest.parsers import parse_json
from config.rest.problems import as_domain_error
from config.secrets import blank

logger = logging.getLogger(__name__)

INSTRUCTIONS = """Handrail gives a team that builds with coding agents six tools on one database.
Before you run a CREATE or ALTER TABLE, call validate_schema. Before you send an image to a vision model, call
check_cache. Record what you changed and why with record_audit. Report a failure you cannot mend with escalate_bug:
the same bug_id again raises its frequency instead of making a second bug.
An error says what is wrong and what to do next. Answers that list things take a limit, and next_cursor goes on where
they end; narrow by filters instead of reading everything. What you do is recorded under the name of your API key."""


class Server(Reading, MCPServer[Any]):
    """Adds to the SDK's server: unknown names as protocol errors, readable refusals, compact answers."""

    speaks_meanwhile: ClassVar[bool] = False
    """Whether tools say or ask something while they run; then answers are streams, and the handshake era has sessions,
    which live in one process."""

    def __init__(self, declared: dict[str, Tool]) -> None:
        super().__init__(
            "handrail",
            title="Handrail",
            version=settings.SPECTACULAR_SETTINGS["VERSION"],
            instructions=INSTRUCTIONS,
            subscriptions=False,  # nobody is told of changes: lists say how long they may be kept
            log_level="WARNING",
        )
        self.declared = declared
        for item in declared.values():
            self.add_tool(
                _as_coroutine(item),
                name=item.name,
                title=item.title,
                annotations=_hints(item),
            )
        self.schemas = {item.name: item.output_schema or {} for item in self._tool_manager.list_tools()}
        self.completion()(self.complete)  # type: ignore[no-untyped-call]

    @property
    def methods(self) -> tuple[str, ...]:
        """Of HTTP. Where every request stands alone there is no stream to open and no session to delete."""
        return ("POST", "GET", "DELETE") if self.speaks_meanwhile else ("POST",)

    async def list_tools(self) -> list[PublishedTool]:
        published = await super().list_tools()
        for item in published:
            item.input_schema = without_far_bounds(slim(item.input_schema)) | {"additionalProperties": False}
            item.output_schema = slim(item.output_schema)
        return published

    async def run_stdio_async(self) -> None:
        await serve_stdio(self._lowlevel_server)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        declared = self.declared.get(name)
        if declared is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name}. tools/list names the tools there are.")
        agent = agent_of(context)
        try:
            _check_arguments(declared, arguments)
            with acting_as(details={"agent": agent}):
                result = await super().call_tool(name, arguments, context)
        except Exception as error:
            known = await _refused(declared, arguments, agent, error)
            told = [known.detail, *(f"{item.field}: {item.detail}" for item in known.errors)]
            raise ToolError(blank("\n".join(told))) from error
        assert isinstance(result, CallToolResult)
        if result.structured_content is not None:
            schema = self.schemas[name]
            result.structured_content = without_absent(result.structured_content, schema, schema.get("$defs", {}))
            text = json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))
            # Some clients give the model only this text, others only the structure: both carry the same facts.
            result.content = [TextContent(type="text", text=text)]
        return result


def _hints(item: Tool) -> ToolAnnotations:
    """What only reads destroys nothing: the protocol says that the other two mean nothing then."""
    hints = ToolAnnotations(read_only_hint=item.read_only, open_world_hint=item.open_world)
    if not item.read_only:
        hints.destructive_hint, hints.idempotent_hint = item.destructive, item.idempotent
    return hints


@cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _check_arguments(declared: Tool, arguments: dict[str, Any]) -> None:
    known = _parameters(declared.function)
    if unknown := [name for name in arguments if name not in known]:
        raise DomainError(f"{declared.name} has no argument {unknown[0][:64]!r}. It takes: {', '.join(known)}.")
    parse_json(json.dumps(arguments).encode())  # the rules of the REST bodies hold here too


async def _refused(declared: Tool, arguments: dict[str, Any], agent: str, error: Exception) -> DomainError:
    """What the agent reads instead of an answer: what is wrong, field by field, and what to do."""
    cause = error.__cause__ if isinstance(error, ToolError) else error
    if isinstance(cause, DomainError) and cause is not error:
        return cause  # of the call itself, which is over
    if isinstance(cause, ValidationError):
        errors = [
            FieldError(field=".".join(map(str, item["loc"])), code=item["type"], detail=item["msg"])
            for item in cause.errors(include_url=False, include_input=False)
        ]
        cause = DomainError(f"Some arguments of {declared.name} are not valid.", errors=errors)
    known = as_domain_error(cause) if isinstance(cause, Exception) else None
    if known is None:
        logger.error("MCP tool %s could not answer", declared.name, exc_info=error)
        return DomainError(f"{declared.name} failed unexpectedly. Tell an operator the time and your key's name.")
    return await refuse(_call(declared, arguments, agent), known)


def _call(declared: Tool, arguments: dict[str, Any], agent: str) -> Call:
    return Call(
        kind="tool",
        name=declared.name,
        arguments=arguments,
        scope=declared.scope,
        read_only=declared.read_only,
        agent=agent,
    )


def _as_coroutine(declared: Tool) -> Callable[..., Any]:
    async def run(**arguments: Any) -> Any:
        call = _call(declared, arguments, caller().details.get("agent", ""))
        return await perform(call, partial(declared.function, **arguments))

    run.__name__ = declared.name
    run.__doc__ = inspect.getdoc(declared.function)
    run.__signature__ = inspect.signature(declared.function, eval_str=True)  # type: ignore[attr-defined]
    return run


@cache
def server() -> Server:
    """The server with every app's tools."""
    return Server(tools())

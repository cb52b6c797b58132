"""Prompts and resources of apps as the SDK's server answers for them: lists, contents, and values to complete."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    PromptArgument,
    PromptMessage,
    PromptReference,
    ResourceTemplate,
    ResourceTemplateReference,
    TextContent,
)
from mcp_types import Prompt as PublishedPrompt
from mcp_types import Resource as PublishedResource

from config.errors import DomainError
from config.mcp import prompts
from config.mcp.calls import Call, perform
from config.mcp.cursors import cursor_at, place_of
from config.mcp.resources import COMPLETED, LISTED, find_resource, resources
from config.secrets import blank

JSON = "application/json"
Answer = TypeVar("Answer")


def agent_of(context: Any) -> str:
    """The client's name as it gave it, for the trail."""
    client = context.session.client_params if context else None
    return f"{client.client_info.name} {client.client_info.version}"[:100] if client else ""


class Reading:
    """Mixed into the SDK's server: what is in a table is asked for, not registered."""

    async def _handle_list_prompts(
        self, context: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        offered, after = prompts.source(), ""
        if offered is None:
            return ListPromptsResult(prompts=[])
        call = Call(kind="prompt", name="list", agent=agent_of(context))
        if params and params.cursor:
            [after] = await _answered(call, partial(place_of, params.cursor, str))
        found = list(await _answered(call, partial(offered.after, after, prompts.PAGE + 1)))
        page = [_published(item) for item in found[: prompts.PAGE]]
        return ListPromptsResult(prompts=page, next_cursor=cursor_at(page[-1].name) if len(found) > len(page) else None)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> Any:
        offered = prompts.source()
        if offered is None:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {name[:100]}. There are none.")
        given = arguments or {}
        call = Call(kind="prompt", name=name, arguments=given, agent=agent_of(context))
        said = await _answered(call, partial(offered.messages, name, given))
        return GetPromptResult(messages=[_message(role, text) for role, text in said])

    async def list_resources(self) -> list[PublishedResource]:
        listed = []
        for kind in resources().values():
            call = Call(kind="resource", name=kind.template)
            for item in await _answered(call, partial(kind.newest, LISTED)):
                address = kind.address(item.values)
                listed.append(PublishedResource(uri=address, name=address, title=item.title, mime_type=JSON))
        return listed

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return [
            ResourceTemplate(
                uri_template=kind.template,
                name=kind.scheme,
                title=kind.title,
                description=kind.description,
                mime_type=JSON,
            )
            for kind in resources().values()
        ]

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Any:
        call = Call(kind="resource", name=str(uri)[:200], agent=agent_of(context))

        def read() -> dict[str, Any]:
            kind, parameters = find_resource(str(uri))
            return kind.read(**parameters)

        found = await _answered(call, read)
        return [ReadResourceContents(content=json.dumps(found, ensure_ascii=False, default=str), mime_type=JSON)]

    async def complete(
        self,
        reference: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion:
        """Values that begin as the user has begun; none for what there is not."""
        given = (context.arguments if context else None) or {}
        find = partial(_values, reference, argument.name, argument.value, given)
        call = Call(kind="completion", name=f"{_named(reference)} {argument.name}"[:200])
        values = list(await _answered(call, find))
        return Completion(values=values[:COMPLETED], total=len(values), has_more=len(values) > COMPLETED)


def _values(
    reference: PromptReference | ResourceTemplateReference, name: str, begun: str, given: dict[str, str]
) -> list[str]:
    if isinstance(reference, PromptReference):
        offered = prompts.source()
        return list(offered.complete(reference.name, name, begun)) if offered else []
    kind = resources().get(reference.uri)
    return list(kind.complete(name, begun, given)) if kind and name in kind.parameters else []


def _named(reference: PromptReference | ResourceTemplateReference) -> str:
    return reference.name if isinstance(reference, PromptReference) else reference.uri


async def _answered(call: Call, function: Callable[[], Answer]) -> Answer:
    """These have no result that tells of an error: what is refused is the protocol's error, of wrong parameters."""
    try:
        return await perform(call, function)
    except DomainError as error:
        raise MCPError(INVALID_PARAMS, blank(error.detail)) from error


def _published(item: prompts.Offered) -> PublishedPrompt:
    arguments = [PromptArgument(name=name, required=True) for name in item.arguments]
    return PublishedPrompt(name=item.name, description=item.description or None, arguments=arguments)


def _message(role: str, text: str) -> PromptMessage:
    """The protocol knows two roles; what a prompt says as `system` stands first and is said by the user."""
    content = TextContent(type="text", text=text)
    return PromptMessage(role="assistant" if role == "assistant" else "user", content=content)

"""What the official conformance suite of MCP expects a server to offer, on our own server object behind our own door.

The suite's names and words are the specification's. Nothing of this is in the product: no tool of ours asks its client
anything while it runs, so this server also shows that one which does could be served.
"""

import base64
import json
from typing import Any, ClassVar

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Prompt, UserMessage
from mcp_types import (
    AudioContent,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field, create_model

from config.mcp.server import Server
from tests.services.conformance_inputs import INPUTS, test_input_required_result_prompt

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
Ctx = Context[Any, Any]


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def static_text() -> str:
    return "This is the content of the static text resource."


def watched() -> str:
    return "Watched resource content."


def static_binary() -> bytes:
    return base64.b64decode(PIXEL)


def templated(id: str) -> str:  # noqa: A002 -- the template's own name
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def test_simple_text() -> str:
    """Answer with text."""
    return "This is a simple text response for testing."


def test_image_content() -> ImageContent:
    """Answer with an image."""
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def test_audio_content() -> AudioContent:
    """Answer with sound."""
    return AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


def test_embedded_resource() -> EmbeddedResource:
    """Answer with a resource."""
    return _embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")


def test_multiple_content_types() -> list[Any]:
    """Answer with text, an image and a resource."""
    mixed = _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
    return [_text("Multiple content types test:"), test_image_content(), mixed]


def test_error_handling() -> str:
    """Fail."""
    raise ToolError("This tool intentionally returns an error for testing")


CONTENTS = [
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
]


async def test_tool_with_logging(context: Ctx) -> str:
    """Say three lines of log, then answer."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.info(line)
    return "Tool with logging executed successfully"


async def test_logging_tool(context: Ctx) -> str:
    """Say a line of log to whoever asked for such."""
    return await test_tool_with_logging(context)


async def test_tool_with_progress(context: Ctx) -> str:
    """Tell of progress, then answer."""
    for done in (0, 50, 100):
        await context.report_progress(done, 100, f"Completed step {done} of 100")
    return "Done"


async def test_sampling(prompt: str, context: Ctx) -> str:
    """Have the client's model say something."""
    said = await context.session.create_message(
        messages=[SamplingMessage(role="user", content=_text(prompt))], max_tokens=100
    )
    return f"LLM response: {getattr(said.content, 'text', '')}"


class Answer(BaseModel):
    username: str
    email: str


class Person(BaseModel):
    name: str = Field(default="John Doe")
    age: int = Field(default=30)
    score: float = Field(default=95.5)
    status: str = Field(default="active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = Field(default=True)


def _options(kind: str, *values: str, titled: bool = True) -> dict[str, Any]:
    return {kind: [{"const": value, "title": value.title()} for value in values] if titled else list(values)}


CHOICES: dict[str, Any] = {
    "untitledSingle": (str, _options("enum", "option1", "option2", titled=False)),
    "titledSingle": (str, _options("oneOf", "value1", "value2")),
    "legacyEnum": (str, {"enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]}),
    "untitledMulti": (
        list[str],
        {"items": {"type": "string", **_options("enum", "option1", "option2", titled=False)}},
    ),
    "titledMulti": (list[str], {"items": _options("anyOf", "value1", "value2")}),
}
_FIELDS: dict[str, Any] = {name: (kind, Field(json_schema_extra=more)) for name, (kind, more) in CHOICES.items()}
Choices = create_model("Choices", **_FIELDS)


async def _asked(context: Ctx, message: str, schema: type[BaseModel]) -> str:
    said = await context.elicit(message, schema)
    content = said.data.model_dump_json() if said.action == "accept" else "{}"
    return f"action={said.action}, content={content}"


async def test_elicitation(message: str, context: Ctx) -> str:
    """Ask the user something."""
    return f"User response: {await _asked(context, message, Answer)}"


async def test_elicitation_sep1034_defaults(context: Ctx) -> str:
    """Ask the user, with an answer proposed for each field."""
    return f"Elicitation completed: {await _asked(context, 'Who are you?', Person)}"


async def test_elicitation_sep1330_enums(context: Ctx) -> str:
    """Ask the user to choose."""
    return f"Elicitation completed: {await _asked(context, 'Which do you want?', Choices)}"


SPEAKING = [test_tool_with_logging, test_logging_tool, test_tool_with_progress]
ASKING = [
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
]


def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """A prompt of two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
    """A prompt that holds a resource."""
    held = _embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(held), UserMessage("Please process the embedded resource above.")]


def test_prompt_with_image() -> list[UserMessage]:
    """A prompt that holds an image."""
    return [UserMessage(test_image_content()), UserMessage("Please analyze the image above.")]


PROMPTS = [
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
    test_input_required_result_prompt,
]


class ConformanceServer(Server):
    """Our server with the suite's fixtures beside its tools."""

    speaks_meanwhile: ClassVar[bool] = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for function in [*CONTENTS, *SPEAKING, *ASKING, *INPUTS]:
            self.add_tool(function, structured_output=False)
        self._offer_resources()
        for prompt in PROMPTS:
            self.add_prompt(Prompt.from_function(prompt))
        low = self._lowlevel_server
        low.add_request_handler("logging/setLevel", SetLevelRequestParams, _acknowledged)
        low.add_request_handler("resources/subscribe", SubscribeRequestParams, _acknowledged)
        low.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, _acknowledged)

    def _offer_resources(self) -> None:
        self.resource("test://static-text", mime_type="text/plain")(static_text)
        self.resource("test://static-binary", mime_type="image/png")(static_binary)
        self.resource("test://watched-resource", mime_type="text/plain")(watched)
        self.resource("test://template/{id}/data", mime_type="application/json")(templated)

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Ctx | None = None) -> Any:
        ours = name in self.declared or self._tool_manager.get_tool(name) is None
        if ours:
            return await super().call_tool(name, arguments, context)
        return await MCPServer.call_tool(self, name, arguments, context)

    async def _handle_list_prompts(self, context: Any, params: Any) -> Any:
        listed = await super()._handle_list_prompts(context, params)
        return listed.model_copy(update={"prompts": [*listed.prompts, *await self.list_prompts()]})

    async def get_prompt(self, name: str, arguments: dict[str, Any] | None = None, context: Ctx | None = None) -> Any:
        fixture = self._prompt_manager.get_prompt(name)
        return await (MCPServer.get_prompt(self, name, arguments, context) if fixture else super().get_prompt(name))

    async def list_resources(self) -> list[Any]:
        return [*await super().list_resources(), *await MCPServer.list_resources(self)]

    async def list_resource_templates(self) -> list[Any]:
        return [*await super().list_resource_templates(), *await MCPServer.list_resource_templates(self)]

    async def read_resource(self, uri: Any, context: Ctx | None = None) -> Any:
        fixture = str(uri).startswith(("test://static", "test://watched", "test://template"))
        return await (MCPServer.read_resource(self, uri, context) if fixture else super().read_resource(uri, context))


async def _acknowledged(context: ServerRequestContext[Any, Any], params: Any) -> EmptyResult:
    return EmptyResult()

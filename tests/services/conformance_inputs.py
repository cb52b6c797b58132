"""The suite's tools that answer by asking: what they need from the client, and what they say once they have it."""

from collections.abc import Awaitable, Callable
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

Ctx = Context[Any, Any]
Asking = Callable[[Ctx], Awaitable[str | InputRequiredResult]]


def _form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(
        method="elicitation/create", params=ElicitRequestFormParams(message=message, requested_schema=schema)
    )


def _sampled(prompt: str) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
    return CreateMessageRequest(
        method="sampling/createMessage", params=CreateMessageRequestParams(messages=[message], max_tokens=100)
    )


NAME = _form("What is your name?", "name")
CONFIRM = _form("Please confirm", "ok", "boolean")
ROOTS = ListRootsRequest(method="roots/list")


def _tool(name: str, requests: dict[str, InputRequest], said: str, state: str | None = None) -> Asking:
    """A tool that needs all of these answered, and its own state back if it has one."""

    async def run(context: Ctx) -> str | InputRequiredResult:
        answers = context.input_responses or {}
        if requests.keys() <= answers.keys() and context.request_state == state:
            return said
        return InputRequiredResult(input_requests=requests, request_state=state)

    run.__name__, run.__doc__ = name, f"Ask for {', '.join(requests)}."
    return run


async def test_input_required_result_multi_round(context: Ctx) -> str | InputRequiredResult:
    """Ask twice, the second time for something else."""
    answers = context.input_responses or {}
    if context.request_state == "round-2" and "step2" in answers:
        return "Thank you."
    if context.request_state == "round-1" and "step1" in answers:
        second = _form("Step 2: What is your favorite color?", "color")
        return InputRequiredResult(input_requests={"step2": second}, request_state="round-2")
    first = _form("Step 1: What is your name?", "name")
    return InputRequiredResult(input_requests={"step1": first}, request_state="round-1")


async def test_input_required_result_capabilities(context: Ctx) -> str | InputRequiredResult:
    """Ask only what the client says it can answer."""
    able = context.client_capabilities
    requests: dict[str, InputRequest] = {}
    if able and able.elicitation is not None:
        requests["user_name"] = NAME
    if able and able.sampling is not None:
        requests["greeting"] = _sampled("Generate a greeting")
    return InputRequiredResult(input_requests=requests) if requests else "Nothing can be asked."


async def test_missing_capability(context: Ctx) -> str:
    """Refuse a client whose model cannot be asked."""
    able = context.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY, "This needs sampling.", {"requiredCapabilities": {"sampling": {}}}
        )
    return "It can."


async def test_input_required_result_prompt(context: Ctx) -> list[UserMessage] | InputRequiredResult:
    """A prompt that asks before it is made."""
    if "user_context" in (context.input_responses or {}):
        return [UserMessage("Go on with that context.")]
    return InputRequiredResult(input_requests={"user_context": _form("What context should the prompt use?", "context")})


INPUTS: list[Any] = [
    _tool("test_input_required_result_elicitation", {"user_name": NAME}, "Hello!"),
    _tool("test_streaming_elicitation", {"user_name": NAME}, "Hello!"),
    _tool(
        "test_input_required_result_sampling",
        {"capital_question": _sampled("What is the capital of France?")},
        "Thank you.",
    ),
    _tool("test_input_required_result_list_roots", {"client_roots": ROOTS}, "Thank you."),
    _tool("test_input_required_result_request_state", {"confirm": CONFIRM}, "state-ok", "confirming"),
    _tool("test_input_required_result_tampered_state", {"confirm": CONFIRM}, "state-ok", "confirming"),
    _tool(
        "test_input_required_result_multiple_inputs",
        {"user_name": NAME, "greeting": _sampled("Generate a greeting"), "client_roots": ROOTS},
        "Thank you.",
        "all",
    ),
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
    test_missing_capability,
]

"""The whole body a provider's API answers with: which one it is, and what the model says in it.

Shapes: OpenAI Chat Completions and Responses (also vLLM, Azure, OpenRouter), Anthropic Messages, Gemini
generateContent, Bedrock Converse and InvokeModel, Ollama chat and generate, Cohere,
Replicate.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Why a model stopped, or that it has not yet, which means: this is not its answer, or not all of it. Being cut at the
# length limit is none of them: the limit is part of the request, so that what was said up to there is the answer to it.
BLOCKED = frozenset(
    {
        "blocklist",
        "content_filter",
        "content_filtered",
        "error",
        "failed",
        "canceled",
        "cancelled",
        "error_toxic",
        "image_other",
        "image_prohibited_content",
        "in_progress",
        "language",
        "malformed_response",
        "processing",
        "queued",
        "starting",
        "unexpected_tool_call",
        "guardrail_intervened",
        "image_safety",
        "malformed_function_call",
        "malformed_model_output",
        "malformed_tool_use",
        "model_armor",
        "prohibited_content",
        "recitation",
        "refusal",
        "safety",
        "spii",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is in a body. `said` is text, tool calls and media; a model's thoughts and refusals are not."""

    said: tuple[Any, ...]
    stop: str = ""
    """Why the model stopped, as the provider words it; the worst of several."""

    @property
    def is_blocked(self) -> bool:
        return self.stop.lower() in BLOCKED


def read_reply(body: Mapping[str, Any]) -> Reply | None:
    """None: neither the body nor what it wraps alone, as `{"response": ...}`, is a provider's that is known here."""
    inner = next(iter(body.values())) if len(body) == 1 else None
    known = (shape(each) for each in (body, inner) if isinstance(each, Mapping) for shape in _SHAPES)
    return next((reply for reply in known if reply is not None), None)


def _chat_completion(body: Mapping[str, Any]) -> Reply | None:
    """OpenAI's, and the older completions with a `text`; a chunk of a stream has a `delta`."""
    choices = _objects(body.get("choices"))
    if not any(
        {"message", "delta"} & choice.keys() or {"text", "finish_reason"} <= choice.keys() for choice in choices
    ):
        return _unanswered(body, "choices") if _OF_A_COMPLETION & body.keys() else None
    said = [
        text
        for choice in choices
        for text in (*_message(choice.get("message") or choice.get("delta")), choice.get("text"))
    ]
    return _reply(said, (choice.get("finish_reason") for choice in choices))


_OF_A_COMPLETION = frozenset({"created", "model", "object", "usage"})


def _response(body: Mapping[str, Any]) -> Reply | None:
    """OpenAI Responses: items of output, of which reasoning is no answer."""
    items = _objects(body.get("output"))
    if body.get("object") != "response" and not any(
        item.get("type") in _OUTPUT_ITEMS and _OF_AN_OUTPUT_ITEM & item.keys() for item in items
    ):
        return None
    said = [part for item in items for part in _output_item(item)]
    details = body.get("incomplete_details")
    return _reply(said, [body.get("status"), details.get("reason") if isinstance(details, Mapping) else None])


_OUTPUT_ITEMS = frozenset({"message", "function_call", "reasoning", "image_generation_call", "custom_tool_call"})
_OF_AN_OUTPUT_ITEM = frozenset({"arguments", "call_id", "content", "encrypted_content", "result", "summary"})


def _output_item(item: Mapping[str, Any]) -> Iterator[Any]:
    match item.get("type"):
        case "message":
            yield from _parts(item.get("content"))
        case "reasoning":
            return
        case _:
            yield from (item.get(name) for name in ("arguments", "input", "result", "action", "code"))


def _assistant(body: Mapping[str, Any]) -> Reply | None:
    """Anthropic's, and a single message out of any body."""
    if body.get("role") == "model" and "parts" in body:
        return _reply(_parts(body["parts"]), [])
    if "content" not in body or (body.get("role") != "assistant" and "stop_reason" not in body):
        return None
    return _reply(_message(body), [body.get("stop_reason")])


def _gemini(body: Mapping[str, Any]) -> Reply | None:
    candidates = _objects(body.get("candidates"))
    feedback = body.get("promptFeedback", body.get("prompt_feedback"))
    stops = [_first(candidate, "finishReason", "finish_reason") for candidate in candidates]
    if isinstance(feedback, Mapping):
        return _reply(
            _gemini_said(candidates), [*stops, *(["safety"] if _first(feedback, "blockReason", "block_reason") else [])]
        )
    if not any(stops) and not any(isinstance(candidate.get("content"), Mapping) for candidate in candidates):
        return Reply(said=()) if {"usageMetadata", "usage_metadata"} & body.keys() else None
    return _reply(_gemini_said(candidates), stops)


def _gemini_said(candidates: Iterable[Mapping[str, Any]]) -> Iterator[Any]:
    for candidate in candidates:
        content = candidate.get("content")
        if isinstance(content, Mapping):
            yield from _parts(content.get("parts"))


def _converse(body: Mapping[str, Any]) -> Reply | None:
    """Bedrock Converse."""
    output = body.get("output")
    if not isinstance(output, Mapping) or ("stopReason" not in body and not isinstance(output.get("message"), Mapping)):
        return None
    return _reply(_message(output.get("message")), [body.get("stopReason")])


def _invoked(body: Mapping[str, Any]) -> Reply | None:
    """Bedrock InvokeModel: Titan's results, Mistral's outputs, Llama's generation; Cohere's text of before."""
    for name, text, stop in (("results", "outputText", "completionReason"), ("outputs", "text", "stop_reason")):
        found = _objects(body.get(name))
        if found and all({text, stop} <= item.keys() for item in found):
            return _reply((item[text] for item in found), (item[stop] for item in found))
    if {"generation", "stop_reason"} <= body.keys():
        return _reply([body["generation"]], [body["stop_reason"]])
    if {"generation_id", "text"} <= body.keys():
        return _reply([body["text"], *_objects(body.get("tool_calls"))], [body.get("finish_reason")])
    return None


def _prediction(body: Mapping[str, Any]) -> Reply | None:
    """Replicate's, which is asked for until it has come to an end."""
    if not {"input", "output", "status", "version"} <= body.keys():
        return None
    output = body["output"]
    return _reply(output if isinstance(output, list) else [output], [body["status"]])


def _ollama(body: Mapping[str, Any]) -> Reply | None:
    """Ollama's chat (Cohere's looks alike) and generate."""
    message = body.get("message")
    stop = _first(body, "done_reason", "finish_reason")
    if isinstance(message, Mapping) and message.get("role") == "assistant":
        return _reply(_message(message), [stop])
    if isinstance(body.get("done"), bool) and "response" in body:
        return _reply([body["response"]], [stop])
    return None


_SHAPES: tuple[Callable[[Mapping[str, Any]], Reply | None], ...] = (
    _chat_completion,
    _response,
    _assistant,
    _gemini,
    _converse,
    _invoked,
    _prediction,
    _ollama,
)


def _message(message: Any) -> Iterator[Any]:
    """What an assistant's message says: its content, and the tools it calls."""
    if isinstance(message, Mapping):
        content = message.get("content")
        yield from _parts(content) if isinstance(content, list) else [content]
        yield from _objects(message.get("tool_calls"))
        yield message.get("function_call")
        yield message.get("audio")


def _parts(parts: Any) -> Iterator[Any]:
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, str):
            yield part
        elif isinstance(part, Mapping) and part.get("type") not in _UNSAID and not part.get("thought"):
            kept = {name: value for name, value in part.items() if name not in _ABOUT_A_PART}
            yield kept.get("text") if set(kept) == {"text"} else kept


_UNSAID = frozenset({"thinking", "redacted_thinking", "reasoning", "refusal"})
_ABOUT_A_PART = frozenset(
    {"annotations", "citations", "id", "logprobs", "reasoningContent", "refusal", "thought", "thoughtSignature", "type"}
)


def _unanswered(body: Mapping[str, Any], name: str) -> Reply | None:
    return Reply(said=()) if name in body and not body[name] else None


def _reply(said: Iterable[Any], stops: Iterable[Any]) -> Reply:
    words = [stop for stop in stops if isinstance(stop, str) and re.fullmatch(r"[A-Za-z_]{1,40}", stop)]
    worst = next((stop for stop in words if stop.lower() in BLOCKED), words[-1] if words else "")
    return Reply(said=tuple(said), stop=worst)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _first(body: Mapping[str, Any], *names: str) -> Any:
    return next((body[name] for name in names if body.get(name)), None)

"""The two APIs: how a conversation is written and an answer read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prompts.provider.bodies import NO_JSON, clean, count, is_blank, read_json
from prompts.provider.terms import Answer
from prompts.templates import Message

ANTHROPIC_VERSION = "2023-06-01"
ANTHROPIC_MAX_TOKENS = 1024
"""The messages API asks for a limit; used when a version's settings name none."""


def _joined(content: Any) -> str:
    """The text of a content field, which is a string, a list of parts, or null."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError
    return "".join(part["text"] for part in content if part["type"] == "text")


def _calls(calls: Sequence[tuple[Any, Any]]) -> str:
    """Tool calls, each a name and its arguments, as the text that is judged; nothing for none."""
    said = [{"name": name, "arguments": arguments} for name, arguments in calls]
    return json.dumps(said, ensure_ascii=False) if said else ""


def _arguments(text: Any) -> Any:
    """The arguments of a call, which one API writes as JSON in a string."""
    value = read_json(text.encode("utf-8", "replace")) if isinstance(text, str) else text
    return text if value is NO_JSON else value


@dataclass(frozen=True)
class _OpenAI:
    name = "chat completions"
    path = "chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"} if key else {}

    def request(self, messages: Sequence[Message], settings: Mapping[str, Any], model: str) -> dict[str, Any]:
        known = {name: value for name, value in settings.items() if name not in {"extra", "model"}}
        said = [{"role": message.role, "content": message.content} for message in messages]
        return {**settings.get("extra", {}), **known, "model": model, "messages": said, "stream": False}

    def answer(self, body: Any, model: str, latency_ms: int) -> Answer:
        choice = body["choices"][0]
        message = choice["message"]
        said, refused = _joined(message.get("content")), _joined(message.get("refusal"))
        functions = [call["function"] for call in message.get("tool_calls") or [] if call.get("function")]
        functions += [message["function_call"]] if message.get("function_call") else []
        calls = _calls([(function["name"], _arguments(function.get("arguments"))) for function in functions])
        answered = calls if is_blank(said) else said
        # A refusal is what the model says instead of an answer: words to judge, under a reason of their own.
        reason = choice.get("finish_reason") if answered or not refused else "refusal"
        usage = body.get("usage") or {}
        return Answer(
            text=clean(answered or refused),
            model=clean(str(body.get("model") or model))[:255],
            finish_reason=clean(str(reason or ""))[:50],
            input_tokens=count(usage.get("prompt_tokens")),
            output_tokens=count(usage.get("completion_tokens")),
            latency_ms=latency_ms,
        )


@dataclass(frozen=True)
class _Anthropic:
    name = "messages"
    path = "messages"
    # What the API calls otherwise; what it does not know (seed, penalties, response_format) is not sent.
    known: Mapping[str, str] = field(
        default_factory=lambda: {
            "temperature": "temperature",
            "top_p": "top_p",
            "top_k": "top_k",
            "max_tokens": "max_tokens",
            "max_completion_tokens": "max_tokens",
            "stop": "stop_sequences",
        }
    )

    def headers(self, key: str) -> dict[str, str]:
        return {"anthropic-version": ANTHROPIC_VERSION, **({"x-api-key": key} if key else {})}

    def request(self, messages: Sequence[Message], settings: Mapping[str, Any], model: str) -> dict[str, Any]:
        body: dict[str, Any] = {"max_tokens": ANTHROPIC_MAX_TOKENS, **settings.get("extra", {})}
        for name, value in settings.items():
            if name in self.known:
                body[self.known[name]] = [value] if name == "stop" and isinstance(value, str) else value
        instructions = [message.content for message in messages if message.role in {"system", "developer"}]
        if instructions:
            body["system"] = "\n\n".join(instructions)
        said = [{"role": m.role, "content": m.content} for m in messages if m.role in {"user", "assistant"}]
        if not said:
            # The API wants a user turn; instructions alone are then what the user says.
            said = [{"role": "user", "content": body.pop("system", "")}]
        return {**body, "model": model, "messages": said}

    def answer(self, body: Any, model: str, latency_ms: int) -> Answer:
        if not isinstance(body["content"], list):
            raise TypeError
        usage = body.get("usage") or {}
        words = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
        words["refusal"] = "content_filter"
        reason = str(body.get("stop_reason") or "")
        said = _joined(body["content"])
        calls = [(part["name"], part.get("input")) for part in body["content"] if part["type"] == "tool_use"]
        return Answer(
            text=clean(_calls(calls) if is_blank(said) else said),
            model=clean(str(body.get("model") or model))[:255],
            finish_reason=clean(words.get(reason, reason))[:50],
            input_tokens=count(usage.get("input_tokens")),
            output_tokens=count(usage.get("output_tokens")),
            latency_ms=latency_ms,
        )


APIS: dict[str, Any] = {"openai": _OpenAI(), "anthropic": _Anthropic()}

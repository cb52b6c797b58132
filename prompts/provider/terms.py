"""What a provider is, what it answers and how it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from config.errors import DomainError, Unavailable
from prompts.templates import Message


class ModelUnavailable(Unavailable):
    """No answer came: refused, timed out, overloaded or failing, also after the retries."""

    code = "model-unavailable"


class ModelRefused(DomainError):
    """The endpoint answered that it will not: a wrong key, model name or parameter."""

    status = 502
    code = "model-refused"


class ModelAnswerInvalid(DomainError):
    """What came back is not an answer of the API."""

    status = 502
    code = "model-answer-invalid"


class ModelSilent(DomainError):
    """The model answered, and its answer has neither text nor calls."""

    status = 502
    code = "model-silent"


class ModelMisconfigured(DomainError):
    """The MODEL_… settings cannot be used."""

    status = 503
    code = "model-misconfigured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    text: str
    """Never blank. Of tool calls alone they are the text, as JSON: `[{"name": ..., "arguments": ...}]`."""
    model: str
    finish_reason: str
    """stop, length, tool_calls, content_filter, refusal, or the vendor's own word."""
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int
    """Of the try that succeeded."""


class Provider(Protocol):
    """Answers a conversation. Called from several threads at once. Raises DomainError with a next step."""

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any], *, model: str) -> Answer: ...

    def close(self) -> None: ...

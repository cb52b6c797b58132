"""What a provider is, what it answers and how it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from config.errors import DomainError, Unavailable
from prompts.templates import Message


class ModelUnavailable(Unavailable):
    """No answer came: refused, timed out, overloaded or failing, also after the retries."""

    code = "model-unavailable"
    remedy = "wait, or check the endpoint; the call was tried again already"


class ModelRefused(DomainError):
    """The endpoint answered that it will not: a wrong key, model name or parameter."""

    status = 502
    code = "model-refused"
    remedy = "check key, model name and parameters against the endpoint"


class ModelAnswerInvalid(DomainError):
    """What came back is not an answer of the API."""

    status = 502
    code = "model-answer-invalid"
    remedy = "check the address of the model; what answers there speaks another language"


class ModelSilent(DomainError):
    """The model answered, and its answer has neither text nor calls."""

    status = 502
    code = "model-silent"
    remedy = "raise max_tokens, or use another model"


class ModelMisconfigured(DomainError):
    """The MODEL_… settings cannot be used."""

    status = 503
    code = "model-misconfigured"
    remedy = "mend the `MODEL_` settings that `detail` names"


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

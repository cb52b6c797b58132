"""The model behind the prompts: chat completions or Anthropic messages, over HTTP.

A provider is anything with `complete`; `MODEL_API` may name another class by its dotted path. Retries follow what
both vendors' clients do: two more tries on 408, 409, 429, 5xx, timeouts and lost connections, 0.5 s doubling to
8 s with jitter, `Retry-After` obeyed. The key is in no message and no log line.
"""

import math

from django.conf import settings
from django.utils.module_loading import import_string

from prompts.provider.bodies import redact
from prompts.provider.terms import (
    Answer,
    ModelAnswerInvalid,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
    ModelUnavailable,
    Provider,
)

__all__ = [
    "Answer",
    "ModelAnswerInvalid",
    "ModelMisconfigured",
    "ModelRefused",
    "ModelSilent",
    "ModelUnavailable",
    "Provider",
    "connect",
    "cost_micros",
    "default_model",
    "redact",
]


def connect() -> Provider:
    """The provider the settings name. Raises ModelMisconfigured."""
    if "." in settings.MODEL_API:
        try:
            provider: Provider = import_string(settings.MODEL_API)()
        except (ImportError, TypeError) as error:
            raise ModelMisconfigured(f"MODEL_API names {settings.MODEL_API}, which cannot be used: {error}.") from error
        return provider
    from prompts.provider.http import HTTPProvider  # brings the HTTP client, for the worker that asks

    return HTTPProvider(
        base_url=settings.MODEL_BASE_URL,
        api_key=settings.MODEL_API_KEY,
        api=settings.MODEL_API,
        timeout_seconds=settings.MODEL_TIMEOUT_SECONDS,
    )


def default_model() -> str:
    return str(settings.MODEL_NAME)


def cost_micros(answer: Answer, asked: str) -> int | None:
    """Micro-dollars by MODEL_PRICES, dollars per million tokens in and out; None without a price or a count."""
    # An endpoint may answer with a dated name of the model that was asked for.
    price = settings.MODEL_PRICES.get(answer.model) or settings.MODEL_PRICES.get(asked)
    if price is None or answer.input_tokens is None or answer.output_tokens is None:
        return None
    into, out = price
    # Dollars per million tokens are micro-dollars per token.
    return math.ceil(answer.input_tokens * into + answer.output_tokens * out)

"""The model behind the prompts: chat completions or Anthropic messages, over HTTP.

A provider is anything with `complete`; `MODEL_API` may name another class by its dotted path. Retries follow what
both vendors' clients do: two more tries on 408, 409, 429, 5xx, timeouts and lost connections, 0.5 s doubling to
8 s with jitter, `Retry-After` obeyed. The key is in no message and no log line.
"""

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from audit import cost
from audit.cost import PriceList
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


def connect(model: str = "") -> Provider:
    """Who answers for a model: the endpoint its name begins with, else the provider the settings name.

    Raises ModelMisconfigured, OutboundRefused, SecretUnreadable.
    """
    from prompts.provider import named  # which knows the tables; what only names a model needs none

    endpoint = named.endpoint_of(model) if model else None
    if endpoint is not None:
        return named.connect_to(endpoint)
    provider = _of_the_settings()
    is_named = model.startswith(f"{named.OF_THE_SETTINGS}/")
    return named.Named(provider, name=named.OF_THE_SETTINGS, model=default_model()) if is_named else provider


def _of_the_settings() -> Provider:
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


def cost_micros(answer: Answer, asked: str, prices: PriceList) -> int | None:
    """Micro-dollars by today's price; None without a price or a count."""
    if answer.input_tokens is None or answer.output_tokens is None:
        return None
    # An endpoint may answer with a dated name of the model that was asked for.
    price = prices.at(timezone.now(), answer.model, asked)
    return cost.cost_micros(cost.Tokens(input=answer.input_tokens, output=answer.output_tokens), price)

"""Which model server a name leads to: `gpt-4o` to that of the settings, `name/model` to an endpoint of that name."""

from collections.abc import Mapping, Sequence
from typing import Any

from prompts.models import Endpoint
from prompts.provider.terms import Answer, ModelUnavailable, Provider
from prompts.templates import Message

OF_THE_SETTINGS = "default"
"""`default/model` is a model of the settings' server, whatever the model's own name begins with."""


class Named:
    """An endpoint under its name: asked for `name/model` it asks for the model, for `name/` its own."""

    def __init__(self, provider: Provider, *, name: str, model: str) -> None:
        self._provider, self._name, self._model = provider, name, model

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any], *, model: str) -> Answer:
        return self._provider.complete(messages, settings, model=model.removeprefix(f"{self._name}/") or self._model)

    def close(self) -> None:
        self._provider.close()


def endpoint_of(model: str) -> Endpoint | None:
    """The endpoint that a model's name begins with; None for a model of the settings' server."""
    name, slash, _ = model.partition("/")
    return Endpoint.objects.filter(name=name).first() if slash and name != OF_THE_SETTINGS else None


def connect_to(endpoint: Endpoint) -> Provider:
    """Raises ModelMisconfigured, ModelUnavailable, OutboundRefused, SecretUnreadable."""
    from config.outbound.client import OutboundFailed, address_for
    from prompts.provider.http import HTTPProvider  # brings the HTTP client, for the worker that asks

    try:
        pinned = address_for(endpoint.base_url)
    except OutboundFailed as error:
        raise ModelUnavailable(f"The endpoint {endpoint.name} cannot be asked: {error}") from None
    provider = HTTPProvider(
        base_url=endpoint.base_url,
        api_key=endpoint.key().reveal(),
        api=endpoint.api,
        timeout_seconds=endpoint.timeout_seconds,
        pinned=pinned,
    )
    return Named(provider, name=endpoint.name, model=endpoint.model)

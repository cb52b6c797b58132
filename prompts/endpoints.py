"""Endpoints: models that can be asked beside the one of the settings, by `name/model`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.trail import record
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.outbound import client as outbound
from prompts.fields import LONGEST_ADDRESS, LONGEST_KEY, LONGEST_MODEL, LONGEST_TIMEOUT_SECONDS
from prompts.models import LABEL_RULE, Api, Endpoint
from prompts.provider import Answer, connect
from prompts.provider.named import OF_THE_SETTINGS
from prompts.templates import Message

QUESTION = "Answer with the one word: ready"


class EndpointNotFound(NotFound):
    code = "endpoint-not-found"


class EndpointExists(Conflict):
    code = "endpoint-exists"
    remedy = "choose another name, or change the endpoint that has it"


class EndpointInvalid(DomainError):
    code = "endpoint-invalid"


def add_endpoint(
    *, name: str, base_url: str, model: str, api: str = Api.OPENAI, key: str = "", timeout_seconds: float = 60.0
) -> Endpoint:
    """Add a model that can be asked; the key is sealed and never shown again.

    Raises EndpointInvalid, EndpointExists, OutboundRefused for an address that only this machine can reach.
    """
    endpoint = Endpoint(name=name, created_by=caller().actor)
    _take(endpoint, {"base_url": base_url, "model": model, "api": api, "key": key, "timeout_seconds": timeout_seconds})
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
            _tell(endpoint, "endpoint.added", before=None)
    except IntegrityError as error:
        raise EndpointExists(f"An endpoint {name} exists. Choose another name, or change that one.") from error
    return endpoint


def change_endpoint(*, name: str, **given: Any) -> Endpoint:
    """Change what is given; a key that is left out stays, an empty one takes it away.

    A key stays with its address: whoever enters another one enters the key anew.
    Raises EndpointNotFound, EndpointInvalid, OutboundRefused.
    """
    _take(Endpoint(name=name), {**_said(find_endpoint(name=name)), **given})  # may ask the name service
    with transaction.atomic():
        endpoint = find_endpoint(name=name, lock=True)
        before, address = endpoint.state(), endpoint.base_url
        moved = given.get("base_url", address) != address
        if moved and endpoint.sealed_key and "key" not in given:
            raise _invalid("key", "The key is for the address it was entered with; enter it again for another one.")
        _set(endpoint, given)
        endpoint.tried_at, endpoint.problem = None, ""
        endpoint.save()
        _tell(endpoint, "endpoint.changed", before=before)
    return endpoint


@transaction.atomic
def remove_endpoint(*, name: str) -> None:
    """Runs that asked it keep what it answered. Raises EndpointNotFound."""
    endpoint = find_endpoint(name=name, lock=True)
    _tell(endpoint, "endpoint.removed", before=endpoint.state(), gone=True)
    endpoint.delete()


def try_endpoint(*, name: str, model: str = "") -> Answer:
    """Ask it one short question; the row tells how it went. Raises EndpointNotFound, and what asking raises."""
    endpoint, problem = find_endpoint(name=name), ""
    try:
        provider = connect(f"{name}/{model}")
        try:
            question = [Message(role="user", content=QUESTION)]
            return provider.complete(question, {"max_tokens": 16}, model=f"{name}/{model}")
        finally:
            provider.close()
    except DomainError as error:
        problem = error.detail
        raise
    finally:
        Endpoint.objects.filter(pk=endpoint.pk).update(tried_at=timezone.now(), problem=problem)


def find_endpoint(*, name: str, lock: bool = False) -> Endpoint:
    """Raises EndpointNotFound."""
    rows = Endpoint.objects.select_for_update() if lock else Endpoint.objects.all()
    found = rows.filter(name=name).first()
    if found is None:
        raise EndpointNotFound(f"There is no endpoint {name[:64]}. GET /api/v1/prompts/endpoints lists them.")
    return found


def _said(endpoint: Endpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in ("base_url", "model", "api", "timeout_seconds")}


def _take(endpoint: Endpoint, given: dict[str, Any]) -> None:
    try:
        LABEL_RULE(endpoint.name)
    except ValidationError as error:
        raise _invalid("name", error.messages[0]) from error
    if endpoint.name == OF_THE_SETTINGS:
        raise _invalid("name", f"{OF_THE_SETTINGS} is the model server of the settings; choose another name.")
    if len(given["base_url"]) > LONGEST_ADDRESS or {"?", "#"} & set(given["base_url"]):
        raise _invalid("base_url", f"An address that ends in /v1, of at most {LONGEST_ADDRESS} characters.")
    outbound.check(given["base_url"])
    if not 0 < len(given["model"].strip()) <= LONGEST_MODEL:
        raise _invalid("model", f"A name of at most {LONGEST_MODEL} characters.")
    if given["api"] not in Api.values:
        raise _invalid("api", f"One of {', '.join(Api.values)}.")
    if not 0 < given["timeout_seconds"] <= LONGEST_TIMEOUT_SECONDS:
        raise _invalid("timeout_seconds", f"Above 0 and at most {LONGEST_TIMEOUT_SECONDS:g}.")
    key = given.get("key", "")
    if len(key) > LONGEST_KEY or not key.isascii() or not (key.isprintable() and key == key.strip()):
        raise _invalid("key", "Printable ASCII without blanks around it, as its vendor shows it. Copy it again.")
    _set(endpoint, given)


def _set(endpoint: Endpoint, given: dict[str, Any]) -> None:
    for name in ("base_url", "model", "api", "timeout_seconds"):
        if name in given:
            setattr(endpoint, name, given[name])
    endpoint.base_url = endpoint.base_url.rstrip("/")
    if "key" in given:
        endpoint.seal(given["key"])


def _tell(endpoint: Endpoint, event_type: str, *, before: dict[str, Any] | None, gone: bool = False) -> None:
    record(
        event_type=event_type,
        entity_type="prompt_endpoint",
        entity_id=endpoint.name,
        old_value=before,
        new_value=None if gone else endpoint.state(),
    )


def _invalid(field: str, detail: str) -> EndpointInvalid:
    return EndpointInvalid(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])

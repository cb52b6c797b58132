"""Sends every operation its example with one value changed, again and again; says which answers break the contract."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import transaction
from rest_framework.test import APIClient

from tests.contract.judging import Answer, fits, wrong_with
from tests.contract.places import Place, body_schema, placed, places
from tests.contract.values import fits_an_address, values
from tests.examples.asking import Ask, filled, surrounded
from tests.examples.record import prepare
from tests.project.conftest import Operation, operations

SLOW = {"schemacheck_migrations_trial_create"}
"""It runs every migration on a copy: a sample sends it what its schema refuses."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; `is_fitting` says whether its schema takes it."""

    path: dict[str, Any]
    query: dict[str, Any]
    headers: dict[str, str]
    body: bytes
    is_fitting: bool | None


def swept(client: APIClient, operation: Operation, ask: Ask, seen: set[str], *, is_sample: bool) -> Iterator[str]:
    """What is wrong with the answers of an operation. In a sample a place that another operation shares is `seen`."""
    with surrounded(client, ask):
        known = filled(client, ask)
        for place in places(operation):
            if is_sample and place.owner in seen:
                continue
            seen.add(place.owner)
            for value in [*values(place, len(seen) if is_sample else None), *_respelled(known, place)]:
                sent = changed(operation, known, place, value)
                if sent is None or (is_sample and sent.is_fitting and operation.described["operationId"] in SLOW):
                    continue
                problem = wrong_with(operation, is_fitting=sent.is_fitting, answer=answered(client, operation, sent))
                if problem:
                    yield f"{operation} {place} = {_short(value)}: {problem}"


def changed(operation: Operation, known: Ask, place: Place, value: Any) -> Sent | None:
    """The example with one value changed; None where no request can hold it."""
    sent = Sent(known.path, known.query, {}, _json(known.body) if known.body is not None else b"", True)
    name = str(place.steps[0]) if place.steps else ""
    match place.within:
        case "body":
            schema = body_schema(operation)
            assert schema
            body = placed(schema, known.body, place.steps, value)
            return replace(sent, body=_json(body), is_fitting=fits(schema, body))
        case "query":
            schema, items = place.schema, value if isinstance(value, list) else [value]
            judged = [fits_an_address(schema.get("items", schema), str(item)) for item in items]
            return replace(sent, query={**known.query, name: value}, is_fitting=None if None in judged else all(judged))
        case "path":
            if value in {"", ".", ".."}:  # a client takes these out of an address
                return None
            return replace(sent, path={**known.path, name: value}, is_fitting=fits_an_address(place.schema, value))
        case _:
            if not isinstance(value, str) or not value.isascii() or not value.isprintable():  # no server takes it
                return None
            return replace(sent, headers={name: value}, is_fitting=fits(place.schema, value) or None)


def answered(client: APIClient, operation: Operation, sent: Sent) -> Answer:
    """The answer; what the request changed is rolled back."""
    path = operation.path
    for name, value in sent.path.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe="", errors="surrogatepass"))
    query = urlencode(_as_sent(sent.query), doseq=True, errors="surrogatepass")
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.headers.items()}
    kind = {"content_type": "application/json"} if sent.body else {}
    with transaction.atomic():
        got = client.generic(operation.method.upper(), path, sent.body, QUERY_STRING=query, **kind, **headers)
        text = b"".join(got.streaming_content) if got.streaming else got.content
        transaction.set_rollback(True)
    return Answer(got.status_code, got.headers.get("Content-Type", "").split(";")[0], text.decode())


def _respelled(known: Ask, place: Place) -> list[str]:
    """The id of a row that is there, as UUID() would read it too."""
    if place.within != "path" or place.schema.get("format") != "uuid":
        return []
    uid = str(known.path[str(place.steps[0])])
    return [uid.upper(), uid.replace("-", ""), f"{{{uid}}}", f"urn:uuid:{uid}"]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _as_sent(query: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items()}


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)})"


def sweep(app: str, client: APIClient, patch: pytest.MonkeyPatch, folder: Path, *, is_sample: bool) -> list[str]:
    """What is wrong with the answers of an app's operations, on the demo's data."""
    patch.setattr(settings, "AUDIT_CHECKPOINT_DIR", folder / "checkpoints")
    logging.getLogger("django.request").setLevel(logging.CRITICAL)  # every refusal says a line
    patch.setattr(settings, "BACKUP_DIR", folder / "backups")
    prepare()
    client.raise_request_exception = False
    known = {operation.described["operationId"]: operation for operation in operations()}
    asks = import_module(f"tests.examples.{app}").ASKS
    seen: set[str] = set()
    return [wrong for name, ask in asks.items() for wrong in swept(client, known[name], ask, seen, is_sample=is_sample)]

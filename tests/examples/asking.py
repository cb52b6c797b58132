"""Asks the API as the examples do: each question alone, on the demo's data, of which nothing is kept."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as with_
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from tests.examples.surroundings import surroundings

BASE = "/api/v1/"
OF_THE_DATABASE = {"facts"}  # of a finding: PostgreSQL knows more of an index than SQLite
LONGEST_LIST, ROWS_OF_LONGER = 5, 2  # of objects: what the third would show, two have shown


@dataclass(frozen=True, slots=True)
class Got:
    """A value of what another request answers: its dotted place there. With a body the request is a POST."""

    place: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class InDays:
    """A time that is yet to come when the question is asked."""

    days: int


@dataclass(frozen=True, slots=True)
class Post:
    """A request that has to come before."""

    path: str
    body: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The values of one request; in path and body each may be Got or InDays. `after` comes before it."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    after: Sequence[Post] = ()


def asked(client: APIClient, *, method: str, path: str, ask: Ask) -> dict[str, Any]:
    """The request with its values filled in, and its answer. Whatever it changed is rolled back."""
    with surrounded(client, ask):
        known = filled(client, ask)
        address = path.format(**known.path) + (f"?{_written(known.query)}" if known.query else "")
        answer = _sent(client, method, address.removeprefix(BASE), known.body)
    request = {"path": known.path, "query": known.query, "body": known.body}
    told = {name: value for name, value in request.items() if value not in ({}, None) or (name, value) == ("body", {})}
    return told | {"status": answer.status_code} | ({} if answer.status_code == 204 else {"answer": _json(answer)})


@contextmanager
def surrounded(client: APIClient, ask: Ask) -> Iterator[None]:
    """What a request needs: what the service has around it, and what comes before. All of it is rolled back."""
    with transaction.atomic(), surroundings():
        for post in ask.after:
            _sent(client, "post", post.path, _known(client, post.body))
        yield
        transaction.set_rollback(True)


def filled(client: APIClient, ask: Ask) -> Ask:
    """The request with what is to be got and times to come filled in."""
    return with_(ask, path=_known(client, ask.path), body=_known(client, ask.body))


def shortened(value: Any) -> Any:
    """An answer without the rows that show nothing new."""
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        is_long = len(value) > LONGEST_LIST and all(isinstance(item, dict) for item in value)
        return [shortened(item) for item in (value[:ROWS_OF_LONGER] if is_long else value)]
    return value


def shape(value: Any) -> Any:
    """What two answers to one question have in common: names, and kinds of values."""
    if isinstance(value, dict):
        return {name: "dict" if name in OF_THE_DATABASE else shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return "number" if type(value) in {int, float} else type(value).__name__


def _written(query: dict[str, Any]) -> str:
    """The query as a client writes it: true and false as JSON does, a list as one pair for each item."""
    told = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items()}
    return urlencode(told, doseq=True)


def _known(client: APIClient, value: Any) -> Any:
    """The value with what is Got asked for."""
    if isinstance(value, dict):
        return {name: _known(client, item) for name, item in value.items()}
    if isinstance(value, InDays):
        return (timezone.now() + timedelta(days=value.days)).replace(microsecond=0).isoformat()
    if not isinstance(value, Got):
        return value
    found = _json(_sent(client, "get" if value.body is None else "post", value.path, value.body))
    for step in value.place.split("."):
        found = found[int(step) if step.isdigit() else step]
    return found


def _sent(client: APIClient, method: str, path: str, body: Any) -> Any:
    answer = getattr(client, method)(BASE + path, body) if body is not None else getattr(client, method)(BASE + path)
    assert answer.status_code < 300, f"{method.upper()} {path}: {answer.status_code} {answer.content.decode()}"
    return answer


def _json(answer: Any) -> Any:
    if not answer.streaming:
        return answer.json()
    return json.loads(b"".join(answer.streaming_content))

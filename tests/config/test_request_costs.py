"""What a request may cost, counted: statements sent, statements composed, fields and filter sets made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from django_filters import FilterSet
from rest_framework import fields, serializers
from rest_framework.test import APIClient

from audit.models import Event
from audit.trail import record
from config.rest.views import QuerySerializer

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
BODY = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer", "new_value": {"can": ["read"]}}


@pytest.fixture
def event(reader: APIClient, api: APIClient) -> Event:
    """The last of three; each client has asked before, so that its key's last use is noted already."""
    for number in range(3):
        made = record(event_type="role.changed", entity_type="role", entity_id=str(number))
    for client in (reader, api):
        client.get(f"{EVENTS}/{made.uid}")
        client.get(EVENTS)
    api.post(EVENTS, BODY)
    return made


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> Iterator[list[Any]]:
    """Whom the method was called for while the block ran."""
    found: list[Any] = []
    original = getattr(owner, method)

    def counted(self: Any, *args: Any, **options: Any) -> Any:
        found.append(self)
        return original(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, counted)
        yield found


def statements(ask: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert ask().status_code in {200, 201}
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def test_an_event_is_read_by_two_statements_and_a_list_by_three(reader: APIClient, event: Event) -> None:
    key, row = statements(lambda: reader.get(f"{EVENTS}/{event.uid}"))
    assert ("config_apikey" in key, "audit_event" in row) == (True, True)
    key, weights, rows = statements(lambda: reader.get(EVENTS))
    assert ("config_apikey" in key, "length(" in weights, "audit_event" in rows) == (True, True, True)


def test_an_event_is_recorded_by_three_statements(api: APIClient, event: Event) -> None:
    sent = statements(lambda: api.post(EVENTS, BODY))
    assert [sql for sql in sent if "config_apikey" in sql] == sent[:1]
    assert len([sql for sql in sent if "audit_event" in sql]) == 1, sent
    assert len(sent) <= 3, sent


def test_neither_a_key_nor_an_event_is_found_by_a_statement_composed_anew(
    reader: APIClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting(monkeypatch, SQLCompiler, "as_sql") as composed:
        assert reader.get(f"{EVENTS}/{event.uid}").status_code == 200
    assert not composed


@pytest.mark.parametrize("ask", ["one", "list", "new", "batch"])
def test_no_request_makes_the_fields_of_a_serializer_anew(
    api: APIClient, event: Event, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    asked = {
        "one": lambda: api.get(f"{EVENTS}/{event.uid}"),
        "list": lambda: api.get(EVENTS),
        "new": lambda: api.post(EVENTS, BODY),
        "batch": lambda: api.post(EVENTS, {"events": [BODY, BODY]}),
    }[ask]
    asked()
    with counting(monkeypatch, fields.Field, "__init__") as made:
        assert asked().status_code in {200, 201}
    assert not [field for field in made if not isinstance(field, serializers.BaseSerializer)]


def test_parameters_are_read_only_where_some_are_sent(
    reader: APIClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query, expected, status in (("", 0, 200), ("?unknown=1", 1, 400)):
        with counting(monkeypatch, QuerySerializer, "to_internal_value") as read:
            assert reader.get(f"{EVENTS}/{event.uid}{query}").status_code == status
        assert len(read) == expected, query


def test_a_filter_set_is_made_only_where_something_is_filtered(
    reader: APIClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, expected in ((EVENTS, 0), (f"{EVENTS}?page_size=2", 0), (f"{EVENTS}/{event.uid}", 0)):
        with counting(monkeypatch, FilterSet, "__init__") as made:
            assert reader.get(path).status_code == 200
        assert len(made) == expected, path
    with counting(monkeypatch, FilterSet, "__init__") as made:
        assert len(reader.get(f"{EVENTS}?entity_id=1").json()["results"]) == 1
    assert len(made) == 1

"""What every endpoint of the OpenAPI schema keeps: keys, scopes, paging, problems."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS
from rest_framework.test import APIClient

from config.models import Scope
from tests.project.conftest import Operation, operations
from tests.project.sources import APPS

PROBLEM = {"type", "title", "status", "detail", "code"}

# Plain arrays that cannot grow beyond a bound of their own; every other list is paged by cursor.
BOUNDED: dict[str, str] = {
    "/api/v1/audit/entities/{entity_type}/{entity_id}/history": "takes limit, at most 500",
    "/api/v1/schemacheck/rules": "the rules there are, part of the code",
    "/api/v1/dockerdebug/checks": "the checks there are, part of the code",
    "/api/v1/dockerdebug/findings": "the findings there can be, part of the code",
    "/api/v1/dockerdebug/containers": "what runs on one engine, read from it",
}

Lists = Callable[[], Iterator[tuple[Operation, str]]]


def as_problem(answer: Any) -> bool:
    return answer.get("Content-Type") == "application/problem+json" and set(answer.json()) >= PROBLEM


def test_the_schema_is_valid_and_complete() -> None:
    GENERATOR_STATS.reset()
    said = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=said)
    assert '"openapi": "3.1.' in said.getvalue() or "openapi: 3.1." in said.getvalue()


def test_every_app_has_endpoints() -> None:
    paths = {operation.path.split("/")[3] for operation in operations()}
    assert paths == set(APPS)


def test_every_endpoint_says_its_scope_and_its_errors() -> None:
    for operation in operations():
        assert operation.scope in Scope.values, operation
        assert {"400", "401", "403", "429", "500"} <= set(operation.described["responses"]), operation


@pytest.mark.django_db
@pytest.mark.parametrize("header", [None, "Bearer hr_unknown", "Bearer", "Basic dTpw"])
def test_without_a_key_every_endpoint_answers_401(header: str | None) -> None:
    client = APIClient(raise_request_exception=False)
    if header:
        client.credentials(HTTP_AUTHORIZATION=header)
    wrong = []
    for operation in operations():
        answer = getattr(client, operation.method)(operation.filled())
        challenged = answer.get("WWW-Authenticate", "").startswith("Bearer")
        if answer.status_code != 401 or not as_problem(answer) or not challenged:
            wrong.append(f"{operation}: {answer.status_code}")
    assert not wrong, "Answer 401 problem+json with WWW-Authenticate:\n" + "\n".join(wrong)


def test_an_under_scoped_key_is_answered_403(client_for: Callable[..., APIClient]) -> None:
    below = {Scope.WRITE: Scope.READ, Scope.ADMIN: Scope.WRITE}
    wrong = []
    for operation in operations():
        if lesser := below.get(operation.scope):
            answer = getattr(client_for(lesser), operation.method)(operation.filled())
            if answer.status_code != 403 or not as_problem(answer) or operation.scope not in answer.json()["detail"]:
                wrong.append(f"{operation} with a key of scope {lesser}: {answer.status_code}")
    assert not wrong, "Answer 403 problem+json that names the scope:\n" + "\n".join(wrong)


def test_reading_never_needs_more_than_read(reader: APIClient) -> None:
    for operation in operations():
        if operation.method == "get":
            answer = reader.get(operation.filled())
            # 503: the container engine may be away.
            assert answer.status_code in {200, 400, 404, 503}, f"{operation}: {answer.status_code}"
            assert answer.status_code == 200 or as_problem(answer), operation


def test_another_method_is_405_and_another_media_type_415(admin_api: APIClient) -> None:
    for operation in operations():
        answer = admin_api.generic("PROPFIND", operation.filled())
        assert (answer.status_code, as_problem(answer)) == (405, True), operation
        if "/hooks/" in operation.path:
            continue  # an agent takes any error for leave to go on, so a hook refuses in its own words and with 200
        if operation.method == "post" and "requestBody" in operation.described:
            answer = admin_api.post(operation.filled(), "a=1", content_type="application/x-www-form-urlencoded")
            assert (answer.status_code, as_problem(answer)) == (415, True), operation


def test_every_list_is_paged_by_cursor() -> None:
    arrays = [o for o in operations() if o.method == "get" and o.answer.get("type") == "array"]
    unpaged = [str(operation) for operation in arrays if operation.path not in BOUNDED]
    assert not unpaged, "Page these by cursor, or bound them and say how in BOUNDED:\n" + "\n".join(unpaged)
    for operation in operations():
        if operation.is_paged:
            names = {parameter["name"] for parameter in operation.described["parameters"]}
            assert {"cursor", "page_size"} <= names, operation


class TestLists:
    """Of the demonstration's rows."""

    @time_machine.travel(datetime.now(UTC), tick=False)  # or an age in seconds differs from page to page
    def test_every_list_is_walked_page_by_page_without_gap_or_repeat(self, lists: Lists, reader: APIClient) -> None:
        for operation, path in lists():
            whole = reader.get(path, {"page_size": 500}).json()
            assert set(whole) == {"next", "previous", "results"}, operation
            walked: list[Any] = []
            url: str | None = f"{path}?page_size=2"
            for _ in range(6):  # three pages tell as much as three hundred
                if url is None:
                    break
                page = reader.get(url).json()
                walked += page["results"]
                url = page["next"]
            assert walked == whole["results"][: len(walked)], operation
            assert url or len(walked) == len(whole["results"]), operation

    def test_a_list_refuses_what_it_does_not_know(self, lists: Lists, reader: APIClient) -> None:
        for operation, path in lists():
            for query in ("colour=red", "page_size=0", "page_size=501", "page_size=x", "cursor=x", "cursor="):
                answer = reader.get(f"{path}?{query}")
                assert (answer.status_code, as_problem(answer)) == (400, True), f"{operation} ?{query}"

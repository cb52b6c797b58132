"""The OpenAPI document and its page: for whom they are, what they cost, and that they need nothing from elsewhere."""

import gzip
import json
import re
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.pages import api_docs

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


# For whom


def test_without_a_key_or_login_there_is_neither_document_nor_page(client: Client) -> None:
    answer = client.get("/api/schema/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)
    assert client.get("/api/docs").headers["Location"] == "/admin/login/?next=/api/docs"


def test_a_wrong_key_is_refused(client: Client, settings: Any) -> None:
    for is_open in (False, True):
        settings.API_DOCS_OPEN = is_open
        assert client.get("/api/schema/", headers={"Authorization": "Bearer hr_wrong"}).status_code == 401


def test_a_key_for_reading_and_a_login_are_enough(reader: APIClient, browser: Client) -> None:
    assert reader.get("/api/schema/").content == browser.get("/api/schema/").content
    assert browser.get("/api/docs").status_code == 200


def test_a_login_that_may_not_enter_the_admin_is_not(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor"))
    assert client.get("/api/schema/").status_code == 403
    assert client.get("/api/docs").status_code == 302


def test_anybody_may_read_both_when_the_operator_says_so(client: Client, reader: APIClient, settings: Any) -> None:
    settings.API_DOCS_OPEN = True
    assert client.get("/api/schema/").content == reader.get("/api/schema/").content
    assert client.get("/api/docs").status_code == 200
    assert client.get("/api/v1/audit/events").status_code == 401


# What it costs


def test_the_document_is_made_once_and_asks_no_table(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    settings.API_DOCS_OPEN = True
    made = []
    get_schema = SchemaGenerator.get_schema
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *args, **how: made.append(1) or get_schema(*args, **how))
    api_docs.document.cache_clear()
    with django_assert_num_queries(0):
        for _ in range(3):
            assert client.get("/api/schema/").status_code == 200
    assert len(made) == 1


def test_who_has_it_is_told_that_it_did_not_change(reader: APIClient) -> None:
    first = reader.get("/api/schema/")
    again = reader.get("/api/schema/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = reader.get("/api/schema/?format=yaml", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_it_goes_compressed_to_who_takes_that(reader: APIClient) -> None:
    plain = reader.get("/api/schema/")
    packed = reader.get("/api/schema/", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) * 6 < len(plain.content)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_an_answer_that_all_operations_have_stands_once(reader: APIClient) -> None:
    document = reader.get("/api/schema/").json()
    shared = document["components"]["responses"]
    for operation in (item for methods in document["paths"].values() for item in methods.values()):
        reference = operation["responses"]["401"]["$ref"]
        assert shared[reference.rpartition("/")[2]]["content"][PROBLEM]["example"]["code"] == "unauthenticated"


# What it is made of


def test_the_schema_is_json_unless_yaml_is_asked_for(reader: APIClient) -> None:
    for query, accept in [
        ("?format=json", "*/*"),
        ("", "*/*"),
        ("", "text/html"),
        ("?format=json", "application/yaml"),
    ]:
        answer = reader.get(f"/api/schema/{query}", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.content)["openapi"].startswith("3.1")
    for query, accept in [("?format=yaml", "*/*"), ("", "application/yaml"), ("?format=yaml", "application/json")]:
        answer = reader.get(f"/api/schema/{query}", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/yaml"
    assert yaml.safe_load(answer.content)["openapi"].startswith("3.1")
    answer = reader.get("/api/schema/?format=xml")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROBLEM)


def test_the_page_keeps_the_policy_and_asks_nobody_else(browser: Client) -> None:
    answer = browser.get("/api/docs")
    page = answer.content.decode()
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert "<style" not in page
    assert not re.search(r"\sstyle=|\son\w+=", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="([^"]+)"', page))

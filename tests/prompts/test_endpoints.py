"""Endpoints: models beside the one of the settings, with keys that nobody is shown."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.cost import Price, PriceList
from audit.models import Event
from config.outbound import OutboundRefused
from config.outbound.addresses import read_allowances
from prompts.cases import keep_test_case
from prompts.endpoints import (
    EndpointExists,
    EndpointInvalid,
    EndpointNotFound,
    add_endpoint,
    change_endpoint,
    find_endpoint,
    remove_endpoint,
    try_endpoint,
)
from prompts.execution import execute_run
from prompts.models import Endpoint
from prompts.provider import Answer, ModelRefused, ModelUnavailable, connect, cost_micros
from prompts.testing import start_evaluation
from prompts.versions import save_version
from tests.prompts.stub_model import Stub, send

pytestmark = pytest.mark.django_db
API = "/api/v1/prompts/endpoints"
KEY = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def reachable(settings: Any) -> None:
    settings.OUTBOUND_ALLOW = read_allowances(["127.0.0.1"])


@pytest.fixture
def other() -> Any:
    """A second model server, which says so."""
    server = Stub()
    server.answer = lambda body: f"other {body['model']}"
    yield server
    server.close()


def add(url: str = "http://127.0.0.1:9/v1", **more: Any) -> Endpoint:
    return add_endpoint(**{"name": "other", "base_url": url, "model": "large", "key": KEY, **more})


def test_the_key_is_sealed_and_told_to_nobody() -> None:
    endpoint = add()
    assert endpoint.key().reveal() == KEY
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM prompts_endpoint")
        assert KEY not in str(cursor.fetchall())
    kept = json.dumps([event.new_value for event in Event.objects.filter(entity_type="prompt_endpoint")])
    assert KEY not in kept
    assert json.loads(kept)[0]["has_key"] is True
    assert KEY not in repr(endpoint.__dict__)


def test_a_name_before_a_slash_leads_to_its_endpoint(stub: Stub, other: Stub) -> None:
    add(other.url)
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    keep_test_case(prompt_id="p", name="c", input="x", expected_output="x")
    models = ["small", "other/", "other/tiny", "default/other/tiny", "vendor/small"]
    made = start_evaluation(prompt_id="p", models=models, queued=False)
    answers = [execute_run(run_id=run.pk).results.get().output for run in made.runs.order_by("position")]
    assert answers == ["Say x", "other large", "other tiny", "Say x", "Say x"]
    assert [request["model"] for request in stub.requests] == ["small", "other/tiny", "vendor/small"]
    assert {headers["authorization"] for headers in other.headers} == {f"Bearer {KEY}"}
    assert "authorization" not in stub.headers[0]
    assert {headers["host"] for headers in other.headers} == {other.url.split("/")[2]}


def test_an_endpoint_is_tried_with_one_question_and_remembers_how_it_went(other: Stub) -> None:
    add(other.url)
    assert try_endpoint(name="other").text == "other large"
    assert try_endpoint(name="other", model="tiny").text == "other tiny"
    assert (find_endpoint(name="other").problem, len(other.requests)) == ("", 2)
    other.reply = lambda stub, body, handler: send(handler, 401, {"error": {"message": f"wrong key {KEY}"}})
    with pytest.raises(ModelRefused) as refused:
        try_endpoint(name="other")
    row = find_endpoint(name="other")
    assert row.tried_at is not None
    assert row.problem == refused.value.detail
    assert KEY not in row.problem


def test_what_is_left_out_stays_and_a_key_stays_with_its_address(other: Stub) -> None:
    add(other.url)
    changed = change_endpoint(name="other", model="small", timeout_seconds=5)
    assert (changed.model, changed.timeout_seconds, changed.key().reveal()) == ("small", 5, KEY)
    with pytest.raises(EndpointInvalid) as refused:
        change_endpoint(name="other", base_url="http://127.0.0.1:8/v1")
    assert refused.value.errors[0].field == "key"
    moved = change_endpoint(name="other", base_url="http://127.0.0.1:8/v1", key="another-key-123")
    assert (moved.base_url, moved.key_ends) == ("http://127.0.0.1:8/v1", "-123")
    assert not change_endpoint(name="other", key="").sealed_key
    kinds = Event.objects.filter(entity_type="prompt_endpoint").order_by("id").values_list("event_type", flat=True)
    assert list(kinds) == ["endpoint.added", *["endpoint.changed"] * 3]


def test_a_sealed_key_opens_in_its_own_row_alone() -> None:
    from config.vault import SecretUnreadable

    first, second = add(), add(name="second", key="")
    Endpoint.objects.filter(pk=second.pk).update(sealed_key=first.sealed_key)
    with pytest.raises(SecretUnreadable):
        find_endpoint(name="second").key()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "Other"}, "name"),
        ({"name": "default"}, "name"),
        ({"base_url": "http://127.0.0.1/v1?key=x"}, "base_url"),
        ({"model": " "}, "model"),
        ({"api": "soap"}, "api"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"key": "line\nend"}, "key"),
        ({"key": " blank"}, "key"),
        ({"key": "ключ"}, "key"),
    ],
)
def test_a_wrong_endpoint_is_an_error_that_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(EndpointInvalid) as refused:
        add(**given)
    assert refused.value.errors[0].field == field
    assert KEY not in refused.value.detail
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/v1", "http://[::1]/v1", "http://10.0.0.1/v1", "file:///v1"]
)
def test_no_address_of_this_machine_or_its_network_is_asked(address: str) -> None:
    with pytest.raises(OutboundRefused):
        add(address)
    Endpoint.objects.create(name="raw", base_url=address, model="m")
    with pytest.raises(OutboundRefused):
        connect("raw/m")


def test_a_name_that_leads_nowhere_is_a_model_that_is_away() -> None:
    add("http://no-such-host.invalid/v1")
    with pytest.raises(ModelUnavailable, match="not known to the name service"):
        connect("other/")


def test_names_are_taken_once_and_gone_ones_are_not_found() -> None:
    add()
    with pytest.raises(EndpointExists):
        add()
    remove_endpoint(name="other")
    for call in (remove_endpoint, find_endpoint, try_endpoint, change_endpoint):
        with pytest.raises(EndpointNotFound):
            call(name="other")


def test_a_price_counts_with_or_without_the_endpoints_name() -> None:
    prices = PriceList([("gpt", timezone.now(), Price(Decimal(1), Decimal(2)))])
    answer = Answer(text="x", model="dated", finish_reason="stop", input_tokens=3, output_tokens=5, latency_ms=1)
    assert cost_micros(answer, "other/gpt", prices) == cost_micros(answer, "gpt", prices) == 13
    assert cost_micros(answer, "gpt/other", prices) is None


def test_endpoints_are_the_same_by_rest_command_and_admin(
    api: Any, admin_api: Any, reader: Any, admin_client: Client, run_command: Any, other: Stub, tmp_path: Any
) -> None:
    body = {"name": "other", "base_url": other.url, "model": "large", "key": KEY}
    assert api.post(API, body).status_code == 403
    made = admin_api.post(API, body)
    assert (made.status_code, made.json()["has_key"], made.json()["key_ends"]) == (201, True, "6789")
    assert KEY not in made.content.decode()
    assert admin_api.post(API, body).status_code == 409
    assert reader.get(f"{API}/other").json()["model"] == "large"
    assert api.post(f"{API}/other/try", {}).json()["text"] == "other large"
    assert admin_api.patch(f"{API}/other", {"model": "small"}).json()["model"] == "small"
    secret = tmp_path / "key"
    secret.write_text(f"{KEY}\n")
    code, out, _ = run_command("endpoints", "add", "second", other.url, "tiny", "--key", str(secret))
    assert (code, KEY in out) == (0, False)
    assert find_endpoint(name="second").key().reveal() == KEY
    assert "other tiny" in run_command("endpoints", "try", "second")[1]
    assert run_command("endpoints", "change", "second", "--model", "mini")[0] == 0
    assert "mini" in run_command("endpoints", "list")[1]
    assert run_command("endpoints", "remove", "second")[0] == 0
    form = {"name": "third", "api": "openai", "base_url": other.url, "model": "m", "key": KEY, "timeout_seconds": "5"}
    assert admin_client.post(reverse("admin:prompts_endpoint_add"), form).status_code == 302
    third = find_endpoint(name="third")
    page = reverse("admin:prompts_endpoint_change", args=[third.pk])
    assert admin_client.post(page, {**form, "key": "", "model": "n"}).status_code == 302
    assert (find_endpoint(name="third").model, find_endpoint(name="third").key().reveal()) == ("n", KEY)
    assert KEY not in admin_client.get(page).content.decode()
    tried = admin_client.post(reverse("admin:prompts_endpoint_move", args=[third.pk, "try_it"]), follow=True)
    assert "other n" in tried.content.decode()
    assert admin_api.delete(f"{API}/other").status_code == 204
    assert [row["name"] for row in reader.get(API).json()["results"]] == ["third"]

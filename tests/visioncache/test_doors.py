"""The cache through its five doors: one result, whichever is used."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from django.test import Client

from audit.models import Event
from config.errors import DomainError
from tests.visioncache.makers import MODEL, ask, make_entry, picture
from visioncache import tasks
from visioncache.counting import flush
from visioncache.models import Entry, Tally

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/visioncache"
RAW = b"\x89PNG screenshot"
DIGEST = hashlib.sha256(RAW).hexdigest()
REQUEST = {"prompt": "What does the status line say?", "parameters": {"temperature": 0}}
BODY = {
    "image_hash": DIGEST,
    "model_version": MODEL,
    "request": REQUEST,
    "extracted_data": {"status": "PASSED"},
    "confidence_score": 0.97,
    "tags": ["ci"],
}
QUESTION = {name: BODY[name] for name in ("image_hash", "model_version", "request")}


def stored() -> dict[str, Any]:
    """What the one entry and its event say, ids and times aside; the cache is empty again afterwards."""
    entry, event = Entry.objects.get(), Event.objects.filter(event_type="entry.stored").latest("id")
    assert event.entity_id == str(entry.uid)
    assert event.new_value["request_hash"] == entry.request_hash
    said = {name: getattr(entry, name) for name in [*BODY, "key", "namespace", "hit_count"]}
    Entry.objects.all().delete()
    return said


def test_an_entry_is_the_same_by_rest_command_and_job(api: Any, run_command: Any, tmp_path: Any) -> None:
    answer = api.post(f"{ROOT}/entries", BODY)
    assert answer.status_code == 201
    expected = stored()
    assert {name: expected[name] for name in BODY} == BODY

    image = tmp_path / "shot.png"
    image.write_bytes(RAW)
    arguments = ["--image", str(image), "--model", MODEL, "--request", json.dumps(REQUEST), "--confidence", "0.97"]
    code, out, _ = run_command("visioncache", "store", *arguments, "--tag", "ci", stdin='{"status": "PASSED"}')
    assert (code, "stored" in out) == (0, True)
    assert stored() == expected

    tasks.store.delay(**BODY)
    assert stored() == expected


TOTAL, DATE = (
    {**QUESTION, "request": {"system": "You read invoices", "user": f"Read the {it}"}} for it in ("total", "date")
)
NO_ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}]
}


@pytest.mark.django_db(transaction=True)
def test_no_door_answers_one_prompt_with_what_was_read_for_another(api: Any, run_command: Any, call_tool: Any) -> None:
    lease = api.post(f"{ROOT}/lookup", {**TOTAL, "lease": True}).json()["lease"]
    other = api.post(f"{ROOT}/lookup", {**DATE, "lease": True}).json()["lease"]
    assert (lease["status"], other["status"]) == ("granted", "granted")
    shown = api.post(f"{ROOT}/entries", {**BODY, **TOTAL}).json()
    assert "Read the total" not in json.dumps(shown)

    missed = api.post(f"{ROOT}/lookup", DATE).json()
    assert (missed["hit"], [part["part"] for part in missed["why_miss"]["differences"]]) == (False, ["request.user"])
    assert "Read the" not in json.dumps(missed)
    assert not call_tool("check_cache", **DATE)["hit"]
    assert call_tool("check_cache", **TOTAL)["hit"]
    asked = ["--image-hash", DIGEST, "--model", MODEL, "--request"]
    assert run_command("visioncache", "lookup", *asked, json.dumps(DATE["request"]))[0] == 1
    assert run_command("visioncache", "lookup", *asked, json.dumps(TOTAL["request"]))[0] == 0
    for model in (MODEL, None):
        question = {**QUESTION, "model_version": model, "request": {"system": "You read invoices"}}
        assert not api.post(f"{ROOT}/lookup", question).json()["hit"]


@pytest.mark.django_db(transaction=True)
def test_no_door_keeps_a_body_without_an_answer(api: Any, run_command: Any, call_tool: Any) -> None:
    refused = api.post(f"{ROOT}/entries", {**BODY, "extracted_data": NO_ANSWER})
    assert (refused.status_code, refused.json()["code"]) == (400, "empty-result")
    assert "stopped (content_filter)" in refused.json()["errors"][0]["detail"]
    asked = ["--image-hash", DIGEST, "--model", MODEL, "--confidence", "1", "--data"]
    code, _, said = run_command("visioncache", "store", *asked, json.dumps(NO_ANSWER))
    assert (code, "content_filter" in said) == (2, True)
    with pytest.raises(Exception, match="content_filter"):
        call_tool("store_cache", **{**BODY, "extracted_data": NO_ANSWER})
    with pytest.raises(DomainError, match="content_filter"):
        tasks.store(**{**BODY, "extracted_data": NO_ANSWER})
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_the_same_by_mcp(call_tool: Any) -> None:
    answer = call_tool("store_cache", **{**BODY, "image_hash": None, "image": base64.b64encode(RAW).decode()})
    assert answer["created"]
    hit = call_tool("check_cache", scope="read", **QUESTION)
    assert (hit["hit"], hit["match"]) == (True, "exact")
    assert (hit["entry"]["extracted_data"], hit["entry"]["hit_count"]) == (BODY["extracted_data"], 1)
    miss = call_tool("check_cache", scope="read", **{**QUESTION, "model_version": "m2"})
    assert (miss["hit"], miss["why_miss"]["reason"]) == (False, "differs")
    assert Event.objects.get(event_type="entry.stored").actor == "write-key"


@pytest.mark.django_db(transaction=True)
def test_the_tools_refuse_in_words(call_tool: Any) -> None:
    from mcp.server.mcpserver.exceptions import ToolError

    with pytest.raises(ToolError, match="not cached"):
        call_tool("store_cache", **{**BODY, "extracted_data": {"text": ""}})
    with pytest.raises(ToolError, match="64 hexadecimal digits"):
        call_tool("check_cache", image_hash="x")
    with pytest.raises(ToolError, match="scope write"):
        call_tool("store_cache", scope="read", **BODY)


def test_a_look_up_is_the_same_by_rest_and_command(api: Any, reader: Any, run_command: Any) -> None:
    api.post(f"{ROOT}/entries", BODY)
    by_rest = reader.post(f"{ROOT}/lookup", QUESTION).json()
    arguments = ["--image-hash", DIGEST, "--model", MODEL, "--request", json.dumps(REQUEST)]
    code, out, _ = run_command("visioncache", "lookup", *arguments, "--json")
    by_command = json.loads(out)
    assert code == 0
    assert (by_rest["hit"], by_rest["match"], by_rest["lease"], by_rest["why_miss"]) == (True, "exact", None, None)
    changing = {"hit_count", "last_hit_at", "age_seconds"}
    assert {k: v for k, v in by_rest["entry"].items() if k not in changing} == {
        k: v for k, v in by_command["entry"].items() if k not in changing
    }
    assert (by_rest["entry"]["hit_count"], by_command["entry"]["hit_count"]) == (1, 2)

    miss = reader.post(f"{ROOT}/lookup", {**QUESTION, "model_version": "m2"}).json()
    code, out, _ = run_command(
        "visioncache", "lookup", "--image-hash", DIGEST, "--model", "m2", "--request", "{}", "--json"
    )
    assert (code, miss["hit"], json.loads(out)["hit"]) == (1, False, False)
    assert miss["why_miss"]["differences"] == [{"part": "model_version", "asked": "m2", "stored": MODEL}]
    code, out, _ = run_command("visioncache", "lookup", "--image-hash", DIGEST, "--model", "m2")
    assert (code, out.startswith("[MISS] The nearest entry of this image differs in: model_version")) == (1, True)


def test_invalidating_is_the_same_by_every_door(api: Any, run_command: Any, admin_client: Client) -> None:
    def by_rest() -> int:
        return api.post(f"{ROOT}/invalidate", {"tag": "ci"}).json()["removed"]

    def by_command() -> int:
        return json.loads(run_command("visioncache", "invalidate", "--tag", "ci", "--json")[1])["removed"]

    def by_job() -> int:
        return tasks.invalidate.delay(tag="ci").get()

    def by_admin() -> int:
        form = {"action": "invalidate", "_selected_action": [entry.pk for entry in Entry.objects.tagged("ci")]}
        admin_client.post("/admin/visioncache/entry/", form)
        assert Entry.objects.tagged("ci").count() == 2, "it asks first"
        admin_client.post("/admin/visioncache/entry/", {**form, "_answered": "1"})
        return 2 - Entry.objects.tagged("ci").count()

    for door in (by_rest, by_command, by_job, by_admin):
        make_entry("a", tags=["ci"])
        make_entry("b", tags=["ci"])
        make_entry("c", tags=["other"])
        assert door() == 2
        assert [entry.tags for entry in Entry.objects.all()] == [["other"]]
    doors = {event.actor.split(":")[0] for event in Event.objects.filter(event_type="entries.invalidated")}
    assert {"write-key", "console", "admin"} <= doors


def test_cleaning_up_is_the_same_by_command_and_job(run_command: Any) -> None:
    make_entry("a", ttl_hours=0)
    assert run_command("visioncache", "cleanup")[:2] == (0, "[OK] 1 expired entries removed.\n")
    make_entry("a", ttl_hours=0)
    assert tasks.cleanup.delay().get() == 1
    assert tasks.SCHEDULE["visioncache.cleanup"]["task"] == tasks.cleanup.name


def test_stats_are_the_same_by_rest_and_command(reader: Any, run_command: Any) -> None:
    make_entry(latency_ms=100)
    ask()
    ask("absent")
    by_rest = reader.get(f"{ROOT}/stats").json()
    code, out, _ = run_command("visioncache", "--json", "stats")
    assert (code, json.loads(out)) == (0, by_rest)
    assert by_rest["entries"][0].pop("image_hash") == picture()
    figures = {name: value for name, value in by_rest.items() if name != "entries"}
    assert figures == {
        "total_entries": 1,
        "live_entries": 1,
        "total_hits": 1,
        "total_misses": 1,
        "total_waits": 0,
        "hit_rate": 0.5,
        "avg_confidence": 0.9,
        "saved_ms": 100,
        "saved_cost_micros": 0,
        "bytes": Entry.objects.get().size_bytes,
    }
    _, out, _ = run_command("visioncache", "stats", "--image-hash", picture())
    assert "hit rate" in out
    assert re.search(r"saved cost +\$\d", out)
    assert re.search(r"confidence +\d+ %", out)
    assert re.search(r"size +\d+ bytes", out)
    assert MODEL in out


def test_the_life_of_an_entry_by_rest(api: Any, reader: Any) -> None:
    answer = api.post(f"{ROOT}/entries", {**BODY, "ttl_hours": 1})
    entry = answer.json()
    assert reader.get(f"{ROOT}/entries/{entry['id']}").json() | {"age_seconds": 0} == entry | {"age_seconds": 0}
    again = api.post(f"{ROOT}/entries", {**BODY, "extracted_data": {"status": "FAILED"}})
    assert (again.status_code, again.json()["id"]) == (200, entry["id"])
    assert reader.get(f"{ROOT}/entries").json()["results"] == [again.json()]
    assert api.delete(f"{ROOT}/entries/{entry['id']}").status_code == 204
    gone = reader.get(f"{ROOT}/entries/{entry['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "entry-not-found")
    for missing in (entry["id"], "null,null", "00000000-0000-7000-8000-000000000000"):
        assert api.delete(f"{ROOT}/entries/{missing}").status_code == 404
        assert reader.get(f"{ROOT}/entries/{missing}").status_code == 404


def test_no_door_returns_an_expired_entry(api: Any, reader: Any) -> None:
    entry = api.post(f"{ROOT}/entries", {**BODY, "ttl_hours": 0}).json()
    assert entry["expires_at"] == entry["stored_at"]
    assert reader.get(f"{ROOT}/entries/{entry['id']}").status_code == 404
    assert reader.get(f"{ROOT}/entries").json()["results"] == []
    found = reader.post(f"{ROOT}/lookup", QUESTION).json()
    assert (found["hit"], found["entry"], found["why_miss"]["reason"]) == (False, None, "expired")
    assert reader.get(f"{ROOT}/stats").json()["entries"] == []


def test_lists_are_filtered(api: Any, reader: Any) -> None:
    make_entry("a", tags=["ci"], confidence_score=0.4)
    make_entry("b", model_version="m2")
    make_entry("a", namespace="team-a")
    for query, count in {
        f"image_hash={picture('a').upper()}": 2,
        "tag=ci": 1,
        "model_version=m2": 1,
        "namespace=team-a": 1,
        "min_confidence=0.5": 2,
        "stored_before=2000-01-01T00:00:00Z": 0,
        "page_size=1": 1,
    }.items():
        assert len(reader.get(f"{ROOT}/entries?{query}").json()["results"]) == count, query
    for query in ("modle=m2", "stored_after=", "min_confidence=x", "stored_after=yesterday"):
        assert reader.get(f"{ROOT}/entries?{query}").status_code == 400, query


def test_a_time_the_database_cannot_hold_is_no_failure(reader: Any) -> None:
    """PostgreSQL takes no zone beyond 15 hours; SQLite does."""
    assert reader.get(f"{ROOT}/entries?stored_after=2000-01-01T00:00:00%2B20:11").status_code in {200, 400}


def test_single_flight_by_rest(api: Any, reader: Any) -> None:
    first, second = (reader.post(f"{ROOT}/lookup", {**QUESTION, "lease": True}).json()["lease"] for _ in range(2))
    assert (first["status"], second["status"], second["token"]) == ("granted", "wait", None)
    assert reader.delete(f"{ROOT}/leases/{first['token']}").status_code == 204
    assert reader.delete(f"{ROOT}/leases/{first['token']}").status_code == 404
    assert reader.post(f"{ROOT}/lookup", {**QUESTION, "lease": True}).json()["lease"]["status"] == "granted"
    api.post(f"{ROOT}/entries", BODY)
    assert reader.post(f"{ROOT}/lookup", {**QUESTION, "lease": True}).json()["hit"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"confidence_score": 1.5}, "confidence_score"),
        ({"confidence_score": "0.9"}, "confidence_score"),
        ({"image_hash": "xyz"}, "image_hash"),
        ({"image_hash": None}, "image_hash"),
        ({"image": "QUJD"}, "image_hash"),
        ({"ttl_hours": -1}, "ttl_hours"),
        ({"ttl_hours": "24"}, "ttl_hours"),
        ({"model_version": ""}, "model_version"),
        ({"model_version": 7}, "model_version"),
        ({"extracted_data": {}}, "extracted_data"),
        ({"extracted_data": None}, "extracted_data"),
        ({"request": []}, "request"),
        ({"tags": "ci"}, "tags"),
        ({"tags": [""]}, "tags[0]"),
        ({"cost_micros": -1}, "cost_micros"),
        ({"namespace": "a b"}, "namespace"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(api: Any, change: dict[str, Any], field: str) -> None:
    answer = api.post(f"{ROOT}/entries", {**BODY, **change})
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert problem["errors"][0]["field"].startswith(field), problem
    assert not Entry.objects.exists()


def test_an_image_too_large_is_413(api: Any) -> None:
    body = {"image": "A" * (9_900_000), "model_version": MODEL}
    answer = api.post(f"{ROOT}/lookup", body)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")


def test_reading_needs_read_and_changing_write(reader: Any) -> None:
    assert reader.post(f"{ROOT}/entries", BODY).status_code == 403
    assert reader.post(f"{ROOT}/invalidate", {"tag": "x"}).status_code == 403
    assert reader.post(f"{ROOT}/lookup", QUESTION).status_code == 200
    flush()
    assert Tally.objects.get().misses == 1


def test_the_command_says_what_is_wrong(run_command: Any, tmp_path: Any) -> None:
    assert run_command("visioncache", "invalidate")[0] == 2
    assert run_command("visioncache", "lookup", "--image", str(tmp_path / "absent.png"))[0] == 2
    store = ["visioncache", "store", "--image-hash", DIGEST, "--model", "m", "--confidence", "1", "--data"]
    code, _, err = run_command(*store, "{")
    assert (code, "Not JSON: {" in err) == (2, True)
    assert run_command(*store, "{}")[0] == 2
    assert run_command(*store, '"x"', "--for-ever")[0] == 0
    assert Entry.objects.get().expires_at is None
    code, out, _ = run_command("visioncache", "invalidate", "--model", "m", "--dry-run")
    assert (code, out) == (0, "[OK] 1 entries would be removed.\n")

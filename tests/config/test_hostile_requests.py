"""What a careless or hostile client may send: each gets a problem it can read, and nothing is half done."""

import asyncio
import gzip
import json
import logging
import sys
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError
from django.test import Client

from audit.management.commands.audit import Command
from audit.models import Event
from config.rest import idempotency
from config.rest.parsers import MAX_DEPTH
from config.serving import asgi, bodies

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
BODY = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer"}
LISTS = ["audit/events", "escalation/bugs", "prompts/prompts", "visioncache/entries", "dockerdebug/diagnoses"]


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def roles() -> int:
    return Event.objects.filter(entity_type="role").count()


def test_what_is_stored_is_no_deeper_than_every_door_can_read(api: Any) -> None:
    assert api.post(EVENTS, {**BODY, "new_value": nested(MAX_DEPTH - 1)}).status_code == 201
    assert api.get(f"{EVENTS}?entity_type=role").status_code == 200
    for levels in (MAX_DEPTH, 900):  # the second is within the reader's own limit and beyond that of comparing
        answer = api.post(EVENTS, {**BODY, "new_value": nested(levels)})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-body")
        assert f"{MAX_DEPTH} levels" in answer.json()["detail"]
    assert roles() == 1


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "position", ["p=a%00", "r=1&p=a", "p=%ED%A0%80", "p=99999999999999999999", "p=2026-99-99", "o=-1", "p="]
)
def test_a_cursor_made_up_by_the_client_never_fails_the_service(reader: Any, path: str, position: str) -> None:
    answer = reader.get(f"/api/v1/{path}?cursor={quote(b64encode(position.encode()).decode())}")
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00%2B23:59"])
@pytest.mark.parametrize("path", ["audit/events?start=", "audit/export?end=", "visioncache/entries?stored_after="])
def test_a_time_that_is_none_in_utc_is_refused_before_anything_is_sent(reader: Any, path: str, moment: str) -> None:
    answer = reader.get(f"/api/v1/{path}{moment}")
    assert answer.status_code == 400
    assert "1 and 9999" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("path", ["audit/events?start=", "audit/export?end=", "visioncache/entries?stored_after="])
def test_a_time_in_a_zone_that_no_clock_shows_is_read(reader: Any, path: str) -> None:
    assert reader.get(f"/api/v1/{path}2660-09-06T21:21:19.1%2B20:50").status_code == 200


def test_the_api_without_its_slash_is_a_problem_and_no_redirect(client: Client) -> None:
    answer = client.get("/api")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_the_log_line_of_a_refused_request_has_its_id(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []

    class Ids(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            from config.context import caller

            ids.append(caller().correlation_id)

    handler = Ids()
    logging.getLogger("django.request").addHandler(handler)
    try:
        client.get(EVENTS, headers={"X-Request-ID": "trace-1"})
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert ids == ["trace-1"]
    assert [record.message for record in caplog.records] == [f"Unauthorized: {EVENTS}"]


def test_work_that_is_done_is_told_even_when_its_answer_cannot_be_kept(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, response: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(idempotency.Claim, "settle", fail)
    assert api.post(EVENTS, BODY, headers={"Idempotency-Key": "k1"}).status_code == 201
    assert api.post(EVENTS, BODY, headers={"Idempotency-Key": "k1"}).status_code == 409
    assert roles() == 1


# The door below Django


def through_the_door(messages: list[dict[str, Any]], **scope: Any) -> tuple[int, dict[str, str], bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    known = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    known["headers"] += [(b"transfer-encoding", b"chunked")] if messages[0].get("body") else []
    asyncio.run(asgi.application({**known, **scope}, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def test_a_body_cut_short_never_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[dict[str, Any]] = []

    def site(environ: dict[str, Any], start: Any) -> list[bytes]:
        ran.append(environ)
        return []

    monkeypatch.setattr(asgi, "site", site)
    begun = {"type": "http.request", "body": b"{}", "more_body": True}
    status, headers, body = through_the_door([begun, {"type": "http.disconnect"}], path="/api/v1/prompts/prompts")
    assert (status, headers["content-type"], ran) == (400, "application/problem+json", [])
    assert json.loads(body)["request_id"] == headers["x-request-id"]


def test_options_about_the_whole_server_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def site(environ: dict[str, Any], start: Any) -> list[bytes]:
        start(f"404 {environ['PATH_INFO']}", [])
        return [b""]

    monkeypatch.setattr(asgi, "site", site)
    empty = {"type": "http.request", "body": b"", "more_body": False}
    assert through_the_door([empty], method="OPTIONS", path="*")[0] == 404


def test_a_login_page_that_was_asked_to_go_elsewhere_leads_to_the_dashboard(client: Client, admin_user: Any) -> None:
    login = {"username": admin_user.username, "password": "password"}
    answer = client.post("/admin/login/", {**login, "next": "http://elsewhere.example/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "a.b", "t", "x", "--new", "[" * 900 + "]" * 900],
        ["record", "a.b", "t", "x", "--new", "[" * 100_000],
        ["record", "a.b", "t", "x", "--new", '{"a": 1, "a": 2}'],
        ["events", "--start", "9999-12-31T23:59:59-23:59"],
        ["events", "--end", "0001-01-01T00:00:00+23:59"],
        ["events", "--limit", "-1"],
        ["history", "role", "deployer", "--limit", "99999999999999999999"],
        ["record", "a.b", "t", "x", "--context", "[1]"],
    ],
)
def test_the_command_door_holds_the_same_rules(run_command: Any, arguments: list[str]) -> None:
    code, _, err = run_command("audit", *arguments)
    assert (code, any(why in err for why in ("Not ", "Must be ", "Expected a dictionary"))) == (2, True)


@pytest.mark.parametrize(
    "arguments", [["audit", "history", "role", "\udcff"], ["prompt", "show", "\udcff"], ["audit_prove", "\udcff"]]
)
def test_an_argument_that_is_not_utf_8_is_refused(run_command: Any, arguments: list[str]) -> None:
    assert run_command(*arguments)[0] == 2


def test_an_argument_that_cannot_be_read_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(stderr=sys.stderr)
    with pytest.raises(SystemExit) as stop:
        command.run_from_argv(["manage.py", "audit", "record", "a.b", "t", "x", "--new", "{"])
    assert (stop.value.code, "Traceback" in capsys.readouterr().err) == (2, False)
    with pytest.raises(CommandError):
        command.run_from_argv(["manage.py", "audit", "events", "--limit", "x", "--traceback"])


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    async def answered() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": EVENTS, "query_string": b""}
        scope["headers"] = [(b"content-length", b"2")]
        await asgi.application(scope, never, send)
        return sent

    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.01)
    start, body = asyncio.run(answered())
    assert (start["status"], json.loads(body["body"])["code"]) == (408, "request-timeout")


def test_a_packed_body_is_refused_before_it_is_unpacked(api: Any) -> None:
    answer = api.generic("POST", EVENTS, gzip.compress(b"{}"), "application/json", HTTP_CONTENT_ENCODING="gzip")
    assert (answer.status_code, "Content-Encoding" in answer.json()["detail"]) == (415, True)


def test_a_host_that_is_not_ours_is_told_what_to_set(client: Client) -> None:
    answer = client.get("/api/v1/audit/events", HTTP_HOST="elsewhere.example")
    assert (answer.status_code, "ALLOWED_HOSTS" in answer.json()["detail"]) == (400, True)

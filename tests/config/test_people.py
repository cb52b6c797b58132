"""What pages need and a program does not: sessions, logins and messages. Everything that protects stays for both."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
BODY = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer"}
PROTECTING = [
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-Request-ID",
]


def parts(answer: Any) -> set[str]:
    return {part for part in ("session", "user", "_messages") if hasattr(answer.wsgi_request, part)}


def test_a_key_alone_opens_no_session(key_for: Any) -> None:
    answer = Client(headers={"Authorization": f"Bearer {key_for('read')}"}).get(EVENTS)
    assert (answer.status_code, parts(answer) & {"session", "_messages"}) == (200, set())
    assert not answer.cookies


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (EVENTS, {}),
        (EVENTS, {"Authorization": "Basic dTpw"}),
        (EVENTS, {"Authorization": "Bearer hr_wrong", "Cookie": "theme=dark"}),
        ("/admin/login/", {"Authorization": "Bearer hr_wrong"}),
        ("/api/docs", {"Authorization": "Bearer hr_wrong"}),
        ("/", {"Authorization": "Bearer hr_wrong"}),
    ],
)
def test_everybody_else_has_one(path: str, headers: dict[str, str]) -> None:
    assert parts(Client(headers=headers).get(path)) == {"session", "user", "_messages"}


def test_programs_and_people_get_the_same_protecting_headers(key_for: Any, admin_client: Client) -> None:
    by_key = Client(headers={"Authorization": f"Bearer {key_for('read')}"})
    answers = [by_key.get(EVENTS), by_key.get("/api/v1/nothing"), admin_client.get(EVENTS), admin_client.get("/admin/")]
    for answer in answers:
        assert all(name in answer.headers for name in PROTECTING), answer.headers
        same = {name: answer.headers[name] for name in PROTECTING[:-1]}
        assert same == {name: answers[0].headers[name] for name in PROTECTING[:-1]}
    assert answers[0].headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; ")
    assert "frame-ancestors 'none'" in answers[0].headers["Content-Security-Policy"]
    assert (answers[0].headers["X-Frame-Options"], answers[0].headers["X-Content-Type-Options"]) == ("DENY", "nosniff")


def test_a_session_beside_a_wrong_key_counts_for_nothing(admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": "Bearer hr_wrong"})
    client.force_login(admin_user)
    assert client.get(EVENTS).status_code == 401
    assert client.post(EVENTS, BODY, content_type="application/json").status_code == 401


@pytest.mark.parametrize("authorization", [None, "", " "])
def test_a_session_needs_the_csrf_token_whatever_else_is_sent(admin_user: Any, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    client = Client(enforce_csrf_checks=True, headers=headers)
    client.force_login(admin_user)
    assert client.post(EVENTS, BODY, content_type="application/json").status_code in {401, 403}


def test_a_key_needs_no_csrf_token_with_or_without_a_session(key_for: Any, admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {key_for('write')}"})
    assert client.post(EVENTS, BODY, content_type="application/json").status_code == 201
    client.force_login(admin_user)
    answer = client.post(EVENTS, BODY, content_type="application/json")
    assert (answer.status_code, answer.json()["actor"]) == (201, "write-key")


def test_djangos_pages_for_debugging_keep_their_styles(settings: Any, client: Client) -> None:
    settings.DEBUG = True
    assert "Content-Security-Policy" not in client.get("/nothing", headers={"Accept": "text/html"}).headers
    assert "Content-Security-Policy" in client.get("/admin/login/").headers

"""Paths nobody serves, methods nobody offers, callers who guess."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from audit import streaming
from audit.backups import making
from config import attempts
from config.context import acting_as
from config.models import FailedLogin

pytestmark = pytest.mark.django_db
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]
PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def no_attempts() -> Any:
    cache.clear()
    yield
    cache.clear()


def strict(authorization: str | None) -> Client:
    headers = {"Authorization": authorization} if authorization else {}
    return Client(enforce_csrf_checks=True, headers=headers)


# Paths and methods


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/api/v1/prompts/prompts/kw/nothing/live", "/api/v1/nothing", "/api/v1/audit/events/", "/api"]
)
@pytest.mark.parametrize("key", ["write", "wrong", None])
def test_an_unknown_path_is_404_by_any_method_and_key(key_for: Any, key: str | None, path: str, method: str) -> None:
    raw = {"write": f"Bearer {key_for('write')}", "wrong": "Bearer hr_wrong", None: None}[key]
    answer = strict(raw).generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/api/schema/", "/dashboard/figures"])
def test_a_page_that_is_only_read_says_so(path: str, method: str) -> None:
    answer = strict(None).generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, PROBLEM)
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(("path", "allowed"), [("audit/events", "GET, POST"), ("escalation/summary", "GET")])
def test_another_method_is_405_and_names_those_there_are(api: APIClient, path: str, allowed: str) -> None:
    answer = api.generic("PROPFIND", f"/api/v1/{path}")
    assert answer.status_code == 405
    assert set(allowed.split(", ")) <= set(answer.headers["Allow"].split(", "))


# Operations that a key for writing must not reach


def test_only_an_admin_sends_the_whole_trail_again(api: APIClient, client_for: Any) -> None:
    answer = api.post("/api/v1/audit/stream", {"restart": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client_for("admin").post("/api/v1/audit/stream", {"restart": True}).status_code == 409  # no receiver
    with acting_as(scope="write"), pytest.raises(streaming.RestartRefused):
        streaming.restart()


@pytest.mark.parametrize("kind", sorted(making.RESERVED))
def test_backups_by_the_calendar_are_not_made_at_will(api: APIClient, kind: str) -> None:
    assert api.post("/api/v1/audit/backups", {"kind": kind}).status_code == 403


# Guessing


def log_in(password: str, address: str = "203.0.113.7", **headers: str) -> Any:
    body = {"username": "owner", "password": password}
    return Client(headers=headers).post("/admin/login/?next=/admin/", body, REMOTE_ADDR=address)


def test_failed_logins_close_the_door_to_their_address_alone(owner: Any) -> None:
    for _ in range(attempts.LOGINS):
        assert log_in("wrong").status_code == 200
    refused = log_in("owner-password")
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, PROBLEM)
    assert 0 < int(refused.headers["Retry-After"]) <= attempts.LOGIN_WINDOW.total_seconds()
    assert log_in("owner-password", "203.0.113.8").status_code == 302  # the administrator, from elsewhere
    FailedLogin.objects.update(at=timezone.now() - attempts.LOGIN_WINDOW - timedelta(seconds=1))
    assert log_in("owner-password").status_code == 302


def test_a_forwarded_address_counts_only_behind_our_own_proxy(owner: Any, settings: Any) -> None:
    for number in range(attempts.LOGINS):
        log_in("wrong", **{"X-Forwarded-For": f"198.51.100.{number}"})
    assert log_in("wrong", **{"X-Forwarded-For": "198.51.100.99"}).status_code == 429  # made up by the caller
    settings.TRUSTED_PROXIES = 1
    assert log_in("owner-password", **{"X-Forwarded-For": "made-up, 198.51.100.99"}).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.1", "203.0.113.7"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
        (1, "", "203.0.113.7"),
        (1, "no address", "203.0.113.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_of_ours_saw(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert attempts.address_of("203.0.113.7", forwarded) == address


def test_old_failures_are_forgotten(db: None) -> None:
    FailedLogin.objects.create(address="203.0.113.7", at=timezone.now() - timedelta(hours=2))
    attempts.login_failed("203.0.113.8")
    assert [failed.address for failed in FailedLogin.objects.all()] == ["203.0.113.8"]


def test_wrong_keys_are_slowed_and_a_live_one_from_the_same_address_works(key_for: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(attempts, "WRONG_KEYS", 3)
    path = "/api/v1/audit/events"
    answers = [strict("Bearer hr_wrong").get(path).status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    assert int(strict("Bearer hr_wrong").get(path).headers["Retry-After"]) > 0
    assert strict(f"Bearer {key_for('read')}").get(path).status_code == 200
    assert strict("Bearer hr_wrong").get(path, REMOTE_ADDR="203.0.113.9").status_code == 401


def test_a_window_counts_every_thread_from_one(monkeypatch: Any) -> None:
    monkeypatch.setattr(attempts, "time", SimpleNamespace(time=lambda: 7200.0))
    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(lambda _: attempts.counted("window", 3600), range(200)))
    assert found == list(range(1, 201))
    monkeypatch.setattr(attempts, "time", SimpleNamespace(time=lambda: 10800.0))
    assert attempts.counted("window", 3600) == 1, "the next window begins anew"


def test_a_cache_that_loses_its_counts_slows_nobody(monkeypatch: Any) -> None:
    def lost(slot: str) -> int:
        raise ValueError(slot)

    monkeypatch.setattr(attempts.cache, "incr", lost)
    monkeypatch.setattr(attempts.cache, "add", lambda *args, **options: False)
    assert attempts.counted("window", 3600) == 0

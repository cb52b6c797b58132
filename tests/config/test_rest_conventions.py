"""What every REST endpoint has in common, tried on the trail's."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from audit.models import Event
from config.models import ApiKey, IdempotentAnswer
from config.rest import idempotency

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/audit/events"
BODY = {"event_type": "role.changed", "entity_type": "role", "entity_id": "deployer"}


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(body) >= {"type", "title", "status", "detail", "code"}
    return (answer.status_code, body["status"], body["code"]) == (status, status, code)


def roles() -> int:
    return Event.objects.filter(entity_type="role").count()


# Keys


def test_without_a_key_the_answer_says_how_to_send_one() -> None:
    answer = APIClient().get(EVENTS)
    assert is_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic dTpw", "Bearer \u00e9\u00e8", "nonsense"])
def test_a_bad_key_is_refused_and_never_repeated(header: str) -> None:
    answer = APIClient().get(EVENTS, headers={"Authorization": header})
    assert is_problem(answer, 401, "unauthenticated")
    assert "nonsense" not in answer.text


def test_an_expired_and_a_revoked_key_and_one_of_an_inactive_user_are_refused(reader: Any, owner: Any) -> None:
    assert reader.get(EVENTS).status_code == 200
    now = timezone.now()
    for fields in ({"expires_at": now}, {"expires_at": None, "revoked_at": now}):
        ApiKey.objects.update(**fields)
        assert is_problem(reader.get(EVENTS), 401, "unauthenticated")
    ApiKey.objects.update(revoked_at=None)
    owner.is_active = False
    owner.save()
    assert is_problem(reader.get(EVENTS), 401, "unauthenticated")


def test_a_key_that_expires_later_works_until_then(reader: Any) -> None:
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert reader.get(EVENTS).status_code == 200


def test_only_the_hash_of_a_key_is_stored(key_for: Any) -> None:
    raw = key_for("write")
    assert raw not in json.dumps(list(ApiKey.objects.values()), default=str)


def test_the_login_of_the_admin_works_too_and_its_posts_need_the_csrf_token(admin_user: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.get(EVENTS).status_code == 200
    assert client.post(EVENTS, BODY, content_type="application/json").status_code == 403


def test_a_user_who_is_no_staff_may_not_use_the_api(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("visitor"))
    assert is_problem(client.get(EVENTS), 403, "forbidden")


# Bodies


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "line 1 column 2"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": 123456789012345678901}', "as a string"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": ["\\ud800"]}', "lone surrogate at $.a[0]"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'\xff{"a": 1}', "UTF-8"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_a_body_that_is_no_sound_json_is_refused_with_the_reason(api: Any, raw: bytes, says: str) -> None:
    answer = api.post(EVENTS, raw, content_type="application/json")
    assert is_problem(answer, 400, "malformed-body")
    assert says.split(" at ")[0] in answer.json()["detail"]
    assert roles() == 0


def test_a_sound_surrogate_pair_and_a_byte_order_mark_are_read(api: Any) -> None:
    raw = b'\xef\xbb\xbf{"event_type":"a","entity_type":"role","entity_id":"\\ud83d\\ude00"}'
    assert api.post(EVENTS, raw, content_type="application/json").json()["entity_id"] == "\U0001f600"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"event_type": 1}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"event_type": ["a"]}, "event_type"),
        ({"entity_id": True}, "entity_id"),
        ({"context": "text"}, "context"),
        ({"timestamp": 5}, "timestamp"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"surprise": 1}, "surprise"),
        ({"actor": "root"}, "actor"),
        ({"event_type": "x" * 51}, "event_type"),
    ],
)
def test_a_field_of_the_wrong_type_or_name_is_named(api: Any, wrong: dict[str, Any], field: str) -> None:
    answer = api.post(EVENTS, {**BODY, **wrong})
    assert is_problem(answer, 400, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert roles() == 0


@pytest.mark.parametrize("body", [[], [BODY], "text", 5, None])
def test_a_body_that_is_no_object_is_refused(api: Any, body: Any) -> None:
    answer = api.post(EVENTS, json.dumps(body), content_type="application/json")
    assert answer.status_code == 400


def test_a_body_over_the_limit_is_413_and_one_of_another_type_415(api: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert is_problem(api.post(EVENTS, {**BODY, "new_value": "x" * 1000}), 413, "payload-too-large")
    assert is_problem(api.post(EVENTS, "a=1", content_type="text/plain"), 415, "unsupported-media-type")


# Paths and methods


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/audit/events/", "/nothing"])
def test_an_unknown_path_is_a_problem_for_programs(api: Any, path: str) -> None:
    assert is_problem(api.get(path), 404, "not-found")


def test_an_unknown_path_is_a_page_for_people(client: Client) -> None:
    answer = client.get("/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")


def test_another_method_is_405_with_those_that_are_allowed(api: Any) -> None:
    answer = api.put(EVENTS, {})
    assert is_problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_nul_in_a_path_or_query_is_refused(api: Any) -> None:
    assert is_problem(api.get(f"{EVENTS}?entity_id=a%00b"), 400, "malformed-request")
    assert is_problem(api.get("/api/v1/audit/entities/role/a%00b/history"), 400, "malformed-request")


def test_an_unforeseen_error_is_a_500_that_tells_the_client_nothing(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("inner detail")

    monkeypatch.setattr("audit.trail.record_all", fail)
    answer = api.post(EVENTS, BODY, headers={"Accept": "application/json"})
    assert is_problem(answer, 500, "internal-error")
    assert "inner detail" not in answer.text
    assert "inner detail" in caplog.text


def test_a_locked_database_is_503_with_retry_after(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**kwargs: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("audit.trail.record_all", fail)
    answer = api.post(EVENTS, BODY)
    assert is_problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "2"


# Lists


@pytest.mark.parametrize("query", ["page_size=0", "page_size=501", "page_size=x", "cursor=x", "cursor=", "entity=a"])
def test_a_wrong_list_parameter_is_named_instead_of_ignored(reader: Any, query: str) -> None:
    answer = reader.get(f"{EVENTS}?{query}")
    assert is_problem(answer, 400, "invalid")
    assert answer.json()["errors"][0]["field"] == query.split("=")[0]


# Request ids


def test_a_request_id_is_taken_or_made_and_returned(reader: Any) -> None:
    assert reader.get(EVENTS, headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    made = reader.get(EVENTS, headers={"X-Request-ID": "two words\u00e9"}).headers["X-Request-ID"]
    assert made != "two words"
    assert len(made) == 32


# Idempotency


def post(client: Any, key: str, body: Any = BODY) -> Any:
    return client.post(EVENTS, body, headers={"Idempotency-Key": key})


def test_a_repeated_post_gets_the_first_answer_and_runs_once(api: Any) -> None:
    first, second = post(api, "k1"), post(api, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["Idempotent-Replay"] == "true"
    assert roles() == 1


def test_the_same_key_with_another_body_is_a_conflict(api: Any) -> None:
    post(api, "k1")
    assert is_problem(post(api, "k1", {**BODY, "entity_id": "other"}), 409, "conflict")
    assert roles() == 1


def test_the_answer_that_is_kept_has_its_numbers_as_they_were_written(api: Any) -> None:
    body = {**BODY, "new_value": {"large": 1e22, "small": 5e-324, "exact": 2**53 - 1, "odd": 1.2345678901234567e22}}
    first, kept = (json.dumps(post(api, "k1", body).json(), sort_keys=True) for _ in range(2))
    assert first == kept


def test_a_refused_request_leaves_its_key_free(api: Any) -> None:
    assert post(api, "k1", {}).status_code == 400
    assert post(api, "k1").status_code == 201


def test_keys_of_two_callers_do_not_meet(api: Any, admin_api: Any) -> None:
    post(api, "k1")
    assert "Idempotent-Replay" not in post(admin_api, "k1").headers
    assert roles() == 2


def test_a_key_and_a_user_of_one_name_do_not_share_answers(api: Any, admin_user: Any) -> None:
    post(api, "k1")
    admin_user.username = "write-key"
    admin_user.save()
    client = Client()
    client.force_login(admin_user)
    answer = client.post(EVENTS, BODY, content_type="application/json", headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, "Idempotent-Replay" in answer.headers) == (201, False)


def test_a_second_request_while_the_first_runs_is_told_to_wait(api: Any) -> None:
    post(api, "k1")
    IdempotentAnswer.objects.update(status=None)
    answer = post(api, "k1")
    assert is_problem(answer, 409, "conflict")
    assert answer.headers["Retry-After"] == "2"


def test_the_claim_of_a_killed_request_ends(api: Any) -> None:
    post(api, "k1")
    IdempotentAnswer.objects.update(status=None, created_at=timezone.now() - idempotency.CLAIMED)
    assert post(api, "k1").status_code == 201
    assert roles() == 2


def test_an_answer_is_kept_for_24_hours(api: Any) -> None:
    post(api, "k1")
    IdempotentAnswer.objects.update(created_at=timezone.now() - idempotency.KEPT)
    assert "Idempotent-Replay" not in post(api, "k1").headers
    IdempotentAnswer.objects.update(created_at=timezone.now() - idempotency.KEPT)
    assert idempotency.forget_old() == 1


def test_a_failure_nobody_foresaw_leaves_the_key_free(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("audit.trail.record_all", fail)
        assert post(api, "k1").status_code == 500
    assert post(api, "k1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
def test_a_key_that_no_header_should_carry_is_refused(api: Any, key: str) -> None:
    assert post(api, key).status_code == 400


# Throttling


def test_a_key_over_its_rate_gets_429_and_when_to_come_back(api: Any, reader: Any, settings: Any) -> None:
    settings.THROTTLE_RATE = "3/hour"
    for _ in range(3):
        assert reader.get(EVENTS).status_code == 200
    answer = reader.get(EVENTS)
    assert is_problem(answer, 429, "throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 3601
    assert api.get(EVENTS).status_code == 200

"""From the event of an SDK to a bug that is counted."""

import json
import zlib
from unittest.mock import patch

import pytest
from django.test import Client

from audit.models import Event
from escalation.ingestion import digestion, intake
from escalation.ingestion.digestion import digest_submissions
from escalation.models import Bug, HourlyCount, Occurrence, Project, Release, Submission
from tests.escalation.ingestion.sending import counted, envelope, error, project, send

pytestmark = pytest.mark.django_db


def test_an_event_is_stored_before_the_answer_and_then_becomes_a_bug():
    key = project()
    sent = error(release="shop@1", environment="production", user={"id": 7})
    answer = send(key, envelope(sent))
    assert (answer.status_code, answer.json()) == (200, {"id": sent["event_id"]})
    assert Submission.objects.waiting().count() == 1
    assert digest_submissions() == 1
    bug = Bug.objects.get()
    assert (bug.project, bug.error_type, bug.frequency, bug.users) == (key.project, "KeyError", 1, 1)
    assert (bug.first_release, bug.last_release) == ("shop@1", "shop@1")
    assert 'File "shop/views.py", line 3, in show' in bug.stack_trace
    occurrence = Occurrence.objects.get()
    assert (occurrence.event_id, occurrence.environment) == (sent["event_id"], "production")
    assert json.loads(zlib.decompress(bytes(occurrence.event)))["exception"] == sent["exception"]


def test_the_same_error_again_is_counted_and_leaves_no_event_in_the_trail():
    key = project()
    counted(key, error(value="'a'"), error(value="'b'"))
    before = Event.objects.of("bug", Bug.objects.get().bug_id).count()
    counted(key, *[error(user={"id": number}) for number in (1, 2, 2)])
    bug = Bug.objects.get()
    assert (bug.frequency, bug.users) == (5, 2)
    assert sum(HourlyCount.objects.filter(bug=bug).values_list("count", flat=True)) == 5
    told = Event.objects.of("bug", bug.bug_id).order_by("id")[before:]
    assert {event.event_type for event in told} <= {"bug.priority_changed", "bug.escalated"}


def test_an_event_that_is_sent_twice_counts_once():
    key, sent = project(), error()
    counted(key, sent)
    counted(key, sent)
    assert Bug.objects.get().frequency == Occurrence.objects.count() == 1


def test_a_worker_that_dies_before_it_is_done_leaves_the_event_for_the_next():
    key = project()
    send(key, envelope(error()))
    with patch.object(digestion, "count_within", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        digest_submissions()
    assert not Bug.objects.exists()
    digest_submissions()
    assert Bug.objects.get().frequency == 1


def test_an_event_that_cannot_be_counted_spoils_no_other():
    key = project()
    send(key, envelope(error("KeyError")))
    send(key, envelope(error("Poison")))
    send(key, envelope(error("ValueError")))
    count = digestion.count_within

    def failing(reports):
        if any(report.error_type == "Poison" for report in reports):
            raise ZeroDivisionError
        return count(reports)

    with patch.object(digestion, "count_within", failing):
        digest_submissions()
    assert set(Bug.objects.values_list("error_type", flat=True)) == {"KeyError", "ValueError"}
    assert Submission.objects.exclude(refused="").get().refused == "ZeroDivisionError"
    assert not Submission.objects.waiting().exists()


def test_two_projects_equal_errors_are_two_bugs():
    counted(project("shop"), error())
    counted(project("blog"), error())
    assert Bug.objects.count() == 2


def test_a_resolved_bug_comes_back_with_its_next_event():
    from escalation.bugs import resolve

    key = project()
    counted(key, error())
    resolve(bug_id=Bug.objects.get().bug_id, resolution="fixed")
    counted(key, error())
    bug = Bug.objects.get()
    assert (bug.status, bug.frequency) == ("pending", 2)
    assert "bug.reopened" in Event.objects.of("bug", bug.bug_id).values_list("event_type", flat=True)


def test_secrets_of_an_event_are_stored_nowhere():
    frames = {"frames": [{"function": "f", "vars": {"client_secret_value": "hunter2hunter2"}, "in_app": True}]}
    sent = error(extra={"headers": {"Authorization": "Bearer abcdefabcdefabcdef"}}, stacktrace=frames)
    sent["exception"]["values"][0]["stacktrace"] = frames
    counted(project(), sent)
    kept = zlib.decompress(bytes(Occurrence.objects.get().event)).decode()
    assert "hunter2hunter2" not in kept
    assert "abcdefabcdefabcdef" not in kept


def test_releases_are_listed_in_the_order_they_were_seen():
    key = project()
    for release in ("2", "10", "2"):
        counted(key, error(release=release))
    assert list(Release.objects.order_by("id").values_list("version", flat=True)) == ["2", "10"]


# ---------------------------------------------------------------- the contract with SDKs


@pytest.mark.parametrize("auth", ["Sentry sentry_key=" + "0" * 32, "Sentry sentry_version=7"])
def test_a_wrong_key_or_none_is_refused_readably_to_a_page_of_another_site(auth: str):
    answer = send(project(), envelope(error()), auth=auth)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (403, "*")
    assert not Submission.objects.exists()


def test_a_key_of_another_project_is_refused():
    key, other = project("shop"), project("blog")
    other.public_key = key.public_key
    assert send(other, envelope(error())).status_code == 403


def test_a_key_out_of_use_is_refused():
    key = project()
    assert intake.find_key(project_id=key.project_id, public_key=key.public_key) == key
    type(key).objects.update(is_active=False)
    assert send(key, envelope(error())).status_code == 403


def test_the_key_may_stand_in_the_query_or_in_the_dsn_of_the_envelope():
    key = project()
    url = f"/api/{key.project_id}/envelope/"
    by_query = Client().generic("POST", f"{url}?sentry_key={key.public_key}&sentry_version=7", envelope(error()))
    header = {"dsn": key.dsn}
    by_dsn = Client().generic("POST", url, envelope(error(), header=header))
    assert by_query.status_code == by_dsn.status_code == 200


def test_an_sdk_is_told_at_once_what_nobody_reads_here():
    answer = send(project(), b'{}\n{"type": "session"}\n{}\n')
    assert (answer.status_code, answer.json()) == (200, {})
    limit = answer["X-Sentry-Rate-Limits"]
    assert limit.startswith("86400:")
    assert "transaction" in limit
    assert "error" not in limit


def test_two_events_of_one_envelope_are_both_counted_and_with_one_id_refused():
    key, first = project(), error()
    assert send(key, envelope(first, error("ValueError"))).status_code == 200
    assert Submission.objects.count() == 2
    assert send(key, envelope(first, first)).status_code == 400


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"", "", 400),
        (b"no json\n", "", 400),
        (envelope({"event_id": "not hexadecimal"}), "", 400),
        (envelope({"event_id": 7}), "", 400),
        (envelope(error()), "zstd", 415),
        (envelope(error()), "gzip", 400),
        (envelope({"extra": "x" * 1024 * 1024}), "", 413),
        (zlib.compress(bytes(150 * 1024 * 1024)), "deflate", 413),
        (zlib.compress(envelope(error())), "deflate", 200),
        (b"{}\n", "", 200),
        (b'{}\n{"type": "unknown"}\nxyz\n', "", 200),
    ],
)
def test_each_body_has_its_status(body: bytes, encoding: str, status: int):
    answer = send(project(), body, encoding=encoding)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, "*")


def test_store_takes_an_event_alone():
    key, sent = project(), error()
    answer = send(key, json.dumps(sent).encode(), path="store")
    assert answer.json() == {"id": sent["event_id"]}


def test_a_browser_may_ask_before_it_sends_and_nobody_may_read():
    key = project()
    url = f"/api/{key.project_id}/envelope/"
    asked = Client().options(url)
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (200, "*")
    assert int(asked["Access-Control-Max-Age"]) > 0
    assert Client().get(url).status_code == 405


def test_more_than_a_key_may_send_a_minute_is_refused_with_the_time_to_wait():
    key = project()
    Project.objects.update(per_minute=2)
    with patch.object(intake, "_rates", intake._Rates()), patch("time.time", return_value=1_000_000.0):
        assert [send(key, envelope(error())).status_code for _ in range(2)] == [200, 200]
        answer = send(key, envelope(error()))
    assert (answer.status_code, answer["Retry-After"]) == (429, "20")
    assert answer["X-Sentry-Rate-Limits"] == "20:default;error:key"
    assert Submission.objects.count() == 2


# ---------------------------------------------------------------- hostile events


PARTS = ["exception", "fingerprint", "logentry", "message", "level", "platform", "user", "release", "environment"]


@pytest.mark.parametrize("odd", [None, 7, -1.5, True, "text", [], [1, None, "x"], {}, {"values": 3}, {"frames": [7]}])
@pytest.mark.parametrize("name", [*PARTS, "threads", "stacktrace", "tags"])
def test_an_event_of_the_wrong_shape_is_a_bug_all_the_same(name: str, odd: object):
    counted(project(), {name: odd})
    assert Bug.objects.get().frequency == 1
    assert not Submission.objects.exclude(refused="").exists()


@pytest.mark.parametrize("odd", [None, 7, True, [], {}, ["x"], "\ud800", "a\x00b", "x" * 100_000])
@pytest.mark.parametrize("name", ["filename", "function", "module", "lineno", "in_app", "context_line", "abs_path"])
def test_a_frame_of_the_wrong_shape_is_read_as_far_as_it_goes(name: str, odd: object):
    sent = error()
    sent["exception"]["values"][0]["stacktrace"]["frames"][0][name] = odd
    counted(project(), sent)
    assert Bug.objects.get().error_type == "KeyError"


def test_ten_thousand_frames_are_cut_in_the_middle():
    sent = error("RecursionError", "deep")
    frames = [{"function": f"f{number}", "filename": "deep.py"} for number in range(10_000)]
    sent["exception"]["values"][0]["stacktrace"]["frames"] = frames
    counted(project(), sent)
    trace = Bug.objects.get().stack_trace
    assert "in f0\n" in trace
    assert "in f9999\n" in trace
    assert "in f5000\n" not in trace


# ---------------------------------------------------------------- the call for the job


def test_a_burst_calls_for_the_counting_job_once_and_what_comes_later_again():
    bell = intake._Bell()
    with patch.object(intake, "send_after") as sent, patch("time.monotonic") as clock:
        for clock.return_value in (10.0, 10.1, 10.29, 10.31, 11.0):
            bell.ring()
    assert sent.call_count == 3


# ---------------------------------------------------------------- what it costs


def test_counting_an_event_of_a_known_bug_takes_few_statements_and_a_burst_no_more(django_assert_max_num_queries):
    key = project()
    for _ in range(6):  # more no longer raise its score, so the trail has nothing to tell
        counted(key, error(user={"id": 1}, release="1"))
    send(key, envelope(error(user={"id": 2}, release="1")))
    with django_assert_max_num_queries(14):
        digest_submissions()
    for number in range(40):
        send(key, envelope(error(user={"id": number % 3}, release="1")))
    with django_assert_max_num_queries(14):
        digest_submissions()
    assert Bug.objects.get().frequency == 47

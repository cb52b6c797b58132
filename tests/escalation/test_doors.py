"""Bugs through their five doors: one result, whichever is used."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from audit.trail import record
from config.secrets import keyed
from escalation import bugs, tasks
from escalation.filters import select_bugs
from escalation.models import Bug, Occurrence
from tests.escalation.makers import events, reported

pytestmark = pytest.mark.django_db
BUGS = "/api/v1/escalation/bugs"
REPORT: dict[str, Any] = {
    "bug_id": "db-1",
    "error_type": "DatabaseConnectionError",
    "error_message": "connection refused, password=SEKRET1",
    "user_impact": "high",
    "deadline_hours": 2,
    "metadata": {"host": "web-3", "api_key": "SEKRET1"},
}


def stored() -> dict[str, Any]:
    """What every door must leave behind; the bug is taken away for the next, the trail cannot be."""
    bug = Bug.objects.get()
    names = ["bug_id", "error_type", "error_message", "user_impact", "priority", "score", "status", "metadata"]
    found = {name: getattr(bug, name) for name in names} | {"event": events(bug.bug_id)[-1]}
    assert bug.occurrences.count() == bug.frequency == 1
    bug.delete()
    return found


EXPECTED = {
    "bug_id": "db-1",
    "error_type": "DatabaseConnectionError",
    "error_message": "connection refused, password=[secret]",
    "user_impact": "high",
    "priority": "critical",
    "score": 85,
    "status": "pending",
    "metadata": {"host": "web-3", "api_key": "[secret]"},
    "event": "bug.reported",
}


def test_a_report_is_the_same_by_rest_command_job_and_admin(api: Any, run_command: Any, admin_client: Any) -> None:
    answer = api.post(BUGS, REPORT)
    assert answer.status_code == 201
    assert answer.json()["priority"] == "critical"
    assert stored() == EXPECTED

    options: list[str] = []
    for name, value in REPORT.items():
        options += [f"--{name.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    code, out, _ = run_command("escalation", "report", *options)
    assert (code, out) == (0, "[OK] db-1: pending, critical (85), seen 1 times\n")
    assert stored() == EXPECTED

    tasks.report_bug.delay(**REPORT)
    assert stored() == EXPECTED

    form = {**REPORT, "metadata": json.dumps(REPORT["metadata"]), "stack_trace": ""}
    answer = admin_client.post(reverse("admin:escalation_bug_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    assert stored() == EXPECTED


@pytest.mark.django_db(transaction=True)
def test_a_report_is_the_same_by_mcp(call_tool: Any) -> None:
    answer = call_tool("escalate_bug", **REPORT)
    assert (answer["bug_id"], answer["priority"], answer["score"]) == ("db-1", "critical", 85)
    assert [factor["points"] for factor in answer["priority_factors"]] == [10, 30, 5, 40]
    assert stored() == EXPECTED


def left_by_a_burst() -> dict[str, tuple[int, str, str]]:
    found = {bug.bug_id: (bug.frequency, bug.status, events(bug.bug_id)[-1]) for bug in Bug.objects.all()}
    Bug.objects.all().delete()
    return found


def test_a_burst_is_the_same_by_rest_and_job_and_answers_each_bug_once(api: Any) -> None:
    burst = [REPORT, {**REPORT, "bug_id": "other", "user_impact": "low"}, {**REPORT, "stack_trace": "t" * 60_000}]
    answer = api.post(BUGS, {"bugs": burst})
    assert answer.status_code == 201, answer.json()
    assert answer.json()["bug_ids"] == ["db-1", "other", "db-1"]
    assert [(bug["bug_id"], bug["frequency"]) for bug in answer.json()["bugs"]] == [("db-1", 2), ("other", 1)]
    assert "stack_trace" not in answer.json()["bugs"][0], "As lists show it."
    expected = {"db-1": (2, "pending", "bug.reported"), "other": (1, "pending", "bug.reported")}
    assert left_by_a_burst() == expected
    assert tasks.report_bugs.delay(bugs=burst).get() == ["db-1", "other", "db-1"]
    assert left_by_a_burst() == expected


def test_one_wrong_report_of_a_burst_takes_none(api: Any) -> None:
    for wrong, field in (
        ({"user_impact": "huge"}, "bugs[1].user_impact"),
        ({"bugs": []}, "bugs[1].bugs"),
        ({"tags": ["a", "b,c"]}, "bugs[1].tags[1]"),
        ({"metadata": {"a": "x" * 300_000}}, "bugs[1].metadata"),
    ):
        answer = api.post(BUGS, {"bugs": [REPORT, REPORT | wrong]})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    for bounds in ([], [REPORT] * 501):
        answer = api.post(BUGS, {"bugs": bounds})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "bugs")
    assert api.post(BUGS, {"bugs": [REPORT], "colour": "red"}).json()["errors"][0]["field"] == "colour"
    assert not Bug.objects.exists()
    assert not Event.objects.of("bug", "db-1").exists()


def test_a_burst_sent_again_under_its_key_counts_once_and_is_answered_alike(api: Any) -> None:
    sent = [api.post(BUGS, {"bugs": [REPORT] * 3}, headers={"Idempotency-Key": "burst-1"}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert Bug.objects.get().frequency == 3
    other = api.post(BUGS, {"bugs": [REPORT] * 4}, headers={"Idempotency-Key": "burst-1"})
    assert other.status_code == 409
    assert Bug.objects.get().frequency == 3


def test_a_reader_may_not_report_a_burst(reader: Any) -> None:
    assert reader.post(BUGS, {"bugs": [REPORT]}).status_code == 403


def test_a_report_without_metadata_says_so_by_null_as_well(api: Any) -> None:
    assert api.post(BUGS, {"bugs": [REPORT | {"metadata": None}]}).status_code == 201
    assert Bug.objects.get().metadata == {}


def resolved() -> tuple[Any, ...]:
    bug = Bug.objects.get(bug_id="one")
    found = (bug.status, bug.resolution, bug.resolved_by, bug.resolved_at is not None, events("one")[-1])
    bugs.reopen(bug_id="one")
    return found


def test_resolving_is_the_same_by_rest_command_job_and_mcp(api: Any, run_command: Any) -> None:
    reported(bug_id="one")
    expected = ("resolved", "fixed", "kim", True, "bug.resolved")
    assert api.post(f"{BUGS}/one/resolve", {"resolution": "fixed", "resolved_by": "kim"}).status_code == 200
    assert resolved() == expected
    api.patch(f"{BUGS}/one", {"status": "resolved", "resolution": "fixed", "resolved_by": "kim"})
    assert resolved() == expected
    run_command("escalation", "resolve", "one", "--resolution", "fixed", "--resolved-by", "kim")
    assert resolved() == expected
    tasks.update_bug.delay("one", status="resolved", resolution="fixed", resolved_by="kim")
    assert resolved() == expected


@pytest.mark.django_db(transaction=True)
def test_bugs_are_worked_on_by_mcp(call_tool: Any) -> None:
    call_tool("escalate_bug", error_type="KeyError", error_message="no item 17", user_impact="low", tags=["cart"])
    call_tool("escalate_bug", error_type="DataLoss", error_message="rows are gone", user_impact="critical")
    found = call_tool("list_bugs", scope="read")
    assert [bug["priority"] for bug in found["bugs"]] == ["critical", "low"]
    assert found["more"] is False
    first = call_tool("list_bugs", scope="read", limit=1, response_format="detailed")
    assert (first["more"], first["bugs"][0]["priority"]) == (True, "critical")
    assert first["bugs"][0]["priority_factors"]
    rest = call_tool("list_bugs", scope="read", cursor=first["next_cursor"])
    assert [bug["bug_id"] for bug in first["bugs"] + rest["bugs"]] == [bug["bug_id"] for bug in found["bugs"]]
    assert len(call_tool("list_bugs", scope="read", tag="cart", search="ITEM")["bugs"]) == 1
    bug_id = found["bugs"][0]["bug_id"]
    answer = call_tool("update_bug", bug_id=bug_id, status="resolved", resolution="restored", assignee="kim")
    assert (answer["status"], answer["resolved_by"], answer["assignee"]) == ("resolved", "write-key", "kim")
    assert len(call_tool("list_bugs", scope="read")["bugs"]) == 1
    assert len(call_tool("list_bugs", scope="read", include_resolved=True)["bugs"]) == 2
    with pytest.raises(Exception, match="Allowed now: reopen"):
        call_tool("update_bug", bug_id=bug_id, status="investigating")


def test_the_admin_refuses_what_cannot_be_stored(admin_client: Any) -> None:
    form = {**REPORT, "bug_id": "a/b", "metadata": "{}", "stack_trace": ""}
    answer = admin_client.post(reverse("admin:escalation_bug_add"), form)
    assert answer.status_code == 200
    assert b"slash" in answer.content


def test_the_verbs_by_rest(api: Any) -> None:
    reported(bug_id="one", user_impact="critical", error_type="DataLoss")
    path = f"{BUGS}/one"
    assert api.post(f"{path}/acknowledge").json()["status"] == "acknowledged"
    assert api.post(f"{path}/investigate", {}).json()["status"] == "investigating"
    refused = api.post(f"{path}/acknowledge")
    assert refused.status_code == 409
    assert refused.json()["code"] == "transition-refused"
    assert "Allowed now: resolve" in refused.json()["detail"]
    assert api.post(f"{path}/resolve", {}).status_code == 400
    assert api.post(f"{path}/resolve", {"resolution": "fixed"}).json()["resolved_by"] == "write-key"
    assert api.post(f"{path}/reopen", {"reason": "still there"}).json()["status"] == "pending"
    assert api.post(f"{path}/assign", {"assignee": "kim"}).json()["assignee"] == "kim"
    until = (timezone.now() + timedelta(days=1)).isoformat()
    assert api.post(f"{path}/mute", {"until": until}).json()["muted_until"]
    assert api.post(f"{path}/mute", {"until": None}).json()["muted_until"] is None
    assert api.post(f"{path}/mute", {"until": "2020-01-01T00:00:00Z"}).status_code == 400
    ticket = {"system": "github", "ticket_id": "a/b#1", "url": "https://github.example/1", "type": "resolves"}
    assert api.post(f"{path}/tickets", ticket).json()["type"] == "resolves"
    assert api.post(f"{path}/tickets", ticket | {"url": "javascript:x"}).status_code == 400
    shown = api.get(path).json()
    assert (shown["tickets"][0]["ticket_id"], shown["tickets"][0]["status"]) == ("a/b#1", "")
    assert api.patch(path, {"tags": ["a"], "deadline_hours": None}).json()["tags"] == ["a"]
    assert api.patch(path, {"priority": "low"}).json()["errors"][0]["code"] == "unknown"
    assert api.get(f"{BUGS}/nowhere").json()["code"] == "bug-not-found"
    assert api.post(f"{BUGS}/nowhere/acknowledge").status_code == 404


def test_a_list_is_filtered_ordered_and_brief(reader: Any) -> None:
    reported(bug_id="a", user_impact="critical", error_type="DataLoss", tags=["x"], error_message="rows lost")
    reported(bug_id="b", user_impact="medium", deadline_hours=1)
    Bug.objects.filter(bug_id="b").update(deadline_at=timezone.now() - timedelta(hours=1))
    reported(bug_id="c", stack_trace="x")
    bugs.resolve(bug_id="c", resolution="fixed")
    bugs.assign(bug_id="a", assignee="kim")
    bugs.mute(bug_id="a", until=timezone.now() + timedelta(days=1))

    def ids(query: str) -> str:
        answer = reader.get(f"{BUGS}?{query}")
        assert answer.status_code == 200, answer.json()
        return "".join(bug["bug_id"] for bug in answer.json()["results"])

    expected = {
        "": "cba",
        "order=urgent": "abc",
        "order=latest": "cba",
        "status=pending": "ba",
        "status=resolved": "c",
        "status=pending&status=resolved": "cba",
        "priority=critical": "a",
        "error_type=KeyError": "cb",
        "assignee=kim": "a",
        "tag=X": "a",
        "search=ROWS": "a",
        "open=true": "ba",
        "open=false": "c",
        "muted=true": "a",
        "muted=false": "cb",
        "overdue=true": "b",
        "overdue=false": "ca",
        "user_impact=medium": "b",
    }
    assert {query: ids(query) for query in expected} == expected
    assert "stack_trace" not in reader.get(BUGS).json()["results"][0]
    for query in ("status=lost", "colour=red", "order=random", "muted=perhaps&status=x"):
        assert reader.get(f"{BUGS}?{query}").status_code == 400, query


def test_urgent_pages_follow_each_other(reader: Any) -> None:
    for number in range(7):
        reported(bug_id=str(number), frequency=number % 3 + 1)
    path, found = f"{BUGS}?order=urgent&page_size=2", []
    while path:
        page = reader.get(path).json()
        found += [bug["bug_id"] for bug in page["results"]]
        path = page["next"]
    assert found == ["5", "2", "4", "1", "6", "3", "0"]


def test_a_list_costs_the_same_queries_however_long(reader: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        reported(bug_id=str(number), tags=["a", f"t{number}"])
    with django_assert_max_num_queries(6):
        assert len(reader.get(BUGS).json()["results"]) == 30


def test_occurrences_are_listed_newest_first(api: Any, reader: Any) -> None:
    for number in range(3):
        api.post(BUGS, {**REPORT, "error_message": f"number {number}"}, headers={"X-Request-ID": f"req-{number}"})
    page = reader.get(f"{BUGS}/db-1/occurrences?page_size=2").json()
    assert [row["error_message"] for row in page["results"]] == ["number 2", "number 1"]
    assert (page["results"][0]["reporter"], page["results"][0]["correlation_id"]) == ("write-key", "req-2")
    assert len(reader.get(page["next"]).json()["results"]) == 1
    assert reader.get(f"{BUGS}/nowhere/occurrences").status_code == 404


@pytest.mark.parametrize("bug_id", ["JIRA-12.3", "org:repo#12", "Fehler 7", "a%2Fb", "a?b=c", "acknowledge", "ä"])
def test_an_odd_id_works_as_a_path(api: Any, bug_id: str) -> None:
    assert api.post(BUGS, {**REPORT, "bug_id": bug_id}).status_code == 201
    path = f"{BUGS}/{quote(bug_id, safe='')}"
    assert api.get(path).json()["bug_id"] == bug_id
    assert api.post(f"{path}/acknowledge").json()["status"] == "acknowledged"
    assert len(api.get(f"{path}/occurrences").json()["results"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"bug_id": "a/b"},
        {"bug_id": "a\nb"},
        {"bug_id": 17},
        {"error_type": ""},
        {"error_type": "x" * 256},
        {"error_message": None},
        {"user_impact": "huge"},
        {"deadline_hours": "2"},
        {"deadline_hours": 0},
        {"deadline_hours": -3},
        {"deadline_hours": 1e300},
        {"frequency": 0},
        {"frequency": True},
        {"metadata": []},
        {"tags": "a"},
        {"tags": ["a,b"]},
        {"colour": "red"},
    ],
)
def test_a_wrong_report_is_answered_by_the_field(api: Any, wrong: dict[str, Any]) -> None:
    answer = api.post(BUGS, REPORT | wrong)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(next(iter(wrong)))
    assert not Bug.objects.exists()


@pytest.mark.parametrize("name", ["error_type", "error_message", "user_impact"])
def test_a_report_must_say_what_and_how_bad(api: Any, name: str) -> None:
    answer = api.post(BUGS, {key: value for key, value in REPORT.items() if key != name})
    assert answer.json()["errors"] == [{"field": name, "code": "required", "detail": "This field is required."}]


def test_a_reader_may_look_and_weigh_but_not_report(reader: Any, client: Any) -> None:
    reported(bug_id="one")
    assert reader.post(BUGS, REPORT).status_code == 403
    assert reader.post(f"{BUGS}/one/acknowledge").status_code == 403
    assert reader.patch(f"{BUGS}/one", {"assignee": "x"}).status_code == 403
    assert client.get(BUGS).status_code == 401
    assert reader.get("/api/v1/escalation/summary").json()["by_status"]["acknowledged"] == 1


def test_an_idempotent_report_counts_once(api: Any) -> None:
    for _ in range(2):
        assert api.post(BUGS, REPORT, headers={"Idempotency-Key": "k1"}).status_code == 201
    assert Bug.objects.get().frequency == 1


QUESTION = {"error_type": "DatabaseConnectionError", "user_impact": "high", "frequency": 10, "deadline_hours": 2}


def test_the_documents_example_by_rest_and_command(reader: Any, run_command: Any) -> None:
    by_rest = reader.post("/api/v1/escalation/priority", QUESTION).json()
    assert (by_rest["priority"], by_rest["score"]) == ("critical", 105)
    assert [factor["points"] for factor in by_rest["factors"]] == [10, 30, 25, 40]
    arguments = ["--error-type", "DatabaseConnectionError", "--user-impact", "high", "--frequency", "10"]
    code, out, _ = run_command("escalation", "priority", *arguments, "--deadline-hours", "2", "--json")
    assert (code, json.loads(out)) == (0, by_rest)
    assert reader.post("/api/v1/escalation/priority", {"error_type": "X"}).status_code == 400
    assert run_command("escalation", "priority", *arguments[:-1], "0")[0] == 2


def test_the_summary_is_the_same_by_rest_and_command(reader: Any, run_command: Any) -> None:
    reported(bug_id="a", user_impact="critical")
    by_rest = reader.get("/api/v1/escalation/summary").json()
    code, out, _ = run_command("escalation", "summary", "--json")
    assert (code, json.loads(out)) == (0, by_rest)
    code, out, _ = run_command("escalation", "summary")
    assert "by status: pending 1" in out or "by status: pending 0" in out


def test_a_shell_works_through_bugs(run_command: Any, tmp_path: Any) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text('Traceback (most recent call last):\n  File "a.py", line 1, in f\nKeyError: 1\n')
    options = ["--error-type", "KeyError", "--error-message", "no item", "--user-impact", "critical", "--tag", "cart"]
    code, out, _ = run_command("escalation", "report", *options, "--stack-trace", str(trace), "--json")
    bug_id = json.loads(out)["bug_id"]
    assert code == 0
    run_command("escalation", "report", *options, "--stack-trace", "-", stdin=trace.read_text())
    assert Bug.objects.get().frequency == 2
    for verb in (["acknowledge", bug_id], ["investigate", bug_id], ["assign", bug_id, "kim"]):
        assert run_command("escalation", *verb)[0] == 0
    assert run_command("escalation", "link", bug_id, "jira", "A-1", "--type", "resolves")[0] == 0
    code, out, err = run_command("escalation", "acknowledge", bug_id)
    assert (code, out) == (2, "")
    assert "Allowed now: resolve" in err
    assert bug_id in run_command("escalation", "list", "--tag", "cart", "--status", "investigating")[1]
    listed = json.loads(run_command("escalation", "list", "--json")[1])
    assert [bug["assignee"] for bug in listed] == ["kim"]
    shown = run_command("escalation", "show", bug_id)[1]
    assert "critical impact on users" in shown
    assert "line 1, in f" in shown
    assert json.loads(run_command("escalation", "show", bug_id, "--json")[1])["tickets"][0]["ticket_id"] == "A-1"
    assert run_command("escalation", "resolve", bug_id, "--resolution", "fixed")[0] == 0
    assert run_command("escalation", "reopen", bug_id)[0] == 0
    assert run_command("escalation", "show", "nowhere")[0] == 2
    assert run_command("escalation", "report", *options, "--metadata", "[1]")[0] == 2
    assert run_command("escalation", "report", *options, "--metadata", "{")[0] == 2
    assert run_command("escalation", "report", *options, "--stack-trace", "/nowhere")[0] == 2


def test_the_jobs_of_time_weigh_and_clean_up(settings: Any) -> None:
    settings.OCCURRENCES_PER_BUG = 2
    for _ in range(4):
        reported(bug_id="one", deadline_hours=30)
    Bug.objects.update(weigh_again_at=timezone.now() - timedelta(minutes=1), deadline_at=timezone.now())
    assert tasks.weigh_due_bugs.delay().get() == 1
    assert Bug.objects.get().score == 70
    assert tasks.clean_up_occurrences.delay().get() == 2
    assert Occurrence.objects.count() == 2
    assert {entry["task"] for entry in tasks.SCHEDULE.values()} == {
        "escalation.weigh_due_bugs",
        "escalation.clean_up_occurrences",
        "escalation.digest_submissions",
        "escalation.clean_up_submissions",
        "escalation.page",
        "escalation.clean_up_deliveries",
        "escalation.check_alerts",
        "escalation.clean_up_alerts",
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prompt", ["greeting", "team/greeting v2"])
def test_a_regression_of_a_prompt_becomes_one_bug_however_often_it_is_found(prompt: str) -> None:
    for version in (2, 3):
        record(
            event_type="prompt.regression_found",
            entity_type="prompt_version",
            entity_id=f"{prompt}/{version}",
            new_value={"passed": 3, "api_key": "SEKRET1"},
            context={"prompt_id": prompt, "version": version, "against_version": 1, "lost": 4},
        )
    record(event_type="prompt.version_saved", entity_type="prompt", entity_id=prompt)
    bug = Bug.objects.get()
    assert bug.bug_id.startswith("prompt-regression:")
    assert (bug.frequency, bug.error_type) == (2, "PromptRegression")
    assert bug.error_message.endswith("version 3 loses 4 of the cases that version 1 passed.")
    assert bug.metadata["result"] == {"passed": 3, "api_key": "[secret]"}


@pytest.mark.django_db(transaction=True)
def test_a_regression_that_tells_little_or_too_much_is_a_bug_as_well() -> None:
    record(
        event_type="prompt.regression_found", entity_type="prompt", entity_id="greeting", new_value=["x" * 1000] * 300
    )
    assert set(Bug.objects.get().metadata) == {"event", "entity_type", "entity_id"}


def test_a_list_shows_the_beginning_of_a_long_message_and_says_so(
    reader: Any, run_command: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        reported(bug_id=f"bug-{number}", error_message=f"{number} " + "x" * 60_000, stack_trace="t" * 60_000)
    reported(bug_id="short", error_message="x" * 500)
    bugs.resolve(bug_id="bug-1", resolution="y" * 501)
    with django_assert_max_num_queries(10):
        answer = reader.get("/api/v1/escalation/bugs?page_size=500")
    assert len(answer.content) < 100_000
    rows = {row["bug_id"]: row for row in answer.json()["results"]}
    assert len(rows) == 51
    assert (rows["bug-0"]["error_message"], rows["bug-0"]["shortened"]) == ("0 " + "x" * 498, ["error_message"])
    assert rows["bug-1"]["shortened"] == ["error_message", "resolution"]
    assert (rows["short"]["error_message"], rows["short"]["shortened"]) == ("x" * 500, [])
    whole = reader.get("/api/v1/escalation/bugs/bug-1").json()
    assert (len(whole["error_message"]), whole["resolution"]) == (60_002, "y" * 501)
    assert "shortened" not in whole
    code, out, _ = run_command("escalation", "list", json=True)
    listed = {bug["bug_id"]: bug for bug in json.loads(out)}
    assert (code, listed["bug-49"]["shortened"]) == (0, ["error_message"])


def test_an_id_with_a_secret_is_kept_as_a_hash_and_found_by_it(api: Any, run_command: Any) -> None:
    secret = "login:password=SEKRET1"
    for _ in range(2):
        assert api.post(BUGS, {**REPORT, "bug_id": secret}).status_code == 201
    bug = Bug.objects.get()
    assert (bug.bug_id, bug.frequency) == (keyed(secret), 2)
    for known_as in (secret, bug.bug_id):
        assert api.get(f"{BUGS}/{quote(known_as)}").status_code == 200
        assert run_command("escalation", "show", known_as)[0] == 0
        assert [found.bug_id for found in select_bugs(search=known_as)] == [bug.bug_id]
    for verb in ("acknowledge", "investigate"):
        assert api.post(f"{BUGS}/{quote(secret)}/{verb}").status_code == 200
    assigned = api.post(f"{BUGS}/{quote(secret)}/assign", {"assignee": "kim token=SEKRET1"})
    assert assigned.json()["assignee"] == "kim token=[secret]"
    answer = api.post(f"{BUGS}/{quote(secret)}/tickets", {"system": "jira", "ticket_id": "token=SEKRET1"})
    assert answer.status_code == 201
    assert (
        "SEKRET1" not in str(list(Event.objects.values())) + str(list(Bug.objects.values())) + answer.content.decode()
    )
    missing = api.get(f"{BUGS}/{quote('other:password=SEKRET1')}")
    assert (missing.status_code, "SEKRET1" in missing.content.decode()) == (404, False)


# ---------------------------------------------------------------- what one door could not do


def test_a_shell_mutes_and_changes_a_bug(run_command: Any) -> None:
    reported(bug_id="a", deadline_hours=5)
    until = (timezone.now() + timedelta(days=1)).isoformat()
    assert run_command("escalation", "mute", "a", until)[0] == 0
    assert Bug.objects.get().muted_until
    assert run_command("escalation", "mute", "a", "none")[0] == 0
    assert Bug.objects.get().muted_until is None
    assert (
        run_command("escalation", "update", "a", "--deadline-hours", "none", "--assignee", "kim", "--tag", "x")[0] == 0
    )
    bug = Bug.objects.get()
    assert (bug.deadline_at, bug.assignee, [tag.name for tag in bug.tags.all()]) == (None, "kim", ["x"])
    assert run_command("escalation", "update", "a", "--user-impact", "low")[0] == 0
    bug.refresh_from_db()
    assert (bug.user_impact, bug.assignee) == ("low", "kim"), "What is left out stays as it is."


@pytest.mark.parametrize(
    "option",
    [
        ["--frequency", "0"],
        ["--frequency", "1000001"],
        ["--frequency", "1.5"],
        ["--deadline-hours", "87601"],
        ["--deadline-hours", "0"],
        ["--deadline-hours", "-3"],
        ["--deadline-hours", "nan"],
        ["--deadline-hours", "inf"],
        ["--bug-id", "a/b"],
        ["--bug-id", "x" * 256],
        ["--tag", "a,b"],
        ["--tag", "x" * 65],
        ["--metadata", "[]"],
        ["--metadata", '{"a": NaN}'],
        ["--user-impact", "dire"],
        *([["--tag", "t"] * 51]),
    ],
    ids=lambda option: " ".join(option)[:30],
)
def test_a_shell_holds_the_limits_of_rest(run_command: Any, option: list[str]) -> None:
    required = ["--error-type", "E", "--error-message", "m", "--user-impact", "low"]
    code, _, err = run_command("escalation", "report", *required, *option)
    assert (code, Bug.objects.count()) == (2, 0)
    assert option[0].lstrip("-").replace("-", "_").removesuffix("s") in err, "The refusal names the field."


@pytest.mark.django_db(transaction=True)
def test_an_agent_says_how_often_and_takes_a_deadline_away(call_tool: Any) -> None:
    report = {"error_type": "E", "error_message": "m", "user_impact": "low", "bug_id": "a", "deadline_hours": 5}
    assert call_tool("escalate_bug", **report, frequency=7)["frequency"] == 7
    assert "deadline_at" in call_tool("update_bug", bug_id="a", assignee="kim"), "Left out, it stays."
    assert "deadline_at" not in call_tool("update_bug", bug_id="a", deadline_hours=None)
    call_tool("update_bug", bug_id="a", metadata={"release": "2"})
    assert Bug.objects.get().metadata == {"release": "2"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "wrong",
    [
        {"frequency": 0},
        {"deadline_hours": 1e6},
        {"deadline_hours": 0},
        {"deadline_hours": -3},
        {"tags": ["x"] * 51},
        {"user_impact": "dire"},
        {"error_type": "x" * 256},
    ],
    ids=str,
)
def test_an_agent_is_held_to_the_limits_it_is_shown(call_tool: Any, wrong: dict[str, Any]) -> None:
    from mcp.server.mcpserver.exceptions import ToolError

    report = {"error_type": "E", "error_message": "m", "user_impact": "low"}
    with pytest.raises(ToolError, match=next(iter(wrong))):
        call_tool("escalate_bug", **(report | wrong))
    assert not Bug.objects.exists()


def test_the_admin_counts_and_tags_a_report(admin_client: Any) -> None:
    form = {**REPORT, "metadata": "{}", "stack_trace": "", "frequency": "3", "tag_names": "cart, web"}
    assert admin_client.post(reverse("admin:escalation_bug_add"), form).status_code == 302
    bug = Bug.objects.get()
    assert (bug.frequency, sorted(tag.name for tag in bug.tags.all())) == (3, ["cart", "web"])
    late = admin_client.post(reverse("admin:escalation_bug_add"), form | {"deadline_hours": "-3"})
    assert b"Must be more than 0" in late.content
    refused = admin_client.post(reverse("admin:escalation_bug_add"), form | {"tag_names": "x" * 65})
    assert b"at most 64" in refused.content

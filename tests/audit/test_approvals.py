"""Approvals: a call that must be confirmed where the agent has nobody to ask, and a person's word on it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit import dashboard, health, tasks
from audit.models import Approval, Event
from audit.permissions import decisions, fast_hook, hooks, kept, store
from audit.permissions.approvals import answering, asking
from audit.permissions.bounds import Bounds
from audit.permissions.calls import Call
from config.context import acting_as
from config.database.windows import window
from config.models import Heartbeat

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit/approvals"
SHOP = "/srv/shop"
PUSH = "git push origin main && echo the last words"


@pytest.fixture(autouse=True)
def rules(db: None) -> None:
    store.create_rule(tool="Bash", specifier="git push *", decision="confirm", reason="seen by others")
    store.create_rule(tool="Bash", specifier="git status *", decision="allow")
    store.create_rule(tool="Bash", specifier="rm *", decision="deny")


def codex(command: str = PUSH, **more: Any) -> str:
    """What Codex is told; silence allows."""
    call = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}}
    payload = {**call, "cwd": SHOP, "session_id": "s1", **more}
    answer = decisions.answer_hook(agent="codex", payload=payload).answer
    said = answer.get("hookSpecificOutput", {"permissionDecisionReason": ""})
    return f"{said.get('permissionDecision', 'nothing')}: {said['permissionDecisionReason']}"


def the_request() -> Approval:
    return Approval.objects.get()


def answer(verdict: answering.Verdict, **more: Any) -> Approval:
    return answering.answer(approval=the_request().pk, verdict=verdict, **more)


def put_back(row: Approval, **by: timedelta) -> None:
    """As if it had been written some time ago."""
    Approval.objects.filter(pk=row.pk).update(**{name: getattr(row, name) - ago for name, ago in by.items()})


# --- asking ----------------------------------------------------------------------------------------------------------


def test_what_must_be_confirmed_is_denied_for_now_and_waits_with_the_whole_call() -> None:
    told = codex()
    row = the_request()
    assert told.startswith(f"deny: Denied for now: a person must confirm this, and approval {row.pk} is pending until")
    assert "seen by others" in told
    assert "allow-once" not in told
    assert (row.status, row.agent, row.session_id) == ("pending", "codex", "s1")
    assert (row.tool_name, row.cwd) == ("Bash", SHOP)
    assert (row.told, row.rule, row.tool_input) == (PUSH, "Bash(git push *)", {"command": PUSH})
    asked, decision = Event.objects.filter(agent="codex").order_by("id")
    assert (asked.event_type, asked.entity_id, asked.new_value["call"]) == ("approval.requested", str(row.pk), PUSH)
    assert (decision.decision, decision.context["approval"]) == ("confirm", row.pk)


def test_a_retry_joins_the_request_and_finds_the_answer_once() -> None:
    codex()
    assert codex(tool_input={"command": PUSH, "description": "in other words"}).startswith("deny: Denied for now")
    assert the_request().times == 2
    answer("approved", by="dana")
    assert codex(tool_use_id="call-1") == "nothing: "
    decision = Event.objects.decided("allow").get()
    assert decision.new_value["reason"] == f"dana approved this call (approval {the_request().pk})"
    assert the_request().used_at is not None
    assert codex(tool_use_id="call-1") == "nothing: ", "the same call under a second event"
    assert codex(tool_use_id="call-2").startswith("deny: Denied for now"), "one use"
    assert [row.status for row in Approval.objects.all()] == ["pending", "approved"]


def test_a_no_holds_for_the_retries_with_its_reason_and_no_code_beside_it() -> None:
    codex()
    answer("denied", by="dana", note="use the staging remote")
    for _ in range(2):
        told = codex()
        assert told.startswith(f"deny: dana denied this (approval {the_request().pk}): use the staging remote.")
        assert "allow-once" not in told
    assert Event.objects.decided("deny").count() == 2
    put_back(the_request(), counts_until=asking.lifetime())
    assert codex().startswith("deny: Denied for now"), "asked anew, later"


@pytest.mark.parametrize(
    "other",
    [
        {"session_id": "s2"},
        {"cwd": "/srv/other"},
        {"command": "git push origin next"},
        {"tool_input": {"command": PUSH, "with_escalated_permissions": True}},
    ],
)
def test_a_yes_is_for_that_very_call_alone(other: dict[str, Any]) -> None:
    codex()
    answer("approved")
    assert codex(**other).startswith("deny: Denied for now")
    with acting_as(actor="another-key"):
        assert codex().startswith("deny: Denied for now")
    assert codex() == "nothing: "


def test_a_yes_that_is_not_used_in_time_counts_no_more() -> None:
    codex()
    answer("approved")
    put_back(the_request(), counts_until=asking.lifetime())
    assert codex().startswith("deny: Denied for now")


def test_what_nobody_answers_in_time_is_denied_and_may_be_asked_again_later(run_command: Any) -> None:
    codex()
    row = the_request()
    put_back(row, expires_at=asking.lifetime())
    assert the_request().standing == "expired"
    with pytest.raises(answering.ApprovalSettled, match="is expired already"):
        answer("approved")
    assert codex().startswith(f"deny: Nobody answered approval {row.pk} in time")
    assert Event.objects.filter(event_type="approval.expired").count() == 1
    put_back(the_request(), counts_until=asking.lifetime())
    codex()
    put_back(Approval.objects.first() or row, expires_at=asking.lifetime())
    assert tasks.expire_approvals() == 1
    assert {row.status for row in Approval.objects.all()} == {"expired"}
    put_back(row, asked_at=answering.KEPT)
    assert tasks.expire_approvals() == 0
    assert Approval.objects.count() == 1


def test_an_agent_that_asks_by_itself_asks_and_nothing_else_waits(settings: Any) -> None:
    call = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": PUSH}, "cwd": "/p"}
    said = decisions.answer_hook(agent="claude", payload=call).answer["hookSpecificOutput"]
    assert (said["permissionDecision"], Approval.objects.count()) == ("ask", 0)
    settings.HOOK_CONFIRM = "claude=deny"
    said = decisions.answer_hook(agent="claude", payload=call).answer["hookSpecificOutput"]
    assert (said["permissionDecision"], Approval.objects.count()) == ("deny", 1)


def test_claude_may_be_put_off_until_somebody_resumes_it(settings: Any) -> None:
    settings.HOOK_CONFIRM = "*=defer"
    call = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": PUSH}, "session_id": "s"}

    def said(**more: str) -> str:
        answered = decisions.answer_hook(agent="claude", payload={**call, **more}).answer["hookSpecificOutput"]
        return str(answered.get("permissionDecision") or answered["decision"]["behavior"])

    assert [said(), said(hook_event_name="PermissionRequest")] == ["defer", "deny"]
    answer("approved")
    assert said() == "allow"
    assert codex().startswith("deny"), "who cannot be put off is denied for now"


@pytest.mark.parametrize("command", ["git push https://u:hunter2hunter2@example.com/x", "git push " + "x" * 70_000])
def test_what_cannot_be_shown_whole_is_asked_of_nobody(command: str) -> None:
    told = codex(command)
    assert told.startswith("deny: A person must confirm this and cannot be asked here: it ")
    assert "hunter2hunter2" not in told
    assert Approval.objects.count() == 0


def test_one_caller_cannot_bury_the_others(monkeypatch: Any) -> None:
    monkeypatch.setattr(asking, "MOST_WAITING", 2)
    told = [codex(f"git push origin b{number}") for number in range(3)]
    assert "2 requests of yours wait already" in told[2]
    assert Approval.objects.count() == 2


def test_two_that_ask_the_same_at_once_are_one_request() -> None:
    codex()
    same = {field.attname: getattr(the_request(), field.attname) for field in Approval._meta.concrete_fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(**{**same, "id": None})


def test_the_agent_is_told_when_nobody_can_answer() -> None:
    assert "but nobody may answer it: no active account has the permission. Tell the user." in codex("git push a")
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="answer_approval"))
    with acting_as(door="command"):
        assert "but the service is not running, so nobody sees it" in codex("git push b")
        Heartbeat.objects.create(name="worker@here:1", role="worker")
        told = codex("git push c")
    assert (
        f"/admin/audit/approval/{Approval.objects.latest('pk').pk}/change/). Go on with other work, then retry" in told
    )


def test_doctor_says_what_waits_and_which_settings_mean_nothing(settings: Any) -> None:
    codex()
    found = {check.name: check for check in health.checks()}
    assert (found["audit-approvals"].status, found["audit-rules"].status) == ("warn", "ok")
    User.objects.create_superuser("root")
    settings.HOOK_CONFIRM = "cluade=deny, codex=defer, claude = defer,*=never,,gemini=deny"
    found = {check.name: check for check in health.checks()}
    assert (found["audit-approvals"].status, found["audit-rules"].status) == ("ok", "warn")
    assert "'cluade=deny', 'codex=defer', '*=never'" in found["audit-rules"].detail


@given(st.text(alphabet="abc=*,, ", max_size=30))
def test_a_setting_that_means_nothing_never_lets_an_agent_ask_where_it_was_told_otherwise(text: str) -> None:
    assert hooks.way_of("claude", f"{text},claude=deny") == "deny"
    assert hooks.way_of("claude", f"{text},claude=dney") == "deny"


def test_the_hook_without_django_leaves_to_the_database_only_what_is_asked_elsewhere() -> None:
    bounds: Bounds = kept.bounds()
    for agent, command, wanted in (
        ("codex", "git status", False),
        ("codex", "rm x", False),
        ("codex", "git push", True),
        ("claude", "git push", False),
    ):
        call = Call("Bash", {"command": command}, agent=agent)
        request = hooks.Request(agent, "PreToolUse", "before", call)
        known = fast_hook._only_the_database_knows(request, bounds.decide(call), bounds, "ask")
        assert known is wanted, (agent, command)


# --- answering -------------------------------------------------------------------------------------------------------


def test_a_person_answers_by_rest_and_the_program_finds_it(api: Any, admin_api: Any) -> None:
    ask = {"tool_name": "Bash", "tool_input": {"command": PUSH}, "cwd": "/srv/shop", "agent": "claude"}
    told = api.post("/api/v1/audit/decisions", ask, format="json").json()
    number = told["approval"]["id"]
    assert (told["decision"], told["approval"]["status"], told["approval"]["call"]) == ("confirm", "pending", PUSH)
    refused = api.post(f"{URL}/{number}/approve", {}, format="json")
    assert refused.status_code == 403
    assert [row["id"] for row in api.get(f"{URL}?status=pending").json()["results"]] == [number]
    approved = admin_api.post(f"{URL}/{number}/approve", {"note": "go"}, format="json")
    assert (approved.status_code, approved.json()["status"], approved.json()["note"]) == (200, "approved", "go")
    again = admin_api.post(f"{URL}/{number}/deny", {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "approval-settled")
    told = api.post("/api/v1/audit/decisions", ask, format="json").json()
    assert (told["decision"], told["approval"]["id"]) == ("allow", number)
    assert api.get(f"{URL}/{number}").json()["used_at"]
    assert api.get(f"{URL}?status=pending").json()["results"] == []
    for missing in (number + 1, 2**70):
        assert admin_api.post(f"{URL}/{missing}/approve", {}, format="json").status_code == 404
    wrong = admin_api.post(f"{URL}/{number}/deny", {"note": "x" * 1001, "why": 1}, format="json").json()
    assert {item["field"] for item in wrong["errors"]} == {"note", "why"}


def test_an_agent_reads_by_mcp_and_never_answers() -> None:
    from audit.mcp import check_permission

    with acting_as(actor="agent", door="mcp", details={"agent": "claude"}):
        told = check_permission("Bash", {"command": PUSH}, cwd="/srv/shop")
        assert told["approval"]["status"] == "pending"
        with pytest.raises(answering.NotYoursToAnswer, match="an agent never approves"):
            answer("approved")
    answer("approved")
    with acting_as(actor="agent", door="mcp", details={"agent": "claude"}):
        assert check_permission("Bash", {"command": PUSH}, cwd="/srv/shop")["decision"] == "allow"


def test_who_asks_does_not_say_yes_where_that_is_set(settings: Any) -> None:
    with acting_as(actor="dana-laptop", person="dana"):
        codex()
    settings.APPROVAL_BY_OTHERS = True
    for by in ({"actor": "dana-laptop"}, {"actor": "dana", "person": "dana"}, {"actor": "console:dana"}):
        with acting_as(**by), pytest.raises(answering.NotYoursToAnswer, match="dana asked for this"):
            answer("approved")
    with pytest.raises(answering.NotYoursToAnswer):
        answer("approved", by="dana")
    with acting_as(actor="mona"):
        assert answer("approved").decided_by == "mona"


@pytest.mark.parametrize("wrong", [{"verdict": "yes"}, {"verdict": "approved", "note": "x" * 1001}])
def test_an_answer_of_nonsense_is_refused(wrong: dict[str, Any]) -> None:
    codex()
    with pytest.raises(answering.InvalidVerdict):
        answering.answer(approval=the_request().pk, **wrong)
    with pytest.raises(answering.ApprovalNotFound):
        answering.answer(approval=the_request().pk + 1, verdict="approved")
    with pytest.raises(answering.ApprovalNotFound):
        answering.find(approval=2**70)
    assert the_request().status == "pending"


def test_a_person_answers_in_a_shell(run_command: Any) -> None:
    codex()
    number = str(the_request().pk)
    code, out, _ = run_command("approval", "list")
    assert (code, PUSH in out, number in out) == (0, True, True)
    assert PUSH in run_command("approval", "show", number)[1]
    code, out, _ = run_command("approval", "deny", number, "--note", "not today")
    assert (code, out) == (0, f"[OK] approval {number} is denied:\n{PUSH}\n")
    shown = json.loads(run_command("approval", "show", number, "--json")[1])
    assert (shown["status"], shown["note"], shown["decided_by"].startswith("console:")) == ("denied", "not today", True)
    code, _, err = run_command("approval", "approve", number)
    assert (code, "is denied by console:" in err) == (2, True)
    assert run_command("approval", "list")[1].count(PUSH) == 0
    assert json.loads(run_command("approval", "list", "--status", "denied", "--json")[1])[0]["id"] == int(number)


def test_a_person_answers_on_a_page_that_shows_the_whole_call(client: Client) -> None:
    long = f"git push {'x' * 3_000} the-tail"
    codex(long)
    row = the_request()
    clerk = User.objects.create_user("clerk", is_staff=True)
    for name in ("view_approval", "answer_approval"):
        clerk.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(clerk)
    page = client.get(reverse("admin:audit_approval_change", args=[row.pk])).content.decode()
    assert "the-tail" in page
    for move in ("approve", "deny"):
        assert reverse("admin:audit_approval_move", args=[row.pk, move]) in page
    waiting = client.get(f"{reverse('admin:audit_approval_changelist')}?status=pending")
    assert [shown.pk for shown in waiting.context["cl"].result_list] == [row.pk]
    client.post(reverse("admin:audit_approval_move", args=[row.pk, "approve"]))
    assert (the_request().status, the_request().decided_by) == ("approved", "clerk")
    page = client.get(reverse("admin:audit_approval_change", args=[row.pk])).content.decode()
    assert reverse("admin:audit_approval_move", args=[row.pk, "deny"]) not in page


def test_who_may_only_look_has_no_buttons(client: Client) -> None:
    codex()
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_approval"))
    client.force_login(looker)
    address = reverse("admin:audit_approval_move", args=[the_request().pk, "approve"])
    assert address not in client.get(reverse("admin:audit_approval_change", args=[the_request().pk])).content.decode()
    assert client.post(address).status_code == 403
    assert the_request().status == "pending"


def test_the_dashboard_shows_what_waits_and_leads_to_it() -> None:
    codex()
    permissions = next(panel for panel in dashboard.panels(window("24h")) if panel.key == "permissions")
    tile = next(tile for tile in permissions.tiles if tile.label == "Waiting for you")
    assert (tile.value, tile.tone) == (1, "warn")
    (row,) = permissions.tables[0].rows
    assert (row[0].text, row[0].lead.page) == (PUSH, reverse("admin:audit_approval_change", args=[the_request().pk]))


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["ask", "yes", "no", "late", "stale"]), max_size=12))
def test_whatever_happens_a_call_runs_at_most_once_for_each_yes(steps: list[str]) -> None:
    Approval.objects.all().delete()
    said_yes = ran = 0
    for number, step in enumerate(steps):
        waiting = Approval.objects.waiting().first()
        if step == "ask":
            ran += codex(tool_use_id=f"call-{number}") == "nothing: "
        elif step in ("yes", "no") and waiting:
            answering.answer(approval=waiting.pk, verdict="approved" if step == "yes" else "denied")
            said_yes += step == "yes"
        elif step == "late" and waiting:
            put_back(waiting, expires_at=asking.lifetime())
        elif step == "stale":
            Approval.objects.filter(counts_until__gt=timezone.now()).update(counts_until=timezone.now())
        assert ran <= said_yes
        assert Approval.objects.waiting().count() <= 1

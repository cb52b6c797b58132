"""What sessions may take: told once when it is passed, and denied from then on where a budget says so."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit import following
from audit.budgets.keeping import BudgetNotFound, remove_budget, set_budget, spent_now
from audit.cost import Tokens
from audit.models import Budget, BudgetPassing, Event
from audit.permissions import compiled, decisions, kept
from audit.permissions.bounds import Bounds
from audit.permissions.calls import Call
from audit.permissions.held import load_held
from audit.permissions.latitude.choosing import ScopeRefused
from audit.permissions.store import AdminOnly
from audit.prices.keeping import set_price
from audit.sessions.usage import Response, tell_usage
from config.context import acting_as
from escalation.alerts import watching
from escalation.alerts.alerts import ship
from escalation.models import Bug

pytestmark = pytest.mark.django_db
BUDGETS = "/api/v1/audit/budgets"


def take(tokens: int, *, session: str = "s1", person: str = "ci", agent: str = "claude", **more: Any) -> None:
    with acting_as(actor=person):
        told = Response(id=f"{session}-{tokens}", model="m", tokens=Tokens(input=tokens), **more)
        tell_usage(session_id=session, agent=agent, responses=[told])


def ask(*, session: str = "s1", person: str = "ci", tool: str = "Read", project: str = "/srv/shop") -> Any:
    given = {"file_path": "/srv/shop/cart.py"} if tool == "Read" else {"command": "ls"}
    payload = {"hook_event_name": "PreToolUse", "session_id": session, "cwd": project, "tool_name": tool}
    with acting_as(actor=person):
        return decisions.answer_hook(agent="claude", payload={**payload, "tool_input": given})


def denied(**about: Any) -> bool:
    return '"deny"' in json.dumps(ask(**about).answer)


def passed() -> list[Event]:
    return list(Event.objects.filter(event_type="budget.passed").order_by("id"))


def test_a_session_that_takes_more_than_its_budget_is_told_of_once() -> None:
    set_price(model="m", input_price=1, output_price=1, valid_from=timezone.now() - timedelta(days=1))
    set_budget(period="session", agent="claude", most_cost_micros=1000)
    take(1000)
    assert passed() == []
    take(1)
    take(2)
    take(5000, session="s2", agent="codex")
    [event] = passed()
    assert (event.session_id, event.agent, event.new_value["cost_micros"]) == ("s1", "claude", 1001)
    assert event.new_value["budget"] == "$0.0010 a session for claude"
    assert not denied()


def test_a_day_is_what_all_sessions_under_it_took_since_midnight() -> None:
    budget = set_budget(period="day", person="ci", most_tokens=100)
    take(60)
    take(900, session="s2", person="dana")
    take(800, session="s3", at=timezone.now() - timedelta(days=2))
    spent = spent_now(budget)
    assert spent is not None
    assert (spent.tokens, passed()) == (60, [])
    take(50, session="s4")
    assert [event.new_value["tokens"] for event in passed()] == [110]
    passing = BudgetPassing.objects.get()
    assert (passing.session_id, passing.until is not None and passing.until > timezone.now()) == ("", True)


def test_a_budget_of_a_project_holds_for_what_is_below_it() -> None:
    set_budget(period="session", project="/srv/shop", most_tokens=10)
    for number, (project, is_under) in enumerate((("/srv/shop/web", 1), ("/srv/shop", 1), ("/srv/shopping", 0))):
        session = f"p{number}"
        ask(session=session, project=project)
        take(11, session=session)
        assert len([event for event in passed() if event.session_id == session]) == is_under


def test_calls_are_denied_once_it_is_passed_to_those_it_is_about_whatever_rules_allow() -> None:
    set_budget(period="session", person="ci", most_tokens=100, denies=True)
    assert not denied()
    take(101)
    for tool in ("Read", "Bash"):
        reply = ask(tool=tool)
        assert "is used up" in json.dumps(reply.answer)
        assert reply.answer["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert not denied(session="s2")
    assert not denied(person="dana")


def test_a_days_budget_denies_until_the_day_is_over() -> None:
    set_budget(period="day", most_tokens=100, denies=True)
    take(101)
    assert denied(session="another", person="dana")
    BudgetPassing.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert not denied()


def test_what_holds_is_known_in_every_process_at_once_and_to_hooks_without_django(tmp_path: Any) -> None:
    budget = set_budget(period="session", most_tokens=100, denies=True)
    before = kept.bounds()
    take(101)
    assert kept.bounds() is not before
    compiled.write(tmp_path, "x", load_held())
    call = Call(tool="Read", input={"file_path": "/a"}, agent="claude")
    bounds = Bounds(compiled.read(tmp_path, "x"))
    assert bounds.decide(call, person="console:dana", session_id="s1").decision == "deny"
    assert bounds.decide(call, person="console:dana", session_id="s2").decision != "deny"
    remove_budget(uid=str(budget.uid))
    assert not denied()


def test_a_budget_holds_at_once_for_what_was_taken_before_it_and_a_larger_one_lets_go() -> None:
    take(500)
    set_budget(period="session", most_tokens=100, denies=True)
    assert denied()
    set_budget(period="session", most_tokens=1000, denies=True)
    assert not denied()
    set_budget(period="day", most_tokens=100)
    assert len(passed()) == 2
    assert Budget.objects.count() == 2


def test_an_alert_opens_a_bug_of_a_budget_that_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "settled", lambda events: events)  # a test looks before its transaction ends
    ship()
    set_budget(period="session", most_tokens=100)
    take(101)
    watching.check_alerts()
    bug = Bug.objects.get(error_type="BudgetPassed")
    assert "100 tokens a session for everybody" in bug.error_message


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "most_cost_micros"),
        ({"most_tokens": -1}, "most_tokens"),
        ({"most_cost_micros": 10**16}, "most_cost_micros"),
        ({"most_tokens": 1, "period": "week"}, "period"),
        ({"most_tokens": 1, "agent": "Claude Code"}, "agent"),
        ({"most_tokens": 1, "project": "shop"}, "project"),
        ({"most_tokens": 1, "person": "x" * 256}, "person"),
    ],
)
def test_what_is_no_budget_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ScopeRefused) as refused:
        set_budget(**{"period": "day", **wrong})
    assert refused.value.errors[0].field == field


def test_who_is_held_to_a_budget_does_not_set_it(api: Any) -> None:
    with acting_as(scope="write"), pytest.raises(AdminOnly):
        set_budget(period="day", most_tokens=10**9)
    assert api.post(BUDGETS, {"period": "day", "most_tokens": 1}, format="json").status_code == 403
    with pytest.raises(BudgetNotFound):
        remove_budget(uid="nothing")


def test_budgets_are_the_same_by_rest_command_and_admin(
    admin_api: Any, reader: Any, admin_client: Client, run_command: Any
) -> None:
    take(7)
    made = admin_api.post(BUDGETS, {"period": "day", "person": "rest", "most_tokens": 100}, format="json")
    assert made.status_code == 201, made.content
    code, _, err = run_command("budgets", "set", "day", "--person", "command", "--most-tokens", "100")
    assert code == 0, err
    form = {"period": "day", "person": "admin", "most_tokens": "100"}
    page = admin_client.post("/admin/audit/budget/add/", form)
    assert page.status_code == 302, page.content.decode()
    rows = reader.get(BUDGETS).json()["results"]
    assert {row["person"] for row in rows} == {"rest", "command", "admin"}
    assert {(row["most_tokens"], row["denies"], row["most_cost_micros"]) for row in rows} == {(100, False, None)}
    everybody = admin_api.post(BUDGETS, {"period": "day", "most_tokens": 100}, format="json").json()
    assert everybody["spent_today"] == {"cost_micros": 0, "tokens": 7}
    assert "7 tokens" in run_command("budgets", "list")[1]
    assert "7 tokens" in admin_client.get("/admin/audit/budget/").content.decode()
    nothing = admin_client.post("/admin/audit/budget/add/", {"period": "day"}).content.decode()
    assert "Say how much money or how many tokens" in nothing
    assert reader.get(f"{BUDGETS}/{everybody['uid']}").json() == everybody
    assert admin_api.delete(f"{BUDGETS}/{everybody['uid']}").status_code == 204
    assert run_command("budgets", "remove", rows[0]["uid"])[0] == 0
    assert len(json.loads(run_command("budgets", "list", "--json")[1])) == 2

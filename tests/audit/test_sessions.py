"""Sessions of agents: what each asked, what was decided and what became of it, by every door."""

import json
import re
from collections import Counter
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit import tasks
from audit.cost import Tokens
from audit.models import AgentSession, Event
from audit.permissions import decisions
from audit.permissions.store import create_rule
from audit.prices.keeping import set_price
from audit.sessions.gathering import gather_sessions, prune_sessions
from audit.sessions.steps import SessionNotFound, find_session, joined, steps_of, touched
from audit.sessions.usage import Response, tell_usage
from audit.verdicts import EXECUTED, MADE, PROMPTED
from config.context import acting_as

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/audit/sessions"


def hook(agent: str, event: str, tool: str, given: dict[str, Any], **more: Any) -> None:
    said = {"hook_event_name": event, "session_id": f"{agent}-1", "cwd": "/srv/shop", "tool_name": tool, **more}
    decisions.answer_hook(agent=agent, payload={**said, "tool_input": given})


@pytest.fixture
def session(db: None) -> AgentSession:
    """One of Claude's, on behalf of dana: a call that ran, an edit left to the agent that failed, one call denied."""
    with acting_as(scope="admin"):
        create_rule(tool="Bash", decision="deny", specifier="git push *", reason="People push.")
        create_rule(tool="Bash", decision="allow", specifier="npm test")
    with acting_as(actor="dana"):
        edit = {"file_path": "/srv/shop/cart.py", "old_string": "a", "new_string": "b"}
        hook("claude", "PreToolUse", "Bash", {"command": "npm test"}, tool_use_id="1")
        hook("claude", "PreToolUse", "Edit", edit, tool_use_id="2")
        hook("claude", "PostToolUse", "Bash", {"command": "npm test"}, tool_use_id="1", duration_ms=1200)
        hook("claude", "PostToolUseFailure", "Edit", edit, tool_use_id="2", error="no such text")
        hook("claude", "PreToolUse", "Bash", {"command": "git push origin main"}, tool_use_id="3")
    assert gather_sessions() == 1
    return find_session(session_id="claude-1")


def test_a_session_is_summed_up_with_its_agent_person_and_project(session):
    told = {name: getattr(session, name) for name in ("agent", "person", "project", "calls", "denied", "asked", "run")}
    assert told == {
        "agent": "claude",
        "person": "dana",
        "project": "/srv/shop",
        "calls": 3,
        "denied": 1,
        "asked": 0,
        "run": 2,
    }
    assert session.started_at <= session.last_at


def test_each_call_has_its_decision_rule_outcome_and_duration(session):
    steps = steps_of(session)
    assert [(step.tool, step.decision, step.outcome, step.duration_ms) for step in steps] == [
        ("Bash", "allow", "ran", 1200.0),
        ("Edit", "left", "failed", None),
        ("Bash", "deny", None, None),
    ]
    assert (steps[2].rule, "People push." in steps[2].reason) == ("Bash(git push *)", True)
    assert touched(steps) == ["/srv/shop/cart.py"]


def test_calls_without_an_id_are_joined_by_what_was_asked_in_order(db):
    for command in ("ls", "make", "ls"):
        hook("gemini", "BeforeTool", "run_shell_command", {"command": command})
    for command, failed in (("ls", None), ("make", "exit 2")):
        hook("gemini", "AfterTool", "run_shell_command", {"command": command}, error=failed)
    assert gather_sessions() == 1
    steps = steps_of(find_session(session_id="gemini-1"))
    assert [(step.input["command"], step.outcome) for step in steps] == [
        ("ls", "ran"),
        ("make", "failed"),
        ("ls", None),
    ]


@given(st.lists(st.tuples(st.sampled_from([MADE, EXECUTED]), st.sampled_from("ab"), st.sampled_from(["", "1", "2"]))))
def test_no_call_is_lost_or_told_twice_however_its_events_come(told):
    events = [
        Event(event_type=kind, tool_use_id=use, context={"tool_name": "Bash", "tool_input": {"command": command}})
        for kind, command, use in told
    ]
    steps = joined(events)
    asked = Counter((use or command) for kind, command, use in told if kind == MADE)
    ran = Counter((use or command) for kind, command, use in told if kind == EXECUTED)
    assert sum(step.outcome is not None for step in steps) == ran.total()
    assert ran.total() <= len(steps) <= asked.total() + ran.total()


def test_gathering_again_changes_nothing_and_what_comes_late_is_counted(session):
    assert gather_sessions() == 0
    before = session.last_event
    with acting_as(actor="dana"):
        hook("claude", "PreToolUse", "Bash", {"command": "npm test"}, tool_use_id="4")
        hook("codex", "PreToolUse", "Bash", {"command": "npm test"}, tool_use_id="5")
    assert tasks.gather_sessions() == 2
    session.refresh_from_db()
    assert (session.calls, session.last_event > before) == (4, True)


def test_sessions_by_rest(session, reader, api):
    [row] = reader.get(SESSIONS, {"agent": "claude", "person": "dana", "project": "/srv/shop"}).json()["results"]
    assert (row["session_id"], row["calls"], row["denied"]) == ("claude-1", 3, 1)
    assert reader.get(SESSIONS, {"agent": "codex"}).json()["results"] == []
    page = reader.get(f"{SESSIONS}/claude-1").json()
    assert page["files"] == ["/srv/shop/cart.py"]
    assert [step["decision"] for step in page["steps"]] == ["allow", "left", "deny"]
    assert reader.get(f"/api/v1/audit/events/{page['steps'][2]['event']}").json()["session_id"] == "claude-1"
    missing = reader.get(f"{SESSIONS}/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "session-not-found")


def test_sessions_by_command(session, run_command):
    code, out, _ = run_command("sessions", "list", "--agent", "claude")
    assert code == 0
    assert "claude-1" in out
    _, out, _ = run_command("sessions", "list", "--person", "kim", "--json")
    assert json.loads(out) == []
    _, out, _ = run_command("sessions", "show", "claude-1")
    assert "git push origin main" in out
    assert "edited /srv/shop/cart.py" in out
    assert run_command("sessions", "show", "--agent", "claude")[1] == out
    assert "no such session yet" in run_command("sessions", "show", "--agent", "codex")[2]
    _, out, _ = run_command("sessions", "show", "claude-1", "--json")
    assert json.loads(out)["steps"][0]["outcome"] == "ran"
    code, _, err = run_command("sessions", "show", "nothing")
    assert (code, "No session is called nothing" in err) == (2, True)


def test_sessions_in_the_admin(session, admin_client: Client):
    listed = admin_client.get("/admin/audit/agentsession/?agent=claude").content.decode()
    assert "claude-1" in listed
    page = admin_client.get(f"/admin/audit/agentsession/{session.pk}/change/").content.decode()
    for told in (
        "dana",
        "/srv/shop",
        "git push origin main",
        "People push.",
        "1,200 ms",
        "cart.py",
        "/audit/decision/",
    ):
        assert told in page


def test_a_page_tells_sub_agents_prompts_and_what_each_model_took(session, reader, admin_client: Client, run_command):
    with acting_as(actor="dana"):
        sub_agent = {"agent_id": "a1", "agent_type": "reviewer"}
        hook("claude", "PreToolUse", "Bash", {"command": "npm test"}, tool_use_id="4", **sub_agent)
        asked = {"hook_event_name": "UserPromptSubmit", "session_id": "claude-1", "prompt": "Fix the <b>cart</b>"}
        decisions.answer_hook(agent="claude", payload=asked)
        set_price(model="sonnet", input_price=3, output_price=15, valid_from=timezone.now() - timedelta(days=1))
        used = [
            Response(id="r1", model="sonnet", tokens=Tokens(input=1000, output=200)),
            Response(id="r2", model="haiku", tokens=Tokens(input=5, output=1), agent_id="a1"),
        ]
        tell_usage(session_id="claude-1", responses=used)
    told = reader.get(f"{SESSIONS}/claude-1").json()
    assert [(step["agent_id"], step["agent_type"]) for step in told["steps"][-2:]] == [("", ""), ("a1", "reviewer")]
    assert [prompt["text"] for prompt in told["prompts"]] == ["Fix the <b>cart</b>"]
    assert [(part["model"], part["agent_id"], part["cost_micros"]) for part in told["usage"]] == [
        ("sonnet", "", 6000),
        ("haiku", "a1", None),
    ]
    assert (told["model"], told["tokens"], told["cost_micros"], told["known_cost_micros"]) == (
        "sonnet",
        1206,
        None,
        6000,
    )
    page = admin_client.get(f"/admin/audit/agentsession/{session.pk}/change/").content.decode()
    for text in ("reviewer a1", "Fix the &lt;b&gt;cart&lt;/b&gt;", "haiku", "over $0.0060", "1,000"):
        assert text in page, text
    listed = admin_client.get("/admin/audit/agentsession/?model=sonnet&project=/srv/shop").content.decode()
    assert "1,206" in listed
    assert "claude-1" not in admin_client.get("/admin/audit/agentsession/?model=other").content.decode()
    shown = run_command("sessions", "show", "claude-1")[1]
    assert "1,206 tokens of 2 responses, over $0.0060" in shown
    assert "Fix the <b>cart</b>" in shown
    assert "sonnet" in run_command("sessions", "list", "--model", "sonnet")[1]


def test_a_rule_is_begun_from_a_call_by_who_may_make_one(session, admin_client: Client, django_user_model):
    page = admin_client.get(f"/admin/audit/agentsession/{session.pk}/change/").content.decode()
    [address] = [found for found in re.findall(r'href="([^"]+)">Make a rule', page) if "git+push" in found]
    form = admin_client.get(unescape(address)).content.decode()
    for value in ('value="git push origin main"', 'value="Bash"', 'value="claude"'):
        assert value in form
    reads = django_user_model.objects.create_user("kim", password="kim", is_staff=True)
    reads.user_permissions.add(Permission.objects.get(codename="view_agentsession"))
    admin_client.force_login(reads)
    page = admin_client.get(f"/admin/audit/agentsession/{session.pk}/change/").content.decode()
    assert "git push origin main" in page
    assert "Make a rule" not in page


@pytest.mark.parametrize(
    ("agent", "payload"),
    [
        ("claude", {"hook_event_name": "UserPromptSubmit", "session_id": "s"}),
        ("codex", {"hook_event_name": "UserPromptSubmit", "session_id": "s", "turn_id": "t"}),
        ("gemini", {"hook_event_name": "BeforeAgent", "session_id": "s"}),
        ("copilot", {"sessionId": "s", "cwd": "/srv/shop", "timestamp": 1795985725017}),
    ],
)
def test_a_prompt_is_kept_as_each_agent_tells_it_without_secrets_and_never_refused(db, agent, payload):
    reply = decisions.answer_hook(agent=agent, payload={**payload, "prompt": "use password=hunter2hunter2 there"})
    assert (reply.answer, reply.exit_code, reply.sentence) == ({}, 0, "")
    event = Event.objects.get(event_type=PROMPTED)
    assert (event.agent, event.session_id, event.entity_type) == (agent, "s", "session")
    assert "hunter2" not in event.new_value["text"]
    assert event.new_value["text"].startswith("use ")


def test_a_prompt_that_is_told_at_every_request_to_a_model_is_kept_once(db):
    told = {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "Fix it", "prompt_id": "p1"}
    for prompt_id in ("p1", "p1", "p2"):
        decisions.answer_hook(agent="qwen", payload={**told, "prompt_id": prompt_id})
    decisions.answer_hook(agent="qwen", payload={**told, "prompt": ""})
    assert Event.objects.filter(event_type=PROMPTED).count() == 2


def test_what_an_agent_wrote_is_shown_as_text(db, admin_client: Client):
    hook("claude", "PreToolUse", "Bash", {"command": "echo '<script>alert(1)</script>'"}, tool_use_id="1")
    gather_sessions()
    page = admin_client.get(f"/admin/audit/agentsession/{AgentSession.objects.get().pk}/change/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_sessions_go_with_the_decisions_they_sum_up(session):
    assert prune_sessions({}) == 0
    assert prune_sessions({"*": 30}) == 0
    AgentSession.objects.update(last_at=timezone.now() - timedelta(days=31))
    assert prune_sessions({MADE: 60, "*": 30}) == 0
    assert prune_sessions({"*": 30}) == 1
    with pytest.raises(SessionNotFound):
        find_session(session_id="claude-1")

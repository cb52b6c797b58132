"""An agent whose session begins is told what is remembered of its project, in its own dialect."""

import io
import json
import sys
from typing import Any

import pytest
from django.core.management import call_command

from audit.dialects import AGENTS, Malformed, dialect_of
from audit.models import Event
from audit.permissions import decisions
from config import hooks
from prompts.hooks import session_started
from prompts.memories.remembering import remember

pytestmark = pytest.mark.django_db
CLAUDE = {
    "session_id": "0b4a6f0e-6d2c-4a55-9a39-7f0c6f1b2d11",
    "transcript_path": "/home/kim/.claude/projects/-home-kim-shop/0b4a6f0e.jsonl",
    "cwd": "/home/kim/shop",
    "hook_event_name": "SessionStart",
    "source": "startup",
    "model": "claude-sonnet-4-6",
}


def kept() -> str:
    return str(remember(text="Deploys need the VPN.", project="shop").memory.uid)


def test_claude_gets_the_memories_of_its_project_as_context() -> None:
    uid = kept()
    answer = decisions.answer_hook(agent="claude", payload=CLAUDE).answer
    said = answer["hookSpecificOutput"]
    assert said["hookEventName"] == "SessionStart"
    assert "Deploys need the VPN." in said["additionalContext"]
    assert f"memory://{uid}" in said["additionalContext"]
    told = Event.objects.get(event_type="memory.told")
    assert (told.session_id, told.agent, told.new_value["memories"]) == (CLAUDE["session_id"], "claude", [uid])


def test_it_is_the_same_by_http_and_by_the_command(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept()
    by_http = api.post("/api/v1/audit/hooks/claude", CLAUDE).json()
    assert "Deploys need the VPN." in by_http["hookSpecificOutput"]["additionalContext"]
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(CLAUDE).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    out = io.StringIO()
    call_command("hook", "claude", stdout=out)
    assert json.loads(out.getvalue()) == by_http


def test_the_project_is_the_root_where_the_agent_says_so() -> None:
    kept()
    below = {**CLAUDE, "cwd": "/home/kim/shop/src"}
    assert decisions.answer_hook(agent="claude", payload=below).answer == {}
    assert decisions.answer_hook(agent="claude", payload=below, root="/home/kim/shop").answer


@pytest.mark.parametrize(
    ("agent", "event"),
    [("codex", "SessionStart"), ("qwen", "SessionStart"), ("gemini", "SessionStart"), ("copilot", "sessionStart")],
)
def test_other_agents_are_told_in_their_shape(agent: str, event: str) -> None:
    kept()
    answer = decisions.answer_hook(agent=agent, payload={**CLAUDE, "hook_event_name": event}).answer
    text = answer.get("additionalContext") or answer["hookSpecificOutput"]["additionalContext"]
    assert "Deploys need the VPN." in text


def test_cursor_is_told_where_its_workspace_is_the_project() -> None:
    kept()
    payload = {"hook_event_name": "sessionStart", "conversation_id": "c", "workspace_roots": ["/home/kim/shop"]}
    assert "VPN" in decisions.answer_hook(agent="cursor", payload=payload).answer["additional_context"]


def test_nothing_is_said_where_nothing_is_known_or_it_is_off(settings: Any) -> None:
    assert decisions.answer_hook(agent="claude", payload=CLAUDE).answer == {}
    kept()
    settings.SESSION_MEMORY_TOKENS = 0
    assert decisions.answer_hook(agent="claude", payload=CLAUDE).answer == {}
    assert not Event.objects.filter(event_type="memory.told").exists()


def test_a_failing_app_lets_the_session_begin(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    kept()

    def failing(**asked: Any) -> None:
        raise RuntimeError("no memory today")

    monkeypatch.setattr("prompts.memories.opening.memories_for", failing)
    assert decisions.answer_hook(agent="claude", payload=CLAUDE).answer == {}
    assert "could not tell a session" in caplog.text


def test_a_question_about_a_tool_that_calls_itself_a_start_is_not_let_through() -> None:
    call = {"tool_name": "Bash", "tool_input": {"command": "rm x"}}
    with pytest.raises(Malformed):
        decisions.answer_hook(agent="claude", payload={**CLAUDE, **call})


def test_what_is_told_is_shorter_than_any_agent_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    start = hooks.SessionStart(agent="claude", session_id="s", folder="/home/kim/shop", root="")
    assert session_started(start) == ""
    monkeypatch.setattr("prompts.hooks.session_started", lambda start: "x" * 50_000)
    assert len(hooks.texts_for(start)) == hooks.MOST_CHARACTERS < 10_000


def test_every_dialect_answers_a_start_it_knows_with_the_text_or_with_nothing() -> None:
    for agent in AGENTS:
        dialect = dialect_of(agent)
        for event in (name for name, moment in dialect.moments.items() if moment == "start"):
            assert "words" in json.dumps(dialect.tell(event, "words"))
        assert dialect.tell("unknown", "words") is not None

"""What agents ask of this service by MCP is held to the permission rules, and each call is in the trail."""

import json
import logging

import pytest
from django.db import OperationalError
from mcp.server.mcpserver.exceptions import ToolError

from audit import oversight, trail
from audit.models import Event
from audit.permissions.store import create_rule
from config import farewell
from config.context import acting_as
from config.errors import DomainError, Throttled
from config.keys import create_key
from config.mcp.session import admit
from tests.mcp_client import ask

pytestmark = pytest.mark.django_db(transaction=True)


def calls():
    assert oversight.flush()
    return list(Event.objects.filter(event_type=oversight.CALLED).order_by("id"))


def made(event):
    return event.new_value["calls"]


def rule(decision, tool, **more):
    with acting_as(scope="admin"):
        create_rule(tool=tool, decision=decision, reason="people do that", **more)


@pytest.mark.parametrize(("decision", "words"), [("deny", "denies"), ("confirm", "wants a person asked before")])
def test_a_rule_on_a_tool_of_ours_holds_and_says_which(call_tool, decision, words):
    rule(decision, "mcp__handrail__count_tokens")
    with pytest.raises(ToolError, match=f"mcp__handrail__count_tokens.* {words} count_tokens: .*people do that"):
        call_tool("count_tokens", text="a")
    assert call_tool("get_prompt") == {"prompts": []}


def test_a_rule_of_another_agent_does_not_hold(call_tool):
    rule("deny", "mcp__handrail__*", agent="codex")
    assert call_tool("count_tokens", text="a")["tokens"] == 1
    assert oversight.agent_name("codex-mcp-client 0.171.0") == "codex"


def test_what_is_only_looked_at_is_not_judged_as_if_it_ran(call_tool):
    rule("deny", "Bash", specifier="rm *")
    answer = call_tool("check_permission", tool_name="Bash", tool_input={"command": "rm -rf /"})
    assert answer["decision"] == "deny"


def test_every_call_is_in_the_trail_with_its_outcome(call_tool, key_for):
    secret = "sk-ant-api03-" + "a1B2" * 12
    call_tool("count_tokens", text="x" * 300, model="gpt-4o")
    for wrong in ({"text": 7}, {"txt": "a"}):
        with pytest.raises(ToolError):
            call_tool("count_tokens", **wrong)
    with pytest.raises(ToolError):
        call_tool("record_audit", scope="read", event_type="a.b", entity_type=secret, entity_id="1")
    ask("list_resources", key=key_for("read"))
    events = calls()
    told = {event.entity_id: [(call["outcome"], call.get("error")) for call in made(event)] for event in events}
    assert told["count_tokens"] == [("answered", None), ("refused", "invalid"), ("refused", "invalid")]
    assert told["record_audit"] == [("refused", "forbidden")]
    assert told["bug://{bug_id}"] == [("answered", None)]
    first = events[0]
    assert (first.actor, first.new_value["count"], first.agent[:3]) == ("write-key", 3, "mcp")
    assert made(first)[0]["arguments"] == {"text": "300 characters", "model": "gpt-4o"}
    assert made(first)[0]["request"] == first.correlation_id
    assert secret not in json.dumps([event.new_value for event in events])


def test_calls_wait_for_a_database_that_is_away_and_are_written_in_order(call_tool, monkeypatch, caplog):
    for text in ("a", "b"):
        call_tool("count_tokens", text=text)
    write = trail.write

    def away(rows):
        raise OperationalError("the database is away")

    monkeypatch.setattr(trail, "write", away)
    with caplog.at_level(logging.WARNING):
        assert not oversight.flush()
    assert "not in the trail yet" in caplog.text
    monkeypatch.setattr(trail, "write", write)
    [event] = calls()
    assert [call["arguments"]["text"] for call in made(event)] == ["a", "b"]
    assert oversight.flush in farewell._acts


def test_calls_of_a_busy_time_share_events_of_so_many(call_tool, monkeypatch):
    monkeypatch.setattr(oversight, "MOST_AT_ONCE", 2)
    for _ in range(5):
        call_tool("get_prompt")
    assert [event.new_value["count"] for event in calls()] == [2, 2, 1]


def test_a_key_that_has_sent_enough_waits(settings, owner):
    settings.THROTTLE_RATE = "2/hour"
    _, raw = create_key(name="busy", scope="read", user=owner)
    assert [admit(raw).name, admit(raw).name] == ["busy", "busy"]
    with pytest.raises(Throttled, match=r"Try again in \d+ s") as refused:
        admit(raw)
    assert int(refused.value.headers["Retry-After"]) > 0
    assert isinstance(refused.value, DomainError)

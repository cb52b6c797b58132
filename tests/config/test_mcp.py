"""The MCP door by the official client, in process: both eras, refusals, scopes, and what an agent pays."""

import json
import logging

import pytest
from asgiref.sync import async_to_sync
from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError

from config.keys import revoke_key
from config.mcp.server import INSTRUCTIONS, Server
from config.mcp.server import server as real_server
from prompts.tokens import count_tokens
from tests.config.mcp_trial import trial_server
from tests.mcp_client import call_tool, exchange

pytestmark = pytest.mark.django_db
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture(scope="module")
def trial() -> Server:
    return trial_server()


@ERAS
def test_a_tool_answers_the_same_facts_as_text_and_as_structure(trial, key_for, mode):
    result = async_to_sync(exchange)("order", {"note": "hello"}, key=key_for("read"), mode=mode, on=trial)
    assert json.loads(result.content[0].text) == result.structured_content
    assert " " not in result.content[0].text


@ERAS
def test_fields_that_are_absent_are_left_out_and_free_json_keeps_its_nulls(trial, key_for, mode):
    answer = call_tool("order", {"note": "hello"}, key=key_for("read"), mode=mode, on=trial)
    assert answer == {
        "id": "00000000-0000-0000-0000-000000000007",
        "made_at": "2026-01-02T00:00:00Z",
        "lines": [{"number": 1}, {"number": 2, "note": "hello"}],
        "free": {"kept": None},
    }


@ERAS
def test_the_caller_is_the_key_through_the_mcp_door(trial, key_for, mode):
    answer = call_tool("who", {}, key=key_for("read"), mode=mode, on=trial)
    assert (answer["actor"], answer["door"], answer["tool"]) == ("read-key", "mcp", "who")
    assert answer["agent"].startswith("mcp")
    assert len(answer["id"]) == 32


@ERAS
def test_a_tool_sees_the_callers_transaction(trial, key_for, mode):
    key = key_for("read")
    assert call_tool("keys", {}, key=key, mode=mode, on=trial) == {"result": 1}


@ERAS
def test_an_unknown_tool_is_a_protocol_error(trial, key_for, mode):
    with pytest.raises(MCPError, match="Unknown tool: nothing") as refused:
        call_tool("nothing", {}, key=key_for("read"), mode=mode, on=trial)
    assert refused.value.error.code == -32602


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "note: Field required"),
        ({"note": "x" * 21}, "note: String should have at most 20 characters"),
        ({"note": "a", "size": "huge"}, "size: Input should be 'small' or 'large'"),
        ({"note": "a", "sise": "small"}, "order has no argument 'sise'. It takes: note, size, extra."),
        ({"note": "a\0b"}, "NUL"),
        ({"note": "\ud800"}, "lone surrogate"),
    ],
)
def test_a_wrong_argument_is_named(trial, key_for, arguments, words):
    with pytest.raises(ToolError) as refused:
        call_tool("order", arguments, key=key_for("read"), on=trial)
    assert words in str(refused.value)


@ERAS
def test_a_domain_error_reaches_the_agent_whole(trial, key_for, mode):
    with pytest.raises(ToolError) as refused:
        call_tool("clash", {}, key=key_for("read"), mode=mode, on=trial)
    assert str(refused.value) == "It exists. Choose another name.\nname: in use"


def test_an_unforeseen_error_is_logged_and_not_shown(trial, key_for, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(ToolError) as refused:
        call_tool("crash", {}, key=key_for("read"), on=trial)
    assert "secret-value" not in str(refused.value)
    assert "the log has it as" in str(refused.value)
    assert any("secret-value" in str(record.exc_info) for record in caplog.records)


def test_a_busy_database_asks_to_try_again(trial, key_for):
    with pytest.raises(ToolError, match="try again in a moment"):
        call_tool("locked", {}, key=key_for("read"), on=trial)


def test_an_under_scoped_key_is_told_which_scope_it_needs(trial, key_for):
    assert call_tool("sign", {}, key=key_for("admin"), on=trial) == {"result": "signed"}
    with pytest.raises(ToolError, match="sign needs a key of scope admin or higher; write-key has write"):
        call_tool("sign", {}, key=key_for("write"), on=trial)


def test_a_revoked_key_ends_a_session(trial, key_for):
    key = key_for("read")
    call_tool("who", {}, key=key, on=trial)
    revoke_key(name="read-key")
    with pytest.raises(ToolError, match="unknown, expired or revoked"):
        call_tool("who", {}, key=key, on=trial)


def test_published_schemas_carry_no_ballast(trial):
    published = {item.name: item for item in async_to_sync(trial.list_tools)()}
    assert published["order"].input_schema == {
        "type": "object",
        "properties": {
            "note": {"type": "string", "description": "What to note", "maxLength": 20},
            "size": {"type": "string", "enum": ["small", "large"], "default": "small"},
            "extra": {"type": "string"},
        },
        "required": ["note"],
        "additionalProperties": False,
    }
    assert published["order"].annotations.model_dump(exclude_none=True) == {
        "read_only_hint": True,
        "open_world_hint": False,
    }
    hints = published["sign"].annotations
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
        False,
        True,
        False,
        True,
    )


def test_the_specified_tools_are_there():
    names = [item.name for item in async_to_sync(real_server().list_tools)()]
    assert {"validate_schema", "check_cache", "record_audit", "escalate_bug"} <= set(names)
    assert names == sorted(names)
    assert len(names) <= 20


def test_every_tool_describes_itself_and_its_arguments():
    for item in async_to_sync(real_server().list_tools)():
        assert item.description, item.name
        assert len(item.description) < 2048, item.name
        assert item.output_schema, item.name


def test_the_whole_tool_list_costs_an_agent_at_most_4000_tokens():
    listed = async_to_sync(real_server().list_tools)()
    text = json.dumps(
        [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in listed],
        ensure_ascii=False,
        separators=(",", ":"),
    )
    assert count_tokens(text, "gpt-4o").tokens <= 4000


def test_the_servers_instructions_are_short():
    assert len(INSTRUCTIONS.encode()) < 2048

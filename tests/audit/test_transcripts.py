"""What is read of agents' transcripts: each response once, in numbers, and only where an agent keeps such files.

The lines are as the agents wrote them (see docs/agents.md), without their texts.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.agents import tell
from audit.agents.transcripts import KINDS, LONGEST_LINE, MARKS, READERS, responses_of


def lines(*records: Any) -> list[bytes]:
    return [json.dumps(record).encode() + b"\n" for record in records]


def numbers(response: dict[str, Any]) -> tuple[int, ...]:
    return tuple(response[kind] for kind in KINDS)


def claude(id_: Any = "msg_1", output: Any = 7, **more: Any) -> dict[str, Any]:
    usage = {
        "input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 30,
        "output_tokens": output,
        "cache_creation": {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 15},
    }
    message = {"id": id_, "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"text": "x"}], "usage": usage}
    return {"type": "assistant", "timestamp": "2026-11-29T20:45:44.107Z", "message": message, **more}


def codex(response: str, *, thread: str = "own", read: int = 100, **usage: int) -> dict[str, Any]:
    told = {"input_tokens": read, "cached_input_tokens": 30, "output_tokens": 7, "reasoning_output_tokens": 2, **usage}
    total = {"thread_token_usage": {"input_tokens": 9000}}
    payload = {"thread_id": thread, "response_id": response, "usage": told, **total}
    return {"timestamp": "2026-11-29T20:46:53.699Z", "type": "token_usage_record", "payload": payload}


META = {"type": "session_meta", "payload": {"id": "own", "forked_from_id": "parent"}}
TURN = {"type": "turn_context", "payload": {"model": "gpt-5"}}


def test_claudes_response_is_its_largest_line_with_caches_apart_and_side_chains_kept() -> None:
    found = responses_of(
        "claude",
        lines(
            claude(output=1),
            claude(output=431),
            claude(output=7),  # its parent's line, which a side chain repeats
            claude("msg_2", isSidechain=True, agentId="a1"),
            claude("msg_3") | {"message": {"model": "<synthetic>", "id": "x", "usage": {"input_tokens": 1}}},
            {"type": "cost-state", "modelUsage": {"claude-sonnet-4-5": {"inputTokens": 300}}, "usage": {}},
        ),
    )
    assert [(one["id"], one["model"], one["agent_id"], numbers(one)) for one in found] == [
        ("msg_1", "claude-sonnet-4-5", "", (100, 431, 30, 15, 5)),
        ("msg_2", "claude-sonnet-4-5", "a1", (100, 7, 30, 15, 5)),
    ]
    assert found[0]["at"] == "2026-11-29T20:45:44.107000+00:00"


def test_codex_counts_a_response_once_and_not_what_a_fork_repeats_of_its_parent() -> None:
    cumulative = {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"a": 1}}}}
    found = responses_of(
        "codex",
        lines(
            META,
            {"type": "session_meta", "payload": {"id": "parent"}},
            codex("resp_0", thread="parent"),
            TURN,
            codex("resp_1"),
            cumulative,
            codex("resp_1"),
            codex("resp_2", cache_write_input_tokens=10),
        ),
    )
    assert [(one["id"], one["model"], numbers(one)) for one in found] == [
        ("resp_1", "gpt-5", (70, 7, 30, 0, 0)),
        ("resp_2", "gpt-5", (60, 7, 30, 10, 0)),
    ]


def test_the_other_agents_words_say_the_same() -> None:
    tokens = {"input": 100, "output": 7, "cached": 30, "thoughts": 2, "tool": 4, "total": 113}
    message = {"id": "g1", "timestamp": "2026-11-29T20:50:24.486Z", "model": "gemini-2.5-pro", "tokens": tokens}
    again = {"$set": {"messages": [{**message, "tokens": {**tokens, "output": 9}}]}}
    [gemini] = responses_of("gemini", lines(message, again, message))
    assert (gemini["id"], numbers(gemini)) == ("g1", (74, 11, 30, 0, 0))

    told = {"promptTokenCount": 100, "candidatesTokenCount": 7, "thoughtsTokenCount": 3, "cachedContentTokenCount": 30}
    beside = {"uuid": "q1", "model": "qwen", "usageMetadata": {**told, "totalTokenCount": 110}}
    within = {"uuid": "q2", "model": "qwen", "usageMetadata": {**told, "totalTokenCount": 107}}
    assert [numbers(one) for one in responses_of("qwen", lines(beside, within))] == [
        (70, 10, 30, 0, 0),
        (70, 7, 30, 0, 0),
    ]

    usage = {"model": "gpt-4.1", "inputTokens": 100, "outputTokens": 7, "cacheReadTokens": 30, "cacheWriteTokens": 0}
    records = [{"id": name, "type": "session.usage_record", "data": {"usage": usage}} for name in ("r1", "r2")]
    shutdown = {"id": "r3", "type": "session.shutdown", "data": {"usage": {"inputTokens": 200}}}
    found = responses_of("copilot", lines(*records, shutdown))
    assert [(one["id"], numbers(one)) for one in found] == [("r1", (70, 7, 30, 0, 0)), ("r2", (70, 7, 30, 0, 0))]

    step = {"type": "usage.record", "agentId": "main", "model": "m", "time": 1795985725017}
    step["usage"] = {"inputOther": 70, "output": 7, "inputCacheRead": 30, "inputCacheCreation": 0}
    found = responses_of("kimi", lines(step, step, {**step, "agentId": "sub"}))
    assert [(one["id"], one["agent_id"], numbers(one)) for one in found] == [
        ("main-1795985725017-1", "", (70, 7, 30, 0, 0)),
        ("main-1795985725017-2", "", (70, 7, 30, 0, 0)),
        ("sub-1795985725017-1", "sub", (70, 7, 30, 0, 0)),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        claude(output=-1),
        claude(output=1.5),
        claude(output="7"),
        claude(output=True),
        claude(output=10**12),
        claude(None),
        {"message": "a text with usage", "usage": 3},
        {"message": {"id": "m", "usage": {"cache_creation": {"ephemeral_1h_input_tokens": 9}}}},
        {"message": {"id": "m", "usage": {"input_tokens": 0, "output_tokens": 0}}},
    ],
)  # fmt: skip
def test_what_is_no_count_of_tokens_is_passed_over_and_the_rest_read(wrong: Any) -> None:
    assert [one["id"] for one in responses_of("claude", lines(wrong, claude("fine")))] == ["fine"]


def test_a_broken_and_huge_transcript_is_read_as_far_as_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    deep = b'{"usage":' + b"[" * 200_000
    with path.open("wb") as file:
        file.write(b'{"usage": ' + b"x" * (LONGEST_LINE + 10) + b"\n")
        for line in (deep, b'\xff\xfe"usage"', b'["usage"]', b"", b'{"usage": {"input_tok'):
            file.write(line + b"\n")
        file.writelines(lines(claude("at the end")))
        file.write(b'{"message": {"id": "torn", "usage": {"input_tokens": 5')
    assert [one["id"] for one in responses_of("claude", tell.lines_of(str(path)))] == ["at the end"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = """
    message usage id model input_tokens output_tokens payload thread_id response_id tokens $set messages data
    usageMetadata promptTokenCount totalTokenCount input cached timestamp time agentId cache_creation
"""
NAMES = st.sampled_from(WORDS.split())
RECORDS = st.dictionaries(NAMES, st.dictionaries(NAMES, ANYTHING, max_size=4) | ANYTHING, max_size=6)
TYPES = st.sampled_from(["token_usage_record", "turn_context", "session_meta", "session.usage_record", "usage.record"])


@given(st.sampled_from(sorted(READERS)), st.lists(st.tuples(RECORDS, TYPES), max_size=5))
def test_no_record_stops_the_reading_and_what_comes_out_can_be_told(agent: str, told: Any) -> None:
    mark = MARKS[agent][0].decode().strip('"')
    records = [{mark: "", **record, "type": kind} for record, kind in told]
    found = responses_of(agent, lines(*records))
    assert len({one["id"] for one in found}) == len(found)
    for one in found:
        assert all(type(count) is int and count >= 0 for count in numbers(one))
        assert one["id"].isprintable()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def put(path: Path, *records: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines(*records)))
    return str(path)


def test_a_session_of_claude_is_read_with_its_sub_agents(home: Path) -> None:
    folder = home / ".claude" / "projects" / "-srv-shop"
    path = put(folder / "s1.jsonl", claude("msg_1"))
    put(folder / "s1" / "subagents" / "agent-a1.jsonl", claude("msg_2"), claude("msg_1"))
    put(folder / "s2.jsonl", claude("msg_9"))
    session, found = tell.account("claude", {"session_id": "s1", "transcript_path": path})
    assert session == "s1"
    assert [(one["id"], one["agent_id"]) for one in found] == [("msg_1", ""), ("msg_2", "agent-a1")]


def test_agents_that_name_no_transcript_are_read_by_the_sessions_id(home: Path) -> None:
    usage = {"model": "gpt-4.1", "inputTokens": 10, "outputTokens": 7}
    record = {"id": "r1", "type": "session.usage_record", "data": {"usage": usage}}
    put(home / ".copilot" / "session-state" / "c1" / "events.jsonl", record)
    assert tell.account("copilot", {"sessionId": "c1"})[1][0]["id"] == "r1"
    step = {"type": "usage.record", "agentId": "main", "time": 1, "usage": {"output": 7}}
    put(home / ".kimi-code" / "sessions" / "p" / "k1" / "agents" / "main" / "wire.jsonl", step)
    assert tell.account("kimi", {"session_id": "k1"})[1][0]["output_tokens"] == 7
    for session in ("../c1", "*", "", 7):
        with pytest.raises(tell.Untold):
            tell.account("copilot", {"sessionId": session})


def test_only_files_where_an_agent_keeps_transcripts_are_read(home: Path) -> None:
    own = home / ".claude" / "projects" / "p"
    elsewhere = put(home / "elsewhere.jsonl", claude())
    own.mkdir(parents=True)
    (own / "link.jsonl").symlink_to(elsewhere)
    (own / "folder.jsonl").mkdir()
    said = {
        elsewhere: "not where claude keeps",
        str(own / "link.jsonl"): "not where claude keeps",
        f"{own}/../../../elsewhere.jsonl": "not where claude keeps",
        str(own / "folder.jsonl"): "is no file",
        str(own / "gone.jsonl"): "there is no transcript",
        "": "did not say where",
    }
    for path, why in said.items():
        with pytest.raises(tell.Untold, match=why):
            tell.account("claude", {"session_id": "s", "transcript_path": path})
    for agent, payload in (("claude", []), ("claude", {}), ("cursor", {"session_id": "s"})):
        with pytest.raises(tell.Untold):
            tell.account(agent, payload)


@given(st.integers(1, 2000), st.integers(0, 2000))
def test_what_is_known_is_told_no_further_than_it_must_be(there: int, told: int) -> None:
    kept = {str(number) for number in range(min(there, told))}  # the older ones, told before
    responses = [{"id": str(number)} for number in range(there)]
    asked = 0

    def take(batch: list[dict[str, Any]]) -> int:
        nonlocal asked
        asked += 1
        kept.update(one["id"] for one in batch)
        return len(kept)

    tell.send(responses, take)
    assert len(kept) == there
    assert asked <= max(there - told, 1) // tell.AT_ONCE + 1

"""What agents really send, and what each is answered: recorded payloads, one a line, judged by a handful of rules."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.dialects import Malformed
from audit.permissions import hooks
from audit.permissions.deciding import RuleSet
from audit.permissions.rules import Rule

RECORDED = [json.loads(line) for line in Path(__file__).with_name("recorded_hooks.jsonl").read_text().splitlines()]
RULES = RuleSet(
    [
        Rule(tool="Bash", specifier="rm *", decision="deny"),
        Rule(tool="Edit", specifier="//project/src/secret/**", decision="deny"),
        Rule(tool="Read", specifier=".env", decision="deny"),
        Rule(tool="Edit", specifier="//D:/keys/**", decision="deny"),
        Rule(tool="SQL", specifier="drop *", decision="deny"),
        Rule(tool="SQL", specifier="* without where", decision="deny"),
        Rule(tool="Bash", specifier="npm publish *", decision="confirm"),
        Rule(tool="Bash", specifier="ls *", decision="allow"),
    ]
)


def said(agent: str, payload: Any) -> str:
    """What the agent understands: allow, deny, ask, nothing; or malformed, which every door turns into a deny."""
    try:
        requests = hooks.read_all(agent, payload)
    except Malformed:
        assert hooks.refusal(agent, payload, "why")
        return "malformed"
    asked = [item.moment in ("before", "permission") for item in requests]
    reply = hooks.reply(
        [(item, RULES.decide(item.call) if ask else None) for item, ask in zip(requests, asked, strict=True)]
    )
    if reply.answer in ({}, {"decision": "none"}) or not any(asked):
        return "nothing"
    answer = reply.answer | reply.answer.get("hookSpecificOutput", {})
    if "cancel" in answer:
        return "deny" if answer["cancel"] else "allow"
    words = [answer.get(name) for name in ("permissionDecision", "permission", "behavior", "decision")]
    word = str(next(word for word in words if word))
    return {"confirm": "ask"}.get(word, word)


@pytest.mark.parametrize("case", RECORDED, ids=[f"{number}-{case['agent']}" for number, case in enumerate(RECORDED, 1)])
def test_an_agent_is_answered(case: dict[str, Any]) -> None:
    assert said(case["agent"], case["payload"]) == case["expected"]


def test_a_refusal_by_exit_code_never_lacks_its_sentence() -> None:
    for case in RECORDED:
        if case["expected"] not in ("deny", "ask"):
            continue
        requests = hooks.read_all(case["agent"], case["payload"])
        reply = hooks.reply([(item, RULES.decide(item.call)) for item in requests])
        assert reply.sentence.startswith("Handrail: "), case


def test_the_id_of_a_call_is_read_by_whatever_name() -> None:
    by_name = {item["payload"].get("tool_call_id"): item for item in RECORDED if item["agent"] == "kimi"}
    assert hooks.read("kimi", by_name["c"]["payload"]).tool_use_id == "c"
    several = {"toolCalls": [{"id": name, "name": "bash", "args": {"command": "ls"}} for name in ("a", "b")]}
    assert [item.tool_use_id for item in hooks.read_all("copilot", several)] == ["a", "b"]
    with pytest.raises(Malformed, match="2 calls"):
        hooks.read("copilot", several)

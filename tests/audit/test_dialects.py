"""The dialects as a set: each agent has one, each can refuse, and a hook loads its own alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit import dialects
from audit.dialects import AGENTS, Malformed, dialect_of

SHARED = {"__init__", "dialect"}


def test_every_module_is_an_agents_and_every_agent_has_one() -> None:
    modules = {path.stem for path in Path(dialects.__file__).parent.glob("*.py")}
    assert modules - SHARED == set(AGENTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_each_dialect_asks_before_a_tool_and_refuses_whatever_the_event(agent: str) -> None:
    dialect = dialect_of(agent)
    assert "before" in dialect.moments.values()
    for event in ("", "NoSuchEvent", *dialect.moments):
        assert '"deny"' in json.dumps(dialect.refuse(event, "why")), event


@pytest.mark.parametrize("agent", AGENTS)
def test_each_dialect_has_an_answer_for_every_decision_before_a_tool(agent: str) -> None:
    dialect = dialect_of(agent)
    for event in (name for name, moment in dialect.moments.items() if moment == "before"):
        said = {decision: json.dumps(dialect.say(event, decision, "why")) for decision in ("allow", "deny", "confirm")}
        assert said["deny"] != said["allow"] != said["confirm"], event


def test_an_agent_without_a_dialect_is_named_with_those_that_have_one() -> None:
    with pytest.raises(Malformed, match=r"no agent emacs; known are claude, codex"):
        dialect_of("emacs")


def test_only_the_dialect_that_is_asked_for_is_loaded() -> None:
    code = (
        "import sys; from audit.dialects import dialect_of; dialect_of('gemini'); "
        "print(sorted(name for name in sys.modules if name.startswith('audit.dialects.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['audit.dialects.dialect', 'audit.dialects.gemini']"

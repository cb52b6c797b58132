"""The dialects as a set: each agent has one, each can refuse, and a hook loads its own alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from audit import dialects
from audit.agents.configurations import Scope, Site, pieces
from audit.dialects import AGENTS, Malformed, dialect_of
from tests.services import npm_agents

SHARED = {"__init__", "dialect"}


def test_every_module_is_an_agents_and_every_agent_has_one() -> None:
    modules = {path.stem for path in Path(dialects.__file__).parent.glob("*.py")}
    assert modules - SHARED == set(AGENTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_each_dialect_asks_before_a_tool_and_refuses_whatever_the_event(agent: str) -> None:
    dialect = dialect_of(agent)
    assert "before" in dialect.moments.values()
    for event in ("", "NoSuchEvent", *dialect.moments):
        said = dialect.refuse(event, "why")
        assert '"deny"' in json.dumps(said) or said["cancel"] is True, event


@pytest.mark.parametrize("agent", AGENTS)
def test_each_dialect_has_an_answer_for_every_decision_before_a_tool(agent: str) -> None:
    dialect = dialect_of(agent)
    for event in (name for name, moment in dialect.moments.items() if moment == "before"):
        said = {
            word: (dialect.say(event, word, "why"), dialect.exit_code(word)) for word in ("allow", "deny", "confirm")
        }
        assert said["deny"] != said["allow"]
        assert "why" in json.dumps(said["deny"])
        if dialect.can_ask(event):
            assert said["allow"] != said["confirm"] != said["deny"], event


@pytest.mark.parametrize("agent", AGENTS)
def test_we_refuse_before_the_agent_stops_waiting(agent: str) -> None:
    dialect = dialect_of(agent)
    assert 0 < dialect.deadline_seconds < dialect.waits_seconds


@pytest.mark.parametrize("agent", AGENTS)
def test_the_manual_says_of_each_agent_what_its_dialect_does(agent: str) -> None:
    dialect = dialect_of(agent)
    rows = (Path(settings.BASE_DIR) / "docs" / "agents.md").read_text().splitlines()
    [row] = [line for line in rows if line.startswith(f"| {dialect.title} |")]
    how, version = dialect.verified
    event = next(name for name, moment in dialect.moments.items() if moment == "before")
    asks = "asks" if dialect.can_ask(event) else "denied"
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[2:5] == [f"`{agent}`", hooked_at(agent), f"{dialect.waits_seconds:g} s"]
    assert cells[5:7] == [asks, {0: "0", 2: "2"}[dialect.exit_code("deny")]]
    assert cells[7] == (f"`{dialect.fails_closed}`" if ":" in dialect.fails_closed else dialect.fails_closed or "no")
    assert cells[8] == f"{how}, {version}"


def hooked_at(agent: str) -> str:
    """The events at which what we install for an agent asks before a tool runs."""
    scope: Scope = "user" if agent == "kimi" else "project"
    written = " ".join(
        f"{piece.path.name} {piece.text} {json.dumps(piece.entries)}"
        for piece in pieces(agent, Site(scope=scope, folder=Path("/"), command=str, tell=str, url="http://x"))
    )
    asked = [event for event, moment in dialect_of(agent).moments.items() if moment in ("before", "permission")]
    return " ".join(f"`{name}`" for name in asked if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", written))


def test_an_agent_is_called_installed_where_a_test_runs_that_version_of_it() -> None:
    known = {agent: dialect_of(agent).verified for agent in AGENTS}
    assert {agent for agent, told in known.items() if told.how == "installed"} == {
        item.name for item in npm_agents.AGENTS
    }
    versions = [package.rpartition("@")[2] for package in npm_agents.PACKAGES]
    assert all(told.version in versions for told in known.values() if told.how == "installed")


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

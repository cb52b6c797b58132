"""Asking only the rules that can be about a part decides as asking every rule in order does."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.permissions.calls import Call, canonical_tool
from audit.permissions.deciding import RuleSet
from audit.permissions.defaults import RULES
from audit.permissions.index import RuleIndex, Subject
from audit.permissions.matching import Matcher
from audit.permissions.rules import Rule, parse_rule
from audit.verdicts import Verdict
from tests.audit.permission_cases import (
    ALLOWED_COMMANDS,
    ASKED_COMMANDS,
    DENIED_COMMANDS,
    EVERYDAY_COMMANDS,
    NEVER_ALLOWED_COMMANDS,
)

COMMANDS = [*DENIED_COMMANDS, *ASKED_COMMANDS, *ALLOWED_COMMANDS, *EVERYDAY_COMMANDS, *NEVER_ALLOWED_COMMANDS]
PROGRAMS = [
    "rm", "RM", "Rm", "r*", "*", "/bin/rm", "/usr/bin/rm", "./rm", "grm", "git", "git*", "gi*t", "sudo", "docker",
    "docker-compose", "npm", "python3", ".venv/bin/python3", "sh", "./setup.sh", "psql", "frobnicate", "ls", "echo",
    "--", ":", "bash", "cargo", "Stra\u00dfe", "STRASSE",
]  # fmt: skip
ENDINGS = ["", " *", ":*", " push *", " --force *", " -rf *", " compose down --volumes *", " ./setup.sh", " * x", "*x"]
PATHS = [".env", "./**", "*.pem", "~/.ssh/**", "//dev/sd*", "/src/a", "**", "*", "out.txt", ".claude/**"]
TOOLS = [
    "*", "B*", "Bash", "Read", "Edit", "Write", "Grep", "NotebookEdit", "WebFetch", "W*", "Agent", "Task", "Skill",
    "SQL", "ApplyPatch", "mcp__db", "mcp__db__*", "mcp__db__query", "mcp__*", "mcp__unknown__query",
    "mcp__other__query", "Unknown",
]  # fmt: skip
AGENTS = st.sampled_from(["", "", "claude", "codex"])
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(["allow", "deny", "confirm"])


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    tool = draw(st.sampled_from([*TOOLS, *["Bash"] * 12, *["Read", "Edit"] * 3]))
    specifiers: Any = st.just("")
    if tool == "Bash":
        specifiers = st.builds(str.__add__, st.sampled_from(PROGRAMS), st.sampled_from(ENDINGS))
    elif tool in ("Read", "Edit", "Write", "Grep", "NotebookEdit"):
        specifiers = st.sampled_from(["", *PATHS])
    elif tool == "WebFetch":
        specifiers = st.sampled_from(["", "domain:*", "domain:*.example.com", "domain:a.example.com"])
    elif tool == "SQL":
        specifiers = st.sampled_from(["drop table *", "*", "* without where", "select*"])
    elif tool.startswith("mcp__") or tool in ("Agent", "Task", "Skill", "Unknown"):
        specifiers = st.sampled_from(["", "Explore", "sql:*drop*", "query:*"])
    return Rule(
        tool=tool, specifier=draw(specifiers), decision=draw(verdicts), agent=draw(AGENTS), reason=draw(st.just("why"))
    )


@st.composite
def commands(draw: st.DrawFn) -> str:
    word = st.sampled_from(
        [*PROGRAMS, "x", "-rf", "--force", "push", "$X", "$(rm x)", "'a b'", ".env", "~/.ssh/id_rsa", "> out.txt",
         "< .env", "&&", ";", "|", "-c", "'rm x'", "'DROP TABLE t'", "--hook='git push'", "exec", "-n", "2>/dev/null"]
    )  # fmt: skip
    return " ".join(draw(st.lists(word, min_size=1, max_size=7)))


@st.composite
def calls(draw: st.DrawFn) -> Call:
    tool = draw(st.sampled_from([*["Bash"] * 8, "powershell", *(tool for tool in TOOLS if "*" not in tool)]))
    command = draw(st.one_of(commands(), st.sampled_from(COMMANDS)))
    given: dict[str, Any] = {
        "command": draw(st.sampled_from([command, command.split()])),
        "file_path": draw(st.sampled_from([".env", "src/a", "/dev/sda", "a.pem", "/home/you/.ssh/id", "/src/A", ""])),
        "url": draw(st.sampled_from(["https://a.example.com/x", "https://example.org", "no address"])),
        "sql": draw(st.sampled_from(["", "DROP TABLE t", "SELECT 1", "DELETE FROM t", "no sql at all (", "DO 'x'"])),
        "subagent_type": "Explore",
        "query": "SELECT 1",
    }
    kept = draw(st.sets(st.sampled_from(sorted(given)))) | {"command"}
    return Call(
        tool=canonical_tool(tool),
        input={name: given[name] for name in sorted(kept)},
        agent=draw(AGENTS),
        cwd=draw(st.sampled_from(["/src", "/src/deep", ""])),
        home=draw(st.sampled_from(["/home/you", ""])),
    )


def every_rule(index: RuleIndex, subjects: Iterable[Subject]) -> list[Matcher]:
    return list(index.rules)


def assert_decides_alike(known: list[Rule], asked: list[Call]) -> None:
    ready = RuleSet(known)
    found = [ready.decide(call) for call in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RuleIndex, "about", every_rule)
        wanted = [ready.decide(call) for call in asked]
    for call, one, other in zip(asked, found, wanted, strict=True):
        assert (one.as_dict(), one.is_open) == (other.as_dict(), other.is_open), call
        assert [item.rule for item in one.judgements] == [item.rule for item in other.judgements], call


@given(known=st.lists(rules(), max_size=25), asked=st.lists(calls(), min_size=1, max_size=4))
def test_the_index_changes_no_decision(known: list[Rule], asked: list[Call]) -> None:
    assert_decides_alike(known, asked)


@given(more=st.lists(rules(), max_size=5), asked=calls())
def test_the_index_changes_no_decision_by_the_shipped_rules_and_some(more: list[Rule], asked: Call) -> None:
    assert_decides_alike([*more, *RULES], [asked])


CORNERS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("deny", "Bash(rm *)", "Bash", {"command": "rm x"}),
    ("confirm", "Bash(rm *)", "Bash", {"command": "RM x"}),
    ("deny", "Bash(r* *)", "Bash", {"command": "rm x"}),
    ("deny", "Bash", "Bash", {"command": "rm x"}),
    ("deny", "*", "Bash", {"command": "rm x"}),
    ("deny", "Bash(docker compose down *)", "Bash", {"command": "docker-compose down"}),
    ("confirm", "Bash(git push *)", "Bash", {"command": "frobnicate --hook='git push'"}),
    ("deny", "Bash(rm *)", "mcp__desktop__run", {"command": "rm x"}),
    ("allow", "Bash(rm *)", "Bash", {"command": "/bin/rm x"}),
    ("allow", "Bash(r* *)", "Bash", {"command": "rm x"}),
    ("allow", "Bash", "Bash", {"command": "echo x > out.txt"}),
    ("allow", "Bash(sh ./setup.sh)", "Bash", {"command": "sh ./setup.sh"}),
    ("deny", "Read(.env)", "Bash", {"command": "cat .env"}),
    ("confirm", "Read(.env)", "Bash", {"command": "frobnicate .env"}),
    ("deny", "Write", "Write", {"file_path": "x"}),
    ("deny", "Edit", "ApplyPatch", {"patch": "*** Add File: x"}),
    ("deny", "WebFetch(domain:a.example)", "WebFetch", {"url": "https://a.example"}),
    ("deny", "SQL(drop table *)", "mcp__db__query", {"sql": "DROP TABLE t"}),
    ("deny", "SQL(drop table *)", "Bash", {"command": "psql -c 'DROP TABLE t'"}),
    ("deny", "mcp__db", "mcp__db__query", {}),
    ("deny", "mcp__db__*", "mcp__db__query", {}),
    ("deny", "*query", "mcp__db__query", {}),
    ("confirm", "mcp__db__query", "mcp__unknown__query", {}),
    ("deny", "Task", "Agent", {}),
    ("deny", "*", "Read", {"file_path": "x"}),
    ("deny", "SQL(x:y)", "SQL", {"x": "y"}),
    ("deny", "Skill(x)", "Skill", {"skill": "x"}),
]


@pytest.mark.parametrize(("decision", "text", "tool", "given"), CORNERS)
def test_a_rule_is_asked_wherever_it_has_a_say(decision: Any, text: str, tool: str, given: dict[str, Any]) -> None:
    name, specifier = parse_rule(text)
    verdict = decision if decision != "confirm" else "deny"  # which it is not sure to be about
    known = [Rule(tool=name, specifier=specifier, decision=verdict)]
    if verdict == "deny":
        known += [Rule(tool=each, decision="allow") for each in ("Bash", "*")]
    call = Call(tool=tool, input=given, cwd="/src", home="/home/you")
    assert RuleSet(known).decide(call).decision == decision
    assert_decides_alike(known, [call])


@pytest.mark.parametrize("agent", ["", "claude"])
def test_the_index_changes_none_of_the_labelled_decisions(agent: str) -> None:
    own = [
        Rule(tool="Bash", specifier="r* *", decision="confirm", agent="claude"),
        Rule(tool="mcp__*", decision="deny"),
    ]
    asked = [Call(tool="Bash", input={"command": text}, agent=agent, cwd="/src", home="/home/you") for text in COMMANDS]
    aside = [call._replace(tool="mcp__desktop__start_process") for call in asked]
    assert_decides_alike([*own, *RULES], [*asked, *aside])

"""A client that cannot reach its server leaves to the agent what no rule can be about, and refuses everything else."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from audit.agents import hook as client
from audit.dialects import AGENTS
from audit.permissions import hooks, offline, store
from audit.permissions.bounds import Bounds, Chosen, Held
from audit.permissions.latitude.choosing import choose_posture
from audit.permissions.packs import pack_rules
from audit.permissions.posture import Posture
from audit.permissions.rules import Rule
from config.keys import create_key
from tests.audit.pack_cases import DESTRUCTIVE, HARMLESS
from tests.audit.permission_cases import (
    ALLOWED_COMMANDS,
    ASKED_COMMANDS,
    DENIED_COMMANDS,
    EVERYDAY_COMMANDS,
    NEVER_ALLOWED_COMMANDS,
)
from tests.audit.test_hook_client import CALL, assert_refused, run

SECRET = "of the installation"


def bounds(*rules: Rule, posture: Posture = "balanced") -> Bounds:
    return Bounds(Held(rules=[*pack_rules(), *rules], postures=[Chosen(posture)]))


PACKS = bounds()
KNOWN: dict[str, Any] = {"hours": 8, **(offline._of("claude", PACKS) or {})}


def is_left(payload: dict[str, Any], known: dict[str, Any] = KNOWN) -> bool:
    try:
        client.leave(known, {**CALL, **payload}, "the server is away")
    except client.Refused:
        return False
    return True


def running(command: str, **more: Any) -> dict[str, Any]:
    return {"tool_name": "Bash", "tool_input": {"command": command}, **more}


def reading(path: str, tool: str = "Read", **more: Any) -> dict[str, Any]:
    return {"tool_name": tool, "tool_input": {"file_path": path, **more}}


def would_run(payload: dict[str, Any]) -> bool:
    """Whether the rules, if they could be asked, would stop it."""
    request = hooks.read("claude", {**CALL, **payload}, root="/project", home="/home/you")
    decision = PACKS.decide(request.call)
    return decision.decision == "allow" or decision.is_left


def test_work_that_no_rule_speaks_of_goes_on() -> None:
    commands = ("ls -la src", "cat README.md", "mypy", "cd web", "wc -l a.py b.py", "ruff check .", "echo done")
    assert [command for command in commands if not is_left(running(command))] == []
    assert is_left(reading("/project/src/app.py", offset=10))
    assert is_left(reading("app.py", "Edit", old_string="rm -rf /", new_string="x"))
    assert is_left({"hook_event_name": "PostToolUse"})


@pytest.mark.parametrize(
    "payload",
    [
        *(running(command) for command in ("rm x", "git status", "ls | sh", "ls; rm x", "ls $(rm x)", "ls\nrm x")),
        *(running(command) for command in ("/bin/ls", "X=1 ls", "cat .env", "cat ../.ssh/id_rsa", "sudo ls", "")),
        *(reading(path) for path in ("/project/.env", "/home/you/.SSH/id_rsa", "")),
        reading("/project/.claude/settings.json", "Write", content="{}"),
        reading("a.py", other="/home/you/.ssh/id_rsa"),
        running("ls", cwd="/home/you/.ssh"),
        running("ls", cwd=""),
        running("ls", permission_mode="bypassPermissions"),
        running("ls", hook_event_name="Elsewhere"),
        {"tool_name": "Bash", "tool_input": {"command": ["ls"]}},
        {"tool_name": "Bash", "tool_input": {"command": "ls", "script": "rm x"}},
        {"tool_name": "Bash", "tool_input": "ls"},
        {"tool_name": "mcp__db__query", "tool_input": {"sql": "select 1"}},
        {},
    ],
    ids=json.dumps,
)
def test_whatever_a_rule_may_be_about_is_refused(payload: dict[str, Any]) -> None:
    assert not is_left(payload)


def test_nothing_is_left_that_the_rules_would_stop_of_all_the_commands_we_know() -> None:
    known = [*HARMLESS, *DESTRUCTIVE, *DENIED_COMMANDS, *ASKED_COMMANDS, *ALLOWED_COMMANDS]
    known += [*NEVER_ALLOWED_COMMANDS, *EVERYDAY_COMMANDS]
    left = [command for command in known if is_left(running(command))]
    assert [command for command in left if not would_run(running(command))] == []
    assert len(known) > 500


PIECES = sorted({piece.strip("/") for rule in KNOWN["pieces"] for piece in rule})
_WORDS = st.sampled_from(
    ["-r", "-rf", "-f", "--force", "--output=x", ".", "..", "/", "/etc/shadow", ".env", "src", "a.py", "x", "--", "-"]
)


@given(st.sampled_from(KNOWN["programs"]), st.lists(_WORDS | st.sampled_from(PIECES), max_size=4))
def test_nothing_is_left_that_the_rules_would_stop(program: str, words: list[str]) -> None:
    asked = running(" ".join([program, *words]))
    assert not is_left(asked) or would_run(asked)


@given(st.lists(st.sampled_from([*PIECES, "src", "..", ".", "home"]), min_size=1, max_size=4), st.booleans())
def test_no_file_is_left_that_the_rules_would_stop(parts: list[str], absolute: bool) -> None:
    for tool in ("Read", "Edit", "Write"):
        asked = reading("/" * absolute + "/".join(parts), tool)
        assert not is_left(asked) or would_run(asked)


@pytest.mark.parametrize(
    "rules",
    [
        bounds(posture="strict"),
        bounds(Rule(tool="*", decision="confirm")),
        bounds(Rule(tool="Read", decision="confirm")),
        bounds(Rule(tool="Edit", specifier="**", decision="deny")),
        Bounds(Held()),
    ],
    ids=["strict", "every tool", "every file", "every edit", "nobody has chosen"],
)
def test_nothing_goes_on_where_a_rule_is_about_everything(rules: Bounds) -> None:
    assert offline._of("claude", rules) is None


def test_a_rule_about_every_program_leaves_files_alone() -> None:
    known = offline._of("claude", bounds(Rule(tool="Bash", specifier="* --force", decision="deny"))) or {}
    assert not is_left(running("ls"), known)
    assert is_left(reading("/project/a.py"), known)


@override_settings(HOOK_OFFLINE_HOURS=8)
@pytest.mark.django_db
def test_agents_whose_payloads_say_it_elsewhere_are_refused_everything() -> None:
    choose_posture(posture="balanced")
    assert {agent for agent in AGENTS if offline.told(agent)} == {"claude", "codex", "kimi", "kiro", "qwen"}


@pytest.mark.django_db(transaction=True)
def test_what_the_server_said_is_kept_under_the_secret_and_goes_when_it_says_nothing(
    live_server: Any, django_user_model: Any, tmp_path: Path
) -> None:
    key = create_key(name="laptop", user=django_user_model.objects.create_user("dana"), scope="write")[1]
    choose_posture(posture="balanced")
    store.import_rules(rules=[Rule(tool="Bash", specifier="frob *", decision="deny")], source="test")
    own = tmp_path / ".config" / "handrail"
    own.mkdir(parents=True)
    kept, home = own / "offline-claude.json", {"HOME": str(tmp_path)}

    def installed(url: str, **more: str) -> None:
        (own / "agent.json").write_text(json.dumps({"url": url, "key": key, **more}))
        (own / "agent.json").chmod(0o600)

    installed(live_server.url, secret=SECRET)
    with override_settings(HOOK_OFFLINE_HOURS=8):
        assert b'"allow"' in run("claude", {**CALL, **running("mypy")}, environment=home).stdout
    assert kept.stat().st_mode & 0o777 == 0o600
    installed("http://127.0.0.1:1", secret=SECRET)
    done = run("claude", {**CALL, **running("mypy")}, environment=home)
    assert (done.returncode, done.stdout) == (0, b"{}")
    assert_refused(run("claude", {**CALL, **running("frob x")}, environment=home), "may be one that the rules")
    installed("http://127.0.0.1:1")
    assert_refused(run("claude", {**CALL, **running("mypy")}, environment=home), "refused")
    installed(live_server.url, secret=SECRET)
    os.utime(kept, (1, 1))  # old enough to be asked for anew
    assert run("claude", {**CALL, **running("mypy")}, environment=home).returncode == 0
    assert not kept.exists()


def test_what_was_forged_or_is_too_old_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONFIGURATION", str(tmp_path / "agent.json"))
    raw = json.dumps({**CALL, **running("ls")}).encode()

    def kept(at: float, secret: str = SECRET, agent: str = "claude") -> None:
        body = json.dumps({"agent": agent, "at": at, "told": KNOWN}).encode()
        (tmp_path / "offline-claude.json").write_bytes(client.signature(secret, body) + b"\n" + body)

    with pytest.raises(client.Refused, match=r"^away$"):
        client.offline("claude", raw, SECRET, "away")
    kept(time.time() - 60)
    assert client.offline("claude", raw, SECRET, "away") == (0, "", b"{}")
    for at, secret, agent, why in (
        (time.time(), "another", "claude", "was not written by this client"),
        (time.time() - 8 * 3600 - 60, SECRET, "claude", "older than 8 h"),
        (time.time() + 3600, SECRET, "claude", "older than 8 h"),
        (time.time(), SECRET, "codex", "older than 8 h"),
    ):
        kept(at, secret, agent)
        with pytest.raises(client.Refused, match=why):
            client.offline("claude", raw, SECRET, "away")

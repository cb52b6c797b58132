"""Hooks: one rule set for every dialect, and a command that fails closed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from audit import tasks
from audit.dialects import AGENTS, Malformed
from audit.models import Event
from audit.permissions import compiled, decisions, fast_hook, held, hooks, store
from audit.permissions.bounds import Held
from audit.permissions.deciding import RuleSet
from audit.permissions.rules import Rule
from config.context import acting_as
from tests.patience import FOREVER_SECONDS

ROOT = Path(settings.BASE_DIR)
RULES = [
    Rule(tool="Bash", specifier="rm *", decision="deny", reason="no"),
    Rule(tool="Bash", specifier="git push *", decision="confirm", reason="seen by others"),
    Rule(tool="Bash", specifier="npm test *", decision="allow"),
    Rule(tool="Read", specifier=".env", decision="deny"),
    Rule(tool="Read", specifier="./**", decision="allow"),
    Rule(tool="mcp__db__*", decision="confirm"),
]
HELD = Held(RULES)
CLAUDE = {
    "session_id": "abc",
    "transcript_path": "/tmp/t.jsonl",
    "cwd": "/project",
    "permission_mode": "default",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "npm test", "timeout": 120000},
    "tool_use_id": "toolu_01",
}


@pytest.fixture
def rules(db: None) -> None:
    store.import_rules(rules=RULES, source="test")


def claude(command: str, **more: Any) -> dict[str, Any]:
    return {**CLAUDE, "tool_input": {"command": command}, **more}


def ask(agent: str, payload: Any) -> dict[str, Any]:
    return decisions.answer_hook(agent=agent, payload=payload).answer


# --- dialects --------------------------------------------------------------------------------------------------------


def test_claude_is_told_allow_deny_or_ask(rules: None) -> None:
    for command, said in (("npm test", "allow"), ("cd a && rm -rf b", "deny"), ("git push", "ask"), ("make", "ask")):
        answer = ask("claude", claude(command))["hookSpecificOutput"]
        assert (answer["hookEventName"], answer["permissionDecision"]) == ("PreToolUse", said), command
        assert answer["permissionDecisionReason"]


def test_claude_is_told_nothing_of_a_tool_no_rule_speaks_of(rules: None) -> None:
    assert ask("claude", {**CLAUDE, "tool_name": "TodoWrite", "tool_input": {}}) == {}
    assert ask("claude", {**CLAUDE, "tool_name": "Edit", "tool_input": {"file_path": "/project/a.py"}}) == {}
    read = ask("claude", {**CLAUDE, "tool_name": "Read", "tool_input": {"file_path": "/project/.env"}})
    assert read["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_claude_is_answered_when_it_asks_for_permission(rules: None) -> None:
    event = {"hook_event_name": "PermissionRequest", "tool_use_id": ""}
    assert ask("claude", claude("npm test", **event))["hookSpecificOutput"]["decision"] == {"behavior": "allow"}
    denied = ask("claude", claude("rm x", **event))["hookSpecificOutput"]
    assert (denied["hookEventName"], denied["decision"]["behavior"]) == ("PermissionRequest", "deny")
    assert ask("claude", claude("git push", **event)) == {}


def test_codex_is_denied_what_it_cannot_ask_and_allowed_by_silence(rules: None) -> None:
    assert ask("codex", claude("npm test")) == {}
    for command in ("rm x", "git push"):
        answer = ask("codex", claude(command))["hookSpecificOutput"]
        assert answer["permissionDecision"] == "deny", command
    assert "a person must confirm this" in answer["permissionDecisionReason"]
    patch = "*** Begin Patch\n*** Update File: .env\n*** End Patch"
    assert ask("codex", {**CLAUDE, "tool_name": "apply_patch", "tool_input": {"command": patch}}) == {}


def test_cursor_is_answered_by_event(rules: None) -> None:
    base = {"conversation_id": "c1", "generation_id": "g1", "workspace_roots": ["/project"]}
    shell = {**base, "hook_event_name": "beforeShellExecution", "cwd": "/project"}
    assert ask("cursor", {**shell, "command": "npm test"}) == {"permission": "allow"}
    assert ask("cursor", {**shell, "command": "rm x"})["permission"] == "deny"
    assert ask("cursor", {**shell, "command": "git push"})["permission"] == "ask"
    read = {**base, "hook_event_name": "beforeReadFile", "content": "K=1"}
    assert ask("cursor", {**read, "file_path": "/project/.env"})["permission"] == "deny"
    assert ask("cursor", {**read, "file_path": "/project/a"}) == {"permission": "allow"}
    server = {**base, "hook_event_name": "beforeMCPExecution", "tool_input": '{"query": "select 1"}'}
    assert ask("cursor", {**server, "tool_name": "MCP:db:query"})["permission"] == "ask"
    generic = {**base, "hook_event_name": "preToolUse", "tool_name": "Shell", "tool_input": {"command": "git push"}}
    assert ask("cursor", generic)["permission"] == "deny"  # Cursor passes over a question here
    assert ask("cursor", {**base, "hook_event_name": "beforeSubmitPrompt", "prompt": "x"}) == {"continue": True}


def test_gemini_is_answered_in_its_words(rules: None) -> None:
    base = {"session_id": "s", "cwd": "/project", "hook_event_name": "BeforeTool", "tool_name": "run_shell_command"}
    assert ask("gemini", {**base, "tool_input": {"command": "npm test"}})["decision"] == "allow"
    assert ask("gemini", {**base, "tool_input": {"command": "rm x"}})["decision"] == "deny"
    asked = ask("gemini", {**base, "tool_input": {"command": "git push"}})
    assert (asked["decision"], bool(asked["systemMessage"])) == ("ask", True)
    server = {
        **base,
        "tool_name": "query",
        "mcp_context": {"server_name": "db", "tool_name": "query"},
        "tool_input": {},
    }
    assert ask("gemini", server)["decision"] == "ask"


def test_copilot_is_answered_with_and_without_an_event_name(rules: None) -> None:
    base = {"timestamp": 1, "cwd": "/project", "toolName": "bash"}
    for command, said in (("npm test", "allow"), ("rm x", "deny"), ("git push", "ask")):
        answer = ask("copilot", {**base, "toolArgs": json.dumps({"command": command})})
        assert answer["permissionDecision"] == said
    named = {**claude("rm x")}
    assert ask("copilot", named)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert ask("copilot", {**base, "toolArgs": {}, "toolResult": {"resultType": "success"}}) == {}


def test_an_event_of_no_interest_is_answered_by_nothing(rules: None) -> None:
    for agent in ("claude", "codex", "gemini"):
        assert ask(agent, {"hook_event_name": "SessionEnd"}) == {}
    assert not Event.objects.filter(entity_type="decision").exists()


@pytest.mark.parametrize(
    ("agent", "event"),
    [
        ("claude", "pretooluse"),
        ("claude", "PreToolUse2"),
        ("codex", "beforeTool"),
        ("cursor", "beforeShellexecution"),
        ("gemini", "PreToolUse"),
        ("copilot", "beforeTool"),
        ("qwen", "BeforeTool"),
        ("kimi", "preToolUse"),
        ("kiro", "beforeTool"),
        ("devin", "pre_execute"),
    ],
)
def test_an_unknown_event_that_names_a_tool_is_not_let_through(agent: str, event: str) -> None:
    with pytest.raises(Malformed, match="no known event"):
        hooks.read(agent, claude("rm x", hook_event_name=event))


def test_arguments_without_a_tool_are_not_let_through() -> None:
    with pytest.raises(Malformed):
        hooks.read("copilot", {"cwd": "/project", "toolArgs": {"command": "rm x"}})


def test_each_command_of_a_call_counts(rules: None) -> None:
    """Agents read one of the names; which one is not known here."""
    answer = ask("claude", {**CLAUDE, "tool_input": {"command": "npm test", "cmd": "rm x"}})
    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("rm x\0\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["hook_event_name", "tool_name", "toolName", "tool_input", "toolArgs", "tool_use_id", "session_id", "cwd"]
FIELDS += ["command", "mcp_context", "workspace_roots", "tool_response", "duration_ms", "file_path"]
EVENTS = ["PreToolUse", "preToolUse", "BeforeTool", "beforeShellExecution", "beforeMCPExecution", "PostToolUse"]


@given(
    st.sampled_from(AGENTS),
    st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=8),
    st.sampled_from([*EVENTS, None]),
)
def test_no_payload_is_more_than_malformed(agent: str, payload: dict[str, Any], event: str | None) -> None:
    if event is not None:
        payload["hook_event_name"] = event
    try:
        request = hooks.read(agent, payload)
    except Malformed:
        return
    decision = RuleSet(RULES).decide(request.call) if request.moment == "before" else None
    assert decision is None or decision.decision in ("allow", "deny", "confirm")
    json.dumps(hooks.answer(request, decision))
    record = hooks.decision_record(request, decision, 0.1) if decision else hooks.execution_record(request)
    json.dumps(record, allow_nan=False).encode()


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "text",
        {},
        {"hook_event_name": 7},
        {"hook_event_name": "PreToolUse"},
        {"hook_event_name": "PreToolUse", "tool_name": ""},
        {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": "rm x"},
        {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": [1]},
    ],
)
def test_a_payload_of_no_dialect_is_malformed(payload: Any) -> None:
    for agent in ("claude", "codex"):
        with pytest.raises(Malformed):
            hooks.read(agent, payload)


@pytest.mark.parametrize("agent", ["claude", "kimi", "kiro", "amp"])
def test_a_question_nobody_can_answer_is_a_refusal(agent: str, rules: None, settings: Any) -> None:
    payload = {"tool_name": "Bash", "tool_input": {"command": "git push"}, "hook_event_name": "PreToolUse", "cwd": "/p"}
    settings.HOOK_CONFIRM = "claude=ask, amp=deny,claude = deny"
    reply = decisions.answer_hook(agent=agent, payload=payload)
    assert '"deny"' in json.dumps(reply.answer)
    assert "a person must confirm this" in reply.sentence
    settings.HOOK_CONFIRM = ""
    reply = decisions.answer_hook(agent=agent, payload=payload)
    assert ("a person must confirm" in reply.sentence) == (agent in ("kimi", "kiro"))


@pytest.mark.parametrize(("agent", "codes"), [("kiro", (0, 2, 2)), ("amp", (0, 2, 1)), ("claude", (0, 0, 0))])
def test_a_hook_ends_as_its_agent_reads_it(
    agent: str, codes: tuple[int, ...], place: dict[str, str], rules: None
) -> None:
    for command, code in zip(("npm test", "rm x", "git push"), codes, strict=True):
        payload = claude(command) if agent != "amp" else {"command": command}
        done = hook({**place, "AGENT_TOOL_NAME": "Bash"}, agent=agent, payload=payload)
        assert (done.returncode, bool(done.stderr)) == (code, command != "npm test"), (command, done.stderr)


# --- the trail -------------------------------------------------------------------------------------------------------


def test_decision_and_execution_are_joined_by_the_tool_call(rules: None) -> None:
    ask("claude", claude("npm test", prompt_id="p1"))
    after = claude("npm test", hook_event_name="PostToolUse", tool_response={"exit_code": 0}, duration_ms=12)
    assert ask("claude", after) == {}
    made, ran = Event.objects.filter(tool_use_id="toolu_01").order_by("id")
    assert (made.event_type, ran.event_type) == ("decision.made", "execution.recorded")
    assert {made.entity_id, ran.entity_id} == {"toolu_01"}
    assert (made.session_id, made.agent, made.new_value["decision"]) == ("abc", "claude", "allow")
    assert made.new_value["rule"] == "Bash(npm test *)"
    assert made.context["tool_input"] == {"command": "npm test"}
    assert (made.context["prompt_id"], made.context["permission_mode"]) == ("p1", "default")
    assert ran.new_value == {"tool": "Bash", "failed": False, "exit_code": 0, "duration_ms": 12}


def test_a_failure_is_recorded_as_one(rules: None) -> None:
    ask("claude", claude("npm test", hook_event_name="PostToolUseFailure", error="exit 1", is_interrupt=False))
    event = Event.objects.get(event_type="execution.recorded")
    assert (event.new_value["failed"], event.new_value["error"]) == (True, "exit 1")


def test_secrets_and_what_no_database_holds_are_not_recorded(rules: None) -> None:
    command = "curl -H 'Authorization: Bearer sk-verysecretvalue1234' https://u:p4ss@x.org \0 \udcff"
    ask("claude", claude(command, session_id="x" * 500, tool_input={"command": command, "n": 2**70}))
    event = Event.objects.get(event_type="decision.made")
    text = json.dumps([event.new_value, event.context])
    assert "verysecretvalue" not in text
    assert "p4ss" not in text
    assert len(event.session_id) == 64


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """The environment of a hook with compiled rules and a database of its own."""
    compiled.write(tmp_path, compiled.source_of(""), HELD)
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HOOK_TIMEOUT_SECONDS")}
    return {**kept, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}


def hook(place: dict[str, str], agent: str = "claude", payload: Any = None, raw: bytes | None = None) -> Any:
    data = raw if raw is not None else json.dumps(payload).encode()
    command = [sys.executable, "manage.py", "hook", agent]
    return subprocess.run(command, input=data, capture_output=True, cwd=ROOT, env=place, timeout=60, check=False)


def assert_denied(done: Any) -> None:
    """By all that an agent may go by: exit code, a sentence on stderr, its own word on stdout."""
    assert done.returncode == 2
    assert done.stderr
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_the_hook_answers_without_django_and_leaves_its_decision_for_the_worker(place: dict[str, str]) -> None:
    before = {**place, "PYTHONPROFILEIMPORTTIME": "1"}
    done = hook(before, payload=claude("sudo rm x"))
    assert done.returncode == 0, done.stderr[-500:]
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert b"Handrail: deny: Bash(rm *)" in done.stderr
    assert b"| django" not in done.stderr.replace(b"  ", b" ")
    (path,) = compiled.spooled(place["DATA_DIR"])
    assert Path(path).stat().st_mode & 0o077 == 0
    assert compiled.unspool(place["DATA_DIR"], path)[0]["value"]["rule"] == "Bash(rm *)"


def test_a_hook_imports_little(place: dict[str, str]) -> None:
    """What a hook waits for is imports: none of those that cost a millisecond or more and can be spared."""
    done = hook({**place, "PYTHONPROFILEIMPORTTIME": "1"}, payload=claude("npm test"))
    names = {line.rsplit(b"|", 1)[-1].strip().decode() for line in done.stderr.splitlines() if b"import time" in line}
    spared = {"django", "dataclasses", "inspect", "uuid", "logging", "tempfile", "postgast", "yaml", "config.settings"}
    assert "audit.permissions.deciding" in names
    assert names & spared == set()


def test_the_worker_records_what_hooks_decided_once(place: dict[str, str], db: None, settings: Any) -> None:
    settings.DATA_DIR = Path(place["DATA_DIR"])
    for command in ("npm test", "rm x"):
        hook(place, payload=claude(command, tool_use_id=f"toolu_{command[:2]}"))
    hook(place, payload=claude("npm test", hook_event_name="PostToolUse", tool_use_id="toolu_np"))
    saved = [(path, Path(path).read_bytes()) for path in compiled.spooled(settings.DATA_DIR)]
    assert decisions.ingest() == 3
    assert compiled.spooled(settings.DATA_DIR) == []
    first, second, third = Event.objects.filter(entity_type="decision").order_by("id")
    assert [first.new_value["decision"], second.new_value["decision"]] == ["allow", "deny"]
    assert (third.event_type, third.entity_id) == ("execution.recorded", first.entity_id)
    assert first.actor.startswith("console:")
    assert first.timestamp < second.timestamp
    for path, content in saved:  # the worker died between recording and removing
        Path(path).write_bytes(content)
    assert decisions.ingest() == 3
    assert Event.objects.filter(entity_type="decision").count() == 3


def test_a_spooled_decision_that_cannot_be_read_is_kept_and_told(db: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    compiled.spool(tmp_path, [{"id": "x", "kind": "decision"}])
    spool = tmp_path / "hooks" / "spool"
    (spool / "1-unsigned.json").write_text('{"id": "y", "kind": "decision", "at": 1}')
    (spool / "2-folder.json").mkdir()
    os.mkfifo(spool / "3-pipe.json")
    (spool / "4-link.json").symlink_to("/etc/hostname")
    assert tasks.serve_hooks() is None
    assert len(compiled.spooled(tmp_path, ".unreadable")) == 5
    assert compiled.spooled(tmp_path) == []
    assert not Event.objects.filter(entity_type="decision").exists()
    from audit.health import checks

    found = {check.name: check.status for check in checks()}
    assert found["audit-hooks"] == "fail"


def test_a_decision_of_a_clock_that_was_ahead_is_recorded_now(rules: None, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    request = hooks.read("claude", claude("npm test"))
    record = hooks.execution_record(request)
    compiled.spool(tmp_path, [{**record, "at": time.time() + 1e6, "actor": "console:x", "by": "fast_hook"}])
    assert decisions.ingest() == 1
    assert Event.objects.get(entity_type="decision").timestamp.timestamp() <= time.time()


def test_of_several_calls_of_one_hook_all_wait_to_be_recorded_or_none(
    rules: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    request = hooks.read("claude", claude("npm test"))
    known = {"at": time.time(), "actor": "console:x", "by": "fast_hook"}
    records = [{**hooks.execution_record(request), **known} for _ in range(2)]
    with monkeypatch.context() as full, pytest.raises(OSError, match="full"):
        full.setattr(compiled, "_replace", Mock(side_effect=OSError("full")))
        compiled.spool(tmp_path, records)
    assert compiled.spooled(tmp_path) == []
    compiled.spool(tmp_path, records)
    assert (len(compiled.spooled(tmp_path)), decisions.ingest()) == (1, 2)
    assert Event.objects.filter(event_type="execution.recorded").count() == 2


def test_a_decision_that_a_release_before_left_behind_is_recorded_as_it_told(
    rules: None, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    request = hooks.read("claude", claude("npm test"))
    record = hooks.decision_record(request, RuleSet(RULES).decide(request.call), 412_345)
    assert record.pop("microseconds") == 412
    compiled.spool(tmp_path, [{**record, "milliseconds": 0.412, "at": time.time(), "actor": "console:x"}])
    assert decisions.ingest() == 1
    assert Event.objects.get(entity_type="decision").context["milliseconds"] == 0.412


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"hook_event_name": "PreToolUse"}',
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"' + b"a" * 10_000_000 + b'"}}',
    ],
    ids=["empty", "cut", "null", "list", "no tool", "no text", "deep list", "deep object", "10 MB"],
)
def test_what_the_hook_cannot_understand_it_blocks(place: dict[str, str], raw: bytes) -> None:
    done = hook(place, raw=raw)
    assert_denied(done)
    assert b"refused" in done.stderr


def test_every_failure_of_the_hook_blocks(place: dict[str, str], tmp_path: Path) -> None:
    faults = {"crash": "import os; os.kill(os.getpid(), 11)", "memory": "raise MemoryError"}
    faults["killed"] = "import os; os.kill(os.getpid(), 9)"
    locked = sqlite3.connect(tmp_path / "locked.sqlite3", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    for name, code in faults.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "tree_sitter.py").write_text(code)
    causes: dict[str, dict[str, str]] = {
        "an agent nobody knows": {},
        "settings that cannot be used": {"DATABASE_URL": "nonsense"},
        "a database that is away": {"DATABASE_URL": "postgres://127.0.0.1:1/x", "HOOK_TIMEOUT_SECONDS": "4"},
        "a folder that cannot be made": {"DATA_DIR": "/proc/none"},
        "a crash of the parser": {"PYTHONPATH": str(tmp_path / "crash")},
        "no memory": {"PYTHONPATH": str(tmp_path / "memory")},
        "a process that is killed": {"PYTHONPATH": str(tmp_path / "killed")},
        "a database that is locked": {
            "DATABASE_URL": f"sqlite:///{tmp_path / 'locked.sqlite3'}",
            "HOOK_TIMEOUT_SECONDS": "4",
        },
    }

    def run(cause: str) -> tuple[str, Any]:
        agent = "nobody" if "nobody" in cause else "claude"
        return cause, hook({**place, **causes[cause]}, agent=agent, payload=CLAUDE)

    with ThreadPoolExecutor(3) as pool:
        for cause, done in pool.map(run, causes):
            assert done.stderr, cause
            if "nobody" in cause:
                assert (done.returncode, done.stdout) == (2, b"")
            else:
                assert_denied(done)
    locked.close()


def test_a_hook_that_cannot_tell_its_answer_blocks(place: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "hook", "claude"]
    data = json.dumps(claude("npm test")).encode()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, input=data, stdout=full, stderr=full, cwd=ROOT, env=place, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_hook_that_is_told_to_end_blocks(place: dict[str, str], number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "manage.py", "hook", "claude"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=place,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    while (
        b"audit.permissions.hooks" not in process.stderr.readline()
    ):  # the child waits for its input, the parent for the child
        pass
    process.send_signal(number)
    process.stdin.close()
    assert process.wait(timeout=FOREVER_SECONDS / 10) == 2
    assert process.stdout.read() == b"" or number == signal.SIGINT  # an exception, after which there is time to say it
    process.stdout.close()
    process.stderr.close()


def test_relative_settings_are_the_services_and_not_of_the_folder_an_agent_works_in(
    monkeypatch: Any, tmp_path: Path
) -> None:
    """Rules planted in the agent's own project must not decide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "planted")
    monkeypatch.setenv("DATABASE_URL", "")
    assert fast_hook._settings() == (str(ROOT.resolve() / "planted"), "", "")


def test_a_hook_loads_little(place: dict[str, str]) -> None:
    """41 ms on an idle machine (docs/audit-permissions.md), most of it imports."""
    done = hook({**place, "PYTHONPROFILEIMPORTTIME": "1"}, payload=claude("npm test"))
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines() if "|" in line}
    assert "audit.permissions.deciding" in imported
    assert not {name for name in imported if name.partition(".")[0] in {"django", "celery", "rest_framework"}}
    assert len(imported) < 200


def test_an_agent_that_says_nothing_is_blocked_in_time(place: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "hook", "claude"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**place, "HOOK_TIMEOUT_SECONDS": "0.5"},
    )
    try:
        out, err = b"", b""
        process.wait(timeout=FOREVER_SECONDS / 10)
    finally:
        process.stdin.close()
        out, err = process.stdout.read(), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 2
    assert json.loads(out)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert b"no answer within 0.5 s" in err


def test_a_decision_that_cannot_be_spooled_is_not_given(place: dict[str, str], tmp_path: Path) -> None:
    """Nothing can be written where the spool should be, nor is there a database to record it in."""
    (tmp_path / "hooks" / "spool").write_text("in the way")
    assert_denied(hook(place, payload=claude("npm test")))


def test_only_a_fresh_file_of_ours_counts(tmp_path: Path) -> None:
    def usable(source: str = "s") -> bool:
        try:
            return len(compiled.read(tmp_path, source).rules) == len(RULES)
        except compiled.NotUsable:
            return False

    path = tmp_path / "hooks" / "rules.json"
    assert not usable()
    compiled.write(tmp_path, "s", HELD)
    assert (usable(), usable("another database")) == (True, False)
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"deny"', b'"allow"'))
    assert not usable()
    path.write_bytes(good)
    path.chmod(0o666)
    assert not usable()
    path.chmod(0o600)
    assert usable()
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert not usable()
    os.utime(path)
    (tmp_path / "hooks" / "key").write_bytes(b"k" * 64)
    assert not usable()
    body = json.dumps({"version": 1, "source": "s", "made_at": time.time() - 61, "rules": []}).encode()
    path.write_bytes(compiled._sign(b"k" * 64, body) + b"\n" + body)
    assert not usable()


def _make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _make_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "forge",
    [
        lambda folder: (folder / "key").chmod(0o644),
        lambda folder: (folder / "key").chmod(0o660),
        lambda folder: (folder / "rules.json").chmod(0o620),
        lambda folder: folder.chmod(0o777),
        lambda folder: _make_pipe(folder / "rules.json"),
        lambda folder: _make_pipe(folder / "key"),
        lambda folder: _make_link(folder / "rules.json"),
        lambda folder: (folder / "key").write_bytes(b""),
        lambda folder: (folder / "rules.json").write_bytes(b"\n{}"),
        lambda folder: (folder / "rules.json").write_bytes(b""),
    ],
)
def test_what_others_could_have_written_does_not_decide(tmp_path: Path, forge: Any) -> None:
    compiled.write(tmp_path, "s", HELD)
    assert len(compiled.read(tmp_path, "s").rules) == len(RULES)
    forge(tmp_path / "hooks")
    with pytest.raises(compiled.NotUsable):
        compiled.read(tmp_path, "s")


@pytest.mark.parametrize("ahead", [-61, -10_000, 2, 10_000])
def test_rules_of_another_time_do_not_decide(tmp_path: Path, monkeypatch: Any, ahead: int) -> None:
    now = time.time()
    monkeypatch.setattr(compiled.time, "time", lambda: now + ahead)
    compiled.write(tmp_path, "s", HELD)
    monkeypatch.undo()
    with pytest.raises(compiled.NotUsable, match="fresh"):
        compiled.read(tmp_path, "s")


@pytest.mark.django_db(transaction=True)
def test_a_change_of_rules_reaches_the_next_hook(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    source = compiled.source_of(os.environ.get("DATABASE_URL", ""))
    row = store.create_rule(tool="Bash", specifier="a *", decision="deny")
    assert [item.text for item in compiled.read(tmp_path, source).rules] == ["Bash(a *)"]
    store.change_rule(uid=str(row.uid), specifier="b *")
    assert [item.text for item in compiled.read(tmp_path, source).rules] == ["Bash(b *)"]
    store.change_rule(uid=str(row.uid), is_enabled=False)
    assert compiled.read(tmp_path, source).rules == []


def test_the_command_answers_by_the_database_when_no_file_is_fresh(rules: None, run_command: Any) -> None:
    code, out, _ = run_command("hook", "claude", stdin=json.dumps(claude("rm x")))
    assert (code, json.loads(out)["hookSpecificOutput"]["permissionDecision"]) == (0, "deny")
    assert Event.objects.get(event_type="decision.made").actor.startswith("console:")
    code, out, err = run_command("hook", "claude", stdin="{")
    assert (code, out, "refused" in err) == (2, "", True)


# --- over HTTP -------------------------------------------------------------------------------------------------------

URL = "/api/v1/audit/hooks"


def test_the_same_answer_by_rest_and_command(rules: None, api: Any, run_command: Any) -> None:
    for agent in ("claude", "codex"):
        for command in ("npm test", "rm x"):
            by_rest = api.post(f"{URL}/{agent}", claude(command))
            _, by_command, _ = run_command("hook", agent, stdin=json.dumps(claude(command)))
            assert by_rest.status_code == 200
            assert by_rest.json() == json.loads(by_command)


@pytest.mark.parametrize(
    ("agent", "deny"),
    [
        ("claude", lambda body: body["hookSpecificOutput"]["permissionDecision"]),
        ("codex", lambda body: body["hookSpecificOutput"]["permissionDecision"]),
        ("cursor", lambda body: body["permission"]),
        ("gemini", lambda body: body["decision"]),
        ("copilot", lambda body: body["permissionDecision"]),
        ("qwen", lambda body: body["hookSpecificOutput"]["permissionDecision"]),
        ("kimi", lambda body: body["hookSpecificOutput"]["permissionDecision"]),
        ("cline", lambda body: "deny" if body["cancel"] else "allow"),
        ("opencode", lambda body: body["decision"]),
        ("amp", lambda body: body["decision"]),
    ],
)
def test_what_cannot_be_understood_is_denied_in_the_agents_words(rules: None, api: Any, agent: str, deny: Any) -> None:
    for body in ("{", "[]", '{"hook_event_name": 7}', "[" * 50_000, '{"a": "\\u0000"}'):
        answer = api.post(f"{URL}/{agent}", body, content_type="application/json")
        assert (answer.status_code, deny(answer.json())) == (200, "deny"), body[:40]
        assert (answer["Handrail-Exit"], "refused" in answer["Handrail-Sentence"]) == ("2", True)
    assert answer.json() != {}


def test_a_failure_nobody_foresaw_is_denied_too(rules: None, api: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(held, "load_rules", lambda: 1 / 0)
    answer = api.post(f"{URL}/claude", claude("npm test")).json()["hookSpecificOutput"]
    assert (answer["permissionDecision"], "ZeroDivisionError" in answer["permissionDecisionReason"]) == ("deny", True)


def test_an_unknown_agent_and_a_read_key_are_refused(rules: None, api: Any, reader: Any) -> None:
    assert api.post(f"{URL}/nobody", {}).status_code == 404
    assert reader.post(f"{URL}/claude", claude("npm test")).status_code == 403


def test_the_actor_is_the_key_of_the_hook(rules: None, api: Any) -> None:
    api.post(f"{URL}/claude", claude("npm test"))
    with acting_as(actor="somebody"):
        assert Event.objects.get(event_type="decision.made").actor == "write-key"


def test_the_time_limit_of_the_environment_file_counts_too(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(fast_hook, "BASE_DIR", str(tmp_path))
    monkeypatch.delenv("HOOK_TIMEOUT_SECONDS", raising=False)
    written = {
        "HOOK_TIMEOUT_SECONDS=3": 3.0,
        "export HOOK_TIMEOUT_SECONDS = '2.5'": 2.5,
        "HOOK_TIMEOUT_SECONDS=4 # seconds": 10.0,
        "#HOOK_TIMEOUT_SECONDS=3": 10.0,
        "HOOK_TIMEOUT_SECONDS=soon": 10.0,
        "HOOK_TIMEOUT_SECONDS=nan": 10.0,
        "HOOK_TIMEOUT_SECONDS=9999": 300.0,
        "": 10.0,
    }
    for line, seconds in written.items():
        (tmp_path / ".env").write_text(f"PORT=1\n{line}\n")
        assert fast_hook._timeout(["claude"]) == seconds, line
    monkeypatch.setenv("HOOK_TIMEOUT_SECONDS", "9999")
    assert (fast_hook._timeout(["copilot"]), fast_hook._timeout(["qwen"])) == (25.0, 55.0)  # they wait for 30 and 60
    monkeypatch.setenv("HOOK_TIMEOUT_SECONDS", "7")
    assert fast_hook._timeout(["claude"]) == 7.0
    monkeypatch.delenv("HOOK_TIMEOUT_SECONDS")
    (tmp_path / ".env").unlink()
    assert fast_hook._timeout(["claude"]) == 10.0


@pytest.mark.parametrize("agent", ["claude", "codex", "copilot", "cursor", "gemini"])
@pytest.mark.parametrize(
    "command",
    [
        "sshpass -p Hunter2xyz ssh h",
        "frobnicate --password=Hunter2xyz",
        "echo Hunter2xyz | sudo -S ls",
        "psql postgres://u:Hunter2xyz@h/db -c 'drop table a'",
        "eval mysql -pHunter2xyz",
        "frobnicate ghp_Hunter2xyzHunter2xyzHunter2xyzHunter2",
    ],
)
def test_an_answer_quotes_a_command_without_its_secrets(agent: str, command: str, db: None) -> None:
    asked = {
        "claude": {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}},
        "codex": {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}},
        "gemini": {
            "hook_event_name": "BeforeTool",
            "tool_name": "run_shell_command",
            "tool_input": {"command": command},
        },
        "copilot": {"toolName": "bash", "toolArgs": json.dumps({"command": command})},
        "cursor": {"hook_event_name": "beforeShellExecution", "command": command},
    }[agent]
    answer = json.dumps(decisions.answer_hook(agent=agent, payload={**asked, "cwd": "/p"}).answer)
    assert "matches" in answer or "seen through" in answer, answer
    assert "Hunter2xyz" not in answer

"""The client that agents' machines run: one file, one call, and whatever fails is a refusal the agent understands."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from audit.agents import hook as client
from audit.agents.client import FILES
from audit.dialects import AGENTS, dialect_of
from audit.models import Event
from audit.permissions import store
from audit.permissions.rules import Rule
from config.keys import create_key

CALL = {"session_id": "s", "cwd": "/project", "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "t"}
DENY = {"Handrail-Exit": "2", "Handrail-Sentence": '"Handrail: deny: why"'}


def run(agent: str, payload: Any, *, environment: dict[str, str] | None = None, raw: bytes | None = None) -> Any:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL")}
    return subprocess.run(
        [sys.executable, "-I", "-S", str(FILES["hook.py"]), agent],
        input=json.dumps(payload).encode() if raw is None else raw,
        capture_output=True,
        env={**kept, **(environment or {})},
        timeout=60,
        check=False,
    )


def answer(body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    told = {"Content-Length": str(len(body) if length is None else length), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@contextmanager
def server(say: Callable[[socket.socket], None], where: socket.socket | None = None) -> Iterator[dict[str, str]]:
    """The environment of a client that asks a server which does as it is told, once."""
    with nullcontext(where) if where else socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                while b"\r\n\r\n" not in (told := connection.recv(65536)) and told:
                    pass
                say(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        port = 0 if where else listening.getsockname()[1]
        yield {"HANDRAIL_URL": f"http://127.0.0.1:{port}", "HANDRAIL_API_KEY": "hr_secret"}
        thread.join()


def assert_refused(done: Any, why: str) -> None:
    assert done.returncode == 2
    assert why in done.stderr.decode()
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert b"hr_secret" not in done.stderr + done.stdout


def test_the_client_refuses_in_the_words_of_each_dialect() -> None:
    for agent in AGENTS:
        assert dialect_of(agent).refuse("", client.WHY) == client.DENIALS[agent]
    assert len(client.DENIALS) == len(AGENTS)
    assert min(dialect_of(agent).deadline_seconds for agent in AGENTS) > client.DEADLINE_SECONDS


@pytest.mark.django_db(transaction=True)
def test_the_teams_rules_are_asked_from_any_machine(live_server: Any, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("dana")
    key = create_key(name="laptop", user=user, scope="write")[1]
    rules = [
        Rule(tool="Bash", specifier="rm *", decision="deny", reason="no"),
        Rule(tool="Bash", specifier="ls *", decision="allow"),
        Rule(tool="Read", specifier="~/.ssh/**", decision="deny"),
    ]
    store.import_rules(rules=rules, source="test")
    place = {"HANDRAIL_URL": live_server.url, "HANDRAIL_API_KEY": key}
    for command, code, said in (("rm x", 0, "deny"), ("ls", 0, "allow")):
        done = run("claude", {**CALL, "tool_input": {"command": command}}, environment=place)
        assert (done.returncode, bool(done.stderr)) == (code, said == "deny"), done.stderr
        assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == said
    own = {**CALL, "tool_name": "Read", "tool_input": {"file_path": str(Path.home() / ".ssh" / "id")}}
    assert b'"deny"' in run("claude", own, environment=place).stdout
    amp = run("amp", {"cmd": "rm x"}, environment={**place, "AGENT_TOOL_NAME": "Bash", "AMP_THREAD_ID": "T-1"})
    assert (amp.returncode, amp.stderr.startswith(b"Handrail: deny")) == (2, True)
    assert Event.objects.filter(session_id="T-1", agent="amp").exists()
    assert_refused(run("claude", {"hook_event_name": "PreToolUse"}, environment=place), "tool_name is missing")
    revoked = {**place, "HANDRAIL_API_KEY": "hr_unknown"}
    assert_refused(run("claude", CALL, environment=revoked), "answered 401: the key is unknown")


def test_the_server_hands_out_the_client_to_anybody(client: Any) -> None:
    for name, path in FILES.items():
        got = client.get(f"/agents/{name}")
        assert (got.status_code, got.content) == (200, path.read_bytes())
        assert client.post(f"/agents/{name}").status_code == 405


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (answer(b"<html>sign in</html>"), "is not Handrail"),
        (answer(b"{}"), "is not Handrail"),
        (answer(b"[]", **DENY), "is not Handrail"),
        (answer(b"{}", **{**DENY, "Handrail-Exit": "7"}), "is not Handrail"),
        (answer(b'{"a"', length=400, **DENY), "was cut"),
        (answer(b"", "302 Found", Location="http://elsewhere"), "answered 302: it has moved"),
        (answer(b"", "502 Bad Gateway"), "answered 502"),
        (b"", "does not speak HTTP"),
        (b"SSH-2.0-x\r\n\r\n", "does not speak HTTP"),
        (answer(b"x" * 2_000_000, **DENY), "too long"),
    ],
    ids=["HTML", "no headers", "list", "exit 7", "cut", "redirect", "gateway", "silence", "ssh", "2 MB"],
)
def test_an_answer_that_is_not_handrails_is_a_refusal(told: bytes, why: str) -> None:
    def say(connection: socket.socket) -> None:
        with suppress(OSError):  # it may have heard enough
            connection.sendall(told)

    with server(say) as place:
        assert_refused(run("claude", CALL, environment=place), why)


def test_a_server_that_is_down_or_unknown_is_a_refusal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    place = {"HANDRAIL_URL": f"http://127.0.0.1:{port}", "HANDRAIL_API_KEY": "hr_secret"}
    assert_refused(run("claude", CALL, environment=place), "refused")
    for url, why in (
        ("http://handrail.example", "clear text"),
        ("ftp://x", "is none"),
        ("https://u:p@x", "is none"),
        ("https://x:y", "is none"),
    ):
        assert_refused(run("claude", CALL, environment={**place, "HANDRAIL_URL": url}), why)
    assert_refused(run("claude", CALL, environment={**place, "HANDRAIL_API_KEY": "a\r\nX: y"}), "line break")
    assert_refused(run("claude", CALL, environment={"HOME": str(tmp_path)}), "there is no")


def test_a_server_of_this_machine_is_asked_by_its_socket_where_nobody_else_can_listen(tmp_path: Path) -> None:
    path = tmp_path / "s"
    told = answer(b'{"decision": "deny"}', **DENY)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        place = {"HANDRAIL_URL": f"unix:{path}", "HANDRAIL_API_KEY": "hr_secret"}
        with server(lambda connection: connection.sendall(told), listening):
            done = run("kiro", CALL, environment=place)
        assert (done.returncode, done.stdout, done.stderr) == (2, b'{"decision": "deny"}', b"Handrail: deny: why\n")
        tmp_path.chmod(0o777)
        assert_refused(run("claude", CALL, environment=place), "anybody may listen")
        tmp_path.chmod(0o700)
    assert_refused(run("claude", CALL, environment=place), "Connection refused")


def test_a_slow_server_is_a_refusal_before_the_agents_patience_ends(tmp_path: Path) -> None:
    quick = tmp_path / "hook.py"
    quick.write_text(FILES["hook.py"].read_text().replace("DEADLINE_SECONDS = 10.0", "DEADLINE_SECONDS = 0.5"))
    done = threading.Event()
    with server(lambda connection: done.wait(60) and None) as place:
        told = subprocess.run(
            [sys.executable, "-I", str(quick), "claude"],
            input=json.dumps(CALL).encode(),
            capture_output=True,
            env={**os.environ, **place},
            check=False,
        )
        done.set()
    assert told.returncode == 2
    assert b'"deny"' in told.stdout
    assert told.stderr


def test_the_key_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "handrail"
    folder.mkdir(parents=True)
    file = folder / "agent.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:1", "key": "hr_secret"}))
    file.chmod(0o644)
    assert_refused(run("claude", CALL, environment={"HOME": str(tmp_path)}), "chmod 600")
    file.chmod(0o600)
    assert_refused(run("claude", CALL, environment={"HOME": str(tmp_path)}), "Error")
    with server(lambda connection: connection.sendall(answer(b"{}", **{"Handrail-Exit": "0"}))) as elsewhere:
        # A project may set variables of an agent's hooks: they do not lead elsewhere.
        assert_refused(run("claude", CALL, environment={"HOME": str(tmp_path), **elsewhere}), "Error")
        socket.create_connection(("127.0.0.1", int(elsewhere["HANDRAIL_URL"].rsplit(":", 1)[1]))).close()
    for text in ("[]", "{", '{"url": "x"}'):
        file.write_text(text)
        assert_refused(run("claude", CALL, environment={"HOME": str(tmp_path)}), "must hold")


def test_ten_megabytes_and_an_agent_nobody_knows_are_refused() -> None:
    place = {"HANDRAIL_URL": "http://127.0.0.1:1", "HANDRAIL_API_KEY": "hr_secret"}
    assert_refused(run("claude", None, raw=b"x" * 10_000_000, environment=place), "longer than")
    done = run("emacs", CALL, environment=place)
    assert (done.returncode, done.stdout, b"usage" in done.stderr) == (2, b"", True)


def test_the_client_is_understood_by_python_3_8_and_imports_little() -> None:
    import ast

    for path in FILES.values():
        ast.parse(path.read_text(), feature_version=(3, 8))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", str(FILES["hook.py"]), "emacs"],
        capture_output=True,
        check=False,
    )
    names = {line.rsplit(b"|", 1)[-1].strip().decode() for line in done.stderr.splitlines() if b"import time" in line}
    assert not names & {"ssl", "http.client", "urllib.request", "typing", "email", "pathlib", "subprocess"}

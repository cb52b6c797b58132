"""Installing into agents: what is there stays, what is ours comes and goes, and a probe tells whether it holds."""

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from audit.agents import configurations, installing, probing
from audit.agents.configurations import pieces
from audit.agents.merging import NotMergeable, commands_of, merged_json, merged_toml, removed_block, removed_json
from audit.dialects import AGENTS, dialect_of
from audit.json_text import read
from audit.permissions import compiled, hooks
from audit.permissions.bounds import Held
from audit.permissions.rules import Rule

OURS = {
    "hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"command": "/p/python /h/manage.py hook claude || exit 2"}]}]}
}
THEIRS = """{
    "model": "opus",
    "hooks": {
        "PreToolUse": [
            {
                "matcher": "Bash",
                "hooks": [
                    {
                        "type": "command",
                        "command": "./lint.sh"
                    }
                ]
            }
        ]
    }
}
"""


def test_what_others_wrote_stays_and_comes_back_byte_by_byte() -> None:
    mixed = merged_json(THEIRS, OURS)
    assert [item["matcher"] for item in json.loads(mixed)["hooks"]["PreToolUse"]] == ["Bash", "*"]
    assert merged_json(mixed, OURS) == mixed
    assert removed_json(mixed, OURS) == THEIRS
    assert removed_json(THEIRS, OURS) == THEIRS
    assert removed_json(merged_json("", OURS), OURS) == ""


def test_a_hook_of_an_older_installation_is_replaced_also_within_a_group_of_others() -> None:
    old = {"command": "/old/python /old/manage.py hook claude"}
    known = {"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"command": "./lint.sh"}, old]}, {"hooks": [old]}]}}
    mixed = json.loads(merged_json(json.dumps(known), OURS))["hooks"]["PreToolUse"]
    assert mixed == [{"matcher": "Bash", "hooks": [{"command": "./lint.sh"}]}, *OURS["hooks"]["PreToolUse"]]


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "[]", '{"hooks": []}', '{"hooks": {"PreToolUse": {}}}', "{"])
def test_what_cannot_be_kept_is_not_rewritten(text: str) -> None:
    with pytest.raises(NotMergeable):
        merged_json(text, OURS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.text(max_size=6), JSON, min_size=1, max_size=4), st.sampled_from([None, 1, 4, "\t"]), st.data()
)
def test_installing_and_taking_out_gives_back_every_character(known: dict[str, Any], indent: Any, data: Any) -> None:
    lines = json.dumps(known, indent=indent).split("\n")
    notes = st.sampled_from(["", ' // it\'s "mine"', " /* { */"])
    text = "\n".join(line + data.draw(notes) for line in lines)
    try:
        mixed = merged_json(text, OURS)
    except NotMergeable:
        assert "hooks" in known
        return
    assert merged_json(mixed, OURS) == mixed
    assert removed_json(mixed, OURS) == text


@pytest.mark.parametrize(
    "text",
    [
        '{\n  // mine\n  "model": "opus", // the best\n  "permissions": {"allow": ["Bash(ls)", "Read(x)"]},\n}\n',
        '{\r\n\t"model": "opus"\r\n}', '{"hooks": {"Stop": []}}', '{ "a": 1.50, "b": "\\u00e9" }',
        '{"hooks": {\n  // before each\n  "PreToolUse": [\n    {"hooks": [{"command": "./lint.sh"}]} // lint\n  ]}}',
    ],
)  # fmt: skip
def test_what_a_person_wrote_by_hand_stays_as_it_stands(text: str) -> None:
    mixed = merged_json(text, OURS)
    assert commands_of(read(mixed).value) == commands_of(OURS)
    assert all(word.rstrip(",}") in mixed for word in text.split())
    assert removed_json(mixed, OURS) == text


def test_a_comment_in_a_holder_of_ours_alone_is_not_lost_with_it() -> None:
    mixed = merged_json("", OURS).replace('"PreToolUse"', '// keep me\n    "PreToolUse"')
    assert removed_json(mixed, OURS) == '{\n  "hooks": {\n    // keep me\n  }\n}\n'


@given(st.lists(st.text("ab =#[]'\"\t", max_size=9)).map(lambda lines: "\n".join(f"# {line}" for line in lines)))
def test_a_part_of_a_toml_file_comes_and_goes_and_is_renewed_where_it_is(text: str) -> None:
    mixed = merged_toml(text, "[[hooks]]")
    assert merged_toml(mixed, "[[hooks]]") == mixed
    assert removed_block(mixed).removesuffix("\n") == text.removesuffix("\n")
    later = f"{mixed}[projects.x]\ntrusted = true\n"
    assert merged_toml(later, "[[hooks]]") == later
    assert removed_block(merged_toml(later, "[other]")) == removed_block(later)


@pytest.mark.parametrize("text", ["[mcp_servers.handrail]\nurl = 'mine'\n", "a = \n"])
def test_a_toml_file_that_would_not_be_one_is_left_alone(text: str) -> None:
    with pytest.raises(NotMergeable, match="no TOML"):
        merged_toml(text, "[mcp_servers.handrail]\nurl = 'x'")


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("scope", ["project", "user"])
def test_each_agent_is_installed_once_and_undone_cleanly(
    agent: str, scope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    where = installing.site(scope, tmp_path, url="http://127.0.0.1:8000", remote=False)
    planned = installing.plan([agent], where)
    assert bool(planned) == ((agent, scope) != ("kimi", "project"))
    installing.apply(planned)
    written = "".join(change.path.read_text() for change in planned)
    assert not planned or f"hook {agent}" in written
    assert [change for change in installing.plan([agent], where) if change.is_needed] == []
    installing.apply(installing.plan([agent], where, undo=True))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("agent", ["claude", "codex", "gemini", "qwen", "copilot"])
def test_an_agent_tells_that_it_stops_and_its_prompts_where_that_is_wanted(agent: str, tmp_path: Path) -> None:
    told = {}
    for prompts in (False, True):
        where = installing.site("project", tmp_path, url="http://x", remote=True, prompts=prompts)
        events = next(iter(pieces(agent, where))).entries["hooks"]
        told[prompts] = {name for name, hooks in events.items() if "tell.py" in json.dumps(hooks)}
        assert not any("onFailure" in json.dumps(events[name]) for name in told[prompts])
    assert {"prompt"} == {str(dialect_of(agent).moment(name)) for name in told[True] - told[False]}
    assert {"other"} == {str(dialect_of(agent).moment(name)) for name in told[False]}
    command = installing.tell_of(agent, remote=True).replace("python3", "/nowhere/python3")
    assert subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False).returncode == 0


def test_no_file_holds_the_key_and_codex_gets_no_name_it_would_stumble_over(tmp_path: Path) -> None:
    where = installing.site("project", tmp_path, url="https://handrail.example", remote=True)
    for agent in AGENTS:
        for piece in pieces(agent, where):
            text = json.dumps(piece.entries) if piece.entries else piece.text
            assert "Bearer hr_" not in text
    [own] = [piece for piece in pieces("codex", where) if piece.path.name == "hooks.json"]
    assert set(own.entries or ()) <= {"description", "hooks"}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_example_of_each_agent_is_a_question_about_the_command(agent: str) -> None:
    request = hooks.read(agent, dialect_of(agent).example("rm x", "/project"))
    assert (request.moment, request.call.tool, request.call.commands(), request.call.cwd) == (
        "before",
        "Bash",
        ["rm x"],
        "/project",
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A person without agents, and a service whose rules deny the probe."""
    rules = [Rule(tool="Bash", specifier="rm *", decision="deny", reason="no")]
    compiled.write(tmp_path / "data", compiled.source_of(""), Held(rules))
    settings.DATA_DIR = tmp_path / "data"  # which the agents' environment does not know
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (tmp_path / "home").mkdir()
    (tmp_path / "shop").mkdir()
    return tmp_path


def test_a_project_is_installed_checked_and_undone(home: Path, run_command: Any) -> None:
    shop = home / "shop"
    (shop / ".claude").mkdir()
    settings = shop / ".claude" / "settings.json"
    settings.write_text(THEIRS)
    code, out, _ = run_command("agent_install", "--check", str(shop))
    assert (code, "claude: not installed" in out) == (1, True)
    code, out, err = run_command("agent_install", str(shop))
    assert (code, settings.read_text()) == (2, THEIRS)
    assert "--yes" in err
    code, out, _ = run_command("agent_install", "--yes", str(shop))
    assert code == 0, out
    assert "+" in out
    assert "[OK] claude: denied: Handrail: deny: Bash(rm *)" in out
    hook = json.loads(settings.read_text())["hooks"]["PreToolUse"][-1]["hooks"][0]
    assert hook["onFailure"] == "block"
    assert json.loads((shop / ".mcp.json").read_text())["mcpServers"]["handrail"]["url"].endswith("/mcp")
    assert run_command("agent_install", "--check", str(shop))[0] == 0
    assert run_command("agent_install", "--yes", "--undo", str(shop))[0] == 0
    assert settings.read_text() == THEIRS
    assert not (shop / ".mcp.json").exists()


def test_what_an_agent_would_run_denies_also_when_it_cannot_be_started(home: Path) -> None:
    command = installing.command_of("claude", remote=True)
    done = subprocess.run(["/bin/sh", "-c", command], input=b"{}", capture_output=True, check=False)
    assert (done.returncode, bool(done.stderr)) == (2, True)
    gone = command.replace("python3", "/nowhere/python3")
    done = subprocess.run(["/bin/sh", "-c", gone], input=b"{}", capture_output=True, check=False)
    assert (done.returncode, bool(done.stderr)) == (2, True)
    assert probing.probe("claude", command, home / "shop")[0] == "not judged"
    assert probing.probe("claude", "echo '{}'", home / "shop")[0] == "let through"


@override_settings(DEBUG=False)
def test_a_machine_without_the_service_gets_the_client_and_a_private_key(
    home: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("agent_install", "--yes", "--agent", "codex", "--url", "http://127.0.0.1:1", str(home / "shop"))
    code, _, err = run_command(*words)
    assert (code, "HANDRAIL_API_KEY" in err) == (2, True)
    monkeypatch.setenv("HANDRAIL_API_KEY", "hr_secret_of_the_laptop")
    code, out, _ = run_command(*words)
    assert "hr_secret_of_the_laptop" not in out
    assert "[WARN] codex: not judged" in out
    own = home / "home" / ".config" / "handrail"
    assert stat.S_IMODE((own / "agent.json").stat().st_mode) == 0o600
    assert (own / "hook.py").stat().st_mode & stat.S_IXUSR
    assert 'hook.py\\" codex' in (home / "shop" / ".codex" / "hooks.json").read_text()


def test_the_client_is_written_anew_with_the_key_it_has_and_goes_with_it(home: Path) -> None:
    with_key = installing.plan_client(url="https://a.example/", key="hr_a")
    installing.apply(with_key)
    for key in ("", "hr_a"):  # the secret that signs what is kept for the time without a server stays too
        again = installing.plan_client(url="https://a.example", key=key)
        assert not any(change.is_needed for change in again)
    own = home / "home" / ".config" / "handrail"
    assert len(json.loads((own / "agent.json").read_text())["secret"]) == 64
    (own / "offline-claude.json").write_text("kept")
    installing.apply(installing.plan_client(url="https://a.example", key="", undo=True))
    assert [path for path in (home / "home").rglob("*") if path.is_file()] == []


def test_cline_learns_of_the_server_where_it_keeps_its_own(home: Path) -> None:
    where = installing.site("user", home / "shop", url="https://a.example", remote=False)
    person = home / "home"
    assert [str(piece.path.relative_to(person)) for piece in pieces("cline", where)] == [
        "Documents/Cline/Hooks/PreToolUse",
        "Documents/Cline/Hooks/PostToolUse",
        ".cline/data/settings/cline_mcp_settings.json",
    ]
    editor = person / configurations._CLINE_IN_EDITOR
    editor.mkdir(parents=True)
    installing.apply(installing.plan(["cline"], where))
    assert not (person / ".cline").exists()
    servers = json.loads((editor / "settings" / "cline_mcp_settings.json").read_text())["mcpServers"]
    assert servers["handrail"]["url"] == "https://a.example/mcp"
    installing.apply(installing.plan(["cline"], where, undo=True))
    assert [path for path in person.rglob("*") if path.is_file()] == []


@override_settings(DEBUG=False)
def test_agents_speak_mcp_over_http_also_where_their_hooks_use_the_socket(
    home: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDRAIL_API_KEY", "hr_secret_of_the_laptop")
    run_command("agent_install", "--yes", "--agent", "claude", "--url", f"unix:{home}/s", str(home / "shop"))
    server = json.loads((home / "shop" / ".mcp.json").read_text())["mcpServers"]["handrail"]
    assert server["url"] == "http://127.0.0.1:8000/mcp"
    assert json.loads((home / "home" / ".config" / "handrail" / "agent.json").read_text())["url"] == f"unix:{home}/s"


def test_a_home_that_is_only_read_is_left_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = installing.site("project", home / "shop", url="http://127.0.0.1:8000", remote=False)
    real = Path.touch

    def touch(path: Path, *args: Any, **options: Any) -> None:
        if "mcp.json" in path.name:
            raise OSError(30, "Read-only file system")
        real(path, *args, **options)

    monkeypatch.setattr(Path, "touch", touch)
    with pytest.raises(installing.CannotInstall, match="Nothing was changed"):
        installing.apply(installing.plan(["claude"], where))
    assert [path for path in (home / "shop").rglob("*") if path.is_file()] == []


def test_links_are_followed_and_modes_kept(home: Path) -> None:
    shop = home / "shop"
    (shop / ".qwen").mkdir()
    real = home / "settings.json"
    real.write_text("{}\n")
    real.chmod(0o640)
    (shop / ".qwen" / "settings.json").symlink_to(real)
    installing.apply(installing.plan(["qwen"], installing.site("project", shop, url="http://x", remote=False)))
    assert (shop / ".qwen" / "settings.json").is_symlink()
    assert "hook qwen" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_file_of_somebody_else_under_our_name_is_not_overwritten(home: Path) -> None:
    plugins = home / "shop" / ".opencode" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "handrail.js").write_text("export const x = 1\n")
    where = installing.site("project", home / "shop", url="http://x", remote=False)
    with pytest.raises(installing.CannotInstall, match="somebody else"):
        installing.plan(["opencode"], where)
    undone = installing.plan(["opencode"], where, undo=True)
    assert not any(change.is_needed for change in undone)

"""Skills in the folders where agents look, and as a plugin: what people changed stays theirs."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.agents import installing, plugin
from audit.agents.configurations import Scope
from audit.agents.skill_folders import is_as_written, stamped
from audit.dialects import AGENTS
from config.skills import Skill, shipped

TEXT = "---\nname: mine\ndescription: Use when.\n---\n# Mine\n"
MINE = Skill(name="mine", description="Use when.", text=TEXT)


def installed(folder: Path, *agents: str, scope: Scope = "project", undo: bool = False, text: str = TEXT) -> list[Path]:
    """The skills there are after an installation, or after its end."""
    skill = Skill(name="mine", description="Use when.", text=text)
    where = installing.site(scope, folder, url="http://x", remote=False, skills=[skill])
    installing.apply([change for change in installing.plan(agents, where, undo=undo) if change.is_needed])
    return sorted(path.relative_to(folder) for path in folder.rglob("SKILL.md"))


@pytest.mark.parametrize("agent", AGENTS)
def test_each_agent_gets_skills_where_it_looks_and_none_is_left_behind(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    own = {"claude", "qwen", "kiro", "devin"}
    for scope in ("project", "user"):
        found = installed(tmp_path, agent, scope=scope)
        expected = f".{agent}" if agent in own else ".agents"
        if (agent, scope) == ("kimi", "project"):  # it has no hooks there, so nothing else of ours either
            assert found == []
        elif scope == "project":
            assert found == [Path(expected, "skills", "mine", "SKILL.md")]
        else:
            assert len(found) == 1
        assert installed(tmp_path, agent, scope=scope, undo=True) == []
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_skill_that_several_read_goes_with_the_last_of_them(tmp_path: Path) -> None:
    there = [Path(".agents", "skills", "mine", "SKILL.md")]
    assert installed(tmp_path, "codex", "cursor", "amp") == there
    for agent in ("codex", "cursor"):
        assert installed(tmp_path, agent, undo=True) == there
    assert installed(tmp_path, "amp", undo=True) == []


def test_a_skill_is_renewed_until_somebody_changes_it_and_then_stays(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "skills" / "mine" / "SKILL.md"
    installed(tmp_path, "claude")
    installed(tmp_path, "claude", text=f"{TEXT}More.\n")
    assert "More." in path.read_text()
    path.write_text(path.read_text().replace("More.", "As we do it here."))
    installed(tmp_path, "claude")
    assert "As we do it here." in path.read_text()
    assert installed(tmp_path, "claude", undo=True) == [path.relative_to(tmp_path)]


def test_a_skill_of_somebody_else_under_the_same_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "skills" / "mine" / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text("theirs")
    for undo in (False, True):
        installed(tmp_path, "claude", undo=undo)
        assert path.read_text() == "theirs"


def test_the_stamp_tells_a_change_of_any_character() -> None:
    text = stamped(TEXT)
    assert is_as_written(text)
    assert all(not is_as_written(text[:place] + "#" + text[place:]) for place in range(len(TEXT)))
    assert not is_as_written(TEXT)


def test_the_skills_that_ship_are_listed_shown_and_installed_by_command(tmp_path: Path, run_command: Any) -> None:
    code, out, _ = run_command("skills", "list", "--json")
    assert (code, [row["name"] for row in json.loads(out)]) == (0, [skill.name for skill in shipped()])
    assert "check-migration" in run_command("skills", "list")[1]
    assert run_command("skills", "show", "when-refused")[1].startswith("---\nname: when-refused\n")
    assert run_command("skills", "show", "nothing")[0] == 2
    own = tmp_path / "ours" / "mine"
    own.mkdir(parents=True)
    (own / "SKILL.md").write_text(TEXT)
    shop = tmp_path / "shop"
    shop.mkdir()
    words = ("agent_install", "--yes", "--agent", "codex", str(shop))
    _, out, _ = run_command(*words, "--skills", str(tmp_path / "ours"))
    assert "check-migration/SKILL.md (a skill)" in out
    assert {path.parent.name for path in shop.rglob("SKILL.md")} == {"mine", *(skill.name for skill in shipped())}
    (shop / ".agents" / "skills" / "mine" / "SKILL.md").write_text("ours now")
    assert "is yours and stays" in run_command(*words, "--skills", str(tmp_path / "ours"))[1]
    run_command(*words[:-1], "--undo", str(shop))
    assert [path.parent.name for path in shop.rglob("SKILL.md")] == ["mine"]
    run_command(*words, "--no-skills")
    assert [path.parent.name for path in shop.rglob("SKILL.md")] == ["mine"]


def test_a_plugin_is_written_anew_and_never_over_something_else(tmp_path: Path, run_command: Any) -> None:
    folder = tmp_path / "plugin"
    code, out, _ = run_command("skills", "plugin", str(folder), "--url", "https://handrail.example/")
    assert (code, "claude --plugin-dir" in out) == (0, True)
    assert json.loads((folder / ".claude-plugin" / "plugin.json").read_text())["name"] == "handrail"
    server = json.loads((folder / ".mcp.json").read_text())["mcpServers"]["handrail"]
    assert server["url"] == "https://handrail.example/mcp"
    plugin.write(folder, plugin.files([MINE], url="http://x", version="1.0.0"))
    assert [path.parent.name for path in folder.rglob("SKILL.md")] == ["mine"]
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "file").write_text("x")
    with pytest.raises(plugin.NotAPlugin):
        plugin.write(tmp_path / "else", plugin.files([MINE], url="http://x", version="1.0.0"))

"""Scanning a repository for what the rules deny: every place a command stands in, with its line."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.agents import findings
from audit.agents.scanning import Unreadable, commands_in
from audit.permissions import store
from audit.permissions.deciding import RuleSet
from audit.permissions.rules import Rule

RULES = [Rule(tool="Bash", specifier="rm -rf *", decision="deny", reason="gone for good")]
FILES = {
    "deploy.sh": ("set -e\ncd web\nif true; then\n  sudo rm -rf build\nfi\n", 4),
    "bin/tool": ("#!/usr/bin/env bash\nrm -rf x\n", 2),
    "Dockerfile": ("FROM a\nRUN --mount=type=cache,target=/c apt update \\\n && rm -rf /x\n", 3),
    "api.dockerfile": ('FROM a\n\nRUN ["rm", "-rf", "/x"]\n', 3),
    "Makefile": ("all:\n\techo a\n\t@rm -rf out\n", 3),
    "package.json": ('{\n "scripts": {\n  "a": "tsc",\n  "clean": "rm -rf dist"\n }\n}', 4),
    ".github/workflows/ci.yml": ("jobs:\n a:\n  steps:\n  - run: |\n     npm ci\n     rm -rf x\n", 6),
    ".gitlab-ci.yml": ("a:\n script:\n  - npm ci\n  - rm -rf x\n", 4),
    ".claude/settings.json": ('{\n "permissions": {"allow": [\n  "Bash(ls *)",\n  "Bash(rm -rf x *)"\n ]}\n}', 4),
    ".cursor/hooks.json": ('{"hooks": {"stop": [\n {"command": "rm -rf x"}]}}', 2),
}


@pytest.mark.parametrize("name", FILES)
def test_a_denied_command_is_found_where_it_stands(name: str, tmp_path: Path) -> None:
    text, line = FILES[name]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    [found] = findings.scan([tmp_path], rules=RuleSet(RULES), root=tmp_path).findings
    assert (found.path, found.line, found.rule) == (name, line, "Bash(rm -rf *)")
    assert "rm" in found.command


def test_a_secret_beside_a_denied_command_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("rm -rf x https://dana:hunter2-hunter2@files.example/a\n")
    [found] = findings.scan([tmp_path], rules=RuleSet(RULES), root=tmp_path).findings
    assert "hunter2" not in json.dumps(found.as_dict())


def test_what_is_no_command_is_left_alone(tmp_path: Path) -> None:
    for name in ("notes.md", "data.json", "a.py"):
        (tmp_path / name).write_text('rm -rf x\n{"command": "rm -rf x"}')
    (tmp_path / "ok.sh").write_text("echo 'rm -rf x'\n")
    (tmp_path / "broken.sh").write_bytes(b"\xff\xfe")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.sh").write_text("rm -rf x\n")
    assert findings.scan([tmp_path], rules=RuleSet(RULES), root=tmp_path) == ([], [])


@given(st.sampled_from(sorted(FILES)), st.text(max_size=60))
def test_no_text_is_more_than_nothing_found(name: str, text: str) -> None:
    with contextlib.suppress(Unreadable):
        for found in commands_in(name, text):
            assert 1 <= found.line <= text.count("\n") + 2


def test_the_command_tells_it_as_text_json_and_sarif(
    db: None, tmp_path: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_rules(rules=RULES, source="test")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sh").write_text("ls\nrm -rf x\n")
    code, out, _ = run_command("agent_scan")
    assert (code, "a.sh:2: rm -rf x" in out) == (1, True)
    code, out, _ = run_command("agent_scan", "--json", "a.sh")
    assert (code, json.loads(out)[0]["line"]) == (1, 2)
    code, out, _ = run_command("agent_scan", "--format", "sarif")
    [result] = json.loads(out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.sh"
    (tmp_path / "a.sh").write_text("ls\n")
    (tmp_path / "deploy.yml").write_text("a:\n  - {{ b }}: c\n d")
    (tmp_path / "package.json").write_text('{"scripts": // nothing\n}')
    code, out, err = run_command("agent_scan")
    assert (code, out) == (0, "[WARN] nothing that the rules deny in what was read\n")
    assert "[WARN] deploy.yml is no YAML that can be read, at line " in err
    assert "[WARN] package.json is no JSON that can be read, at line 1; it was not looked at" in err
    code, _, err = run_command("agent_scan", "nowhere")
    assert (code, "is not there" in err) == (2, True)

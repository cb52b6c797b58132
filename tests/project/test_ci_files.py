"""The files that other projects' CI takes from here are what their makers' schemas allow, and run nobody's words."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.project.sources import ROOT

DOCUMENT = (ROOT / "docs" / "schemacheck-ci.md").read_text(encoding="utf-8")
SCHEMAS = {
    "action.yml": "github-actions",
    ".gitlab/schemacheck.yml": "gitlab-ci",
    "compose.yaml": "compose-spec",
}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / ".gitlab" / "schemacheck.yml").read_text(encoding="utf-8"))["schemacheck"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
OF_A_HOOK = {"id", "name", "description", "entry", "language", "types", "files", "require_serial"}
OF_A_HOOK |= {"stages", "pass_filenames", "always_run"}
"""Of what pre-commit knows, what is used; tests/services/test_ci.py asks pre-commit itself."""


def examples(language: str) -> list[str]:
    """The indented blocks of the document that follow a paragraph which names their file."""
    blocks = re.findall(r"\n\n((?: {4}.*\n|\n(?= {4}))+)", DOCUMENT)
    texts = [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in blocks]
    return [
        text for text in texts if {"workflow": "runs-on:", "gitlab": "include:", "hooks": "repos:"}[language] in text
    ]


def judged(schema: str, path: Any) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_is_what_its_makers_schema_allows(name: str) -> None:
    judged(SCHEMAS[name], ROOT / name)


@pytest.mark.parametrize(("language", "schema"), [("workflow", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_an_example_of_the_document_is_too(language: str, schema: str, tmp_path: Any) -> None:
    found = examples(language)
    assert found
    for text in found:
        (tmp_path / "example.yml").write_text(text)
        judged(schema, tmp_path / "example.yml")


def test_the_action_hands_what_it_is_given_to_no_shell() -> None:
    """A branch may be called `$(...)`: what comes from outside stands in variables."""
    steps = [step for step in ACTION["runs"]["steps"] if "run" in step]
    assert steps
    assert not [step["name"] for step in steps if "${{" in step["run"] or "eval" in step["run"]]
    assert all(step["shell"] == "bash" for step in steps)


def test_every_input_of_the_action_is_used_and_every_used_one_is_there() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(ACTION["inputs"])


def test_the_document_gives_the_action_only_inputs_it_has() -> None:
    for text in examples("workflow"):
        steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
        given = {name for step in steps if "handrail" in step.get("uses", "") for name in step["with"]}
        assert given <= set(ACTION["inputs"])
        assert given


def test_hooks_say_what_pre_commit_knows() -> None:
    assert [hook["id"] for hook in HOOKS if set(hook) - OF_A_HOOK] == []
    assert all(re.compile(hook.get("files", "")) for hook in HOOKS)
    [example] = examples("hooks")
    named = {hook["id"] for repo in yaml.safe_load(example)["repos"] for hook in repo["hooks"]}
    assert named <= {hook["id"] for hook in HOOKS}


def test_gitlab_takes_the_report_that_is_written() -> None:
    written = GITLAB["script"][-1].rpartition("> ")[2]
    assert GITLAB["artifacts"]["reports"] == {"codequality": written}
    assert GITLAB["artifacts"]["when"] == "always"

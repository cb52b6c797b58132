"""Every step that other projects' CI takes from here, run as their CI runs it; each installs the checker by itself."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project.test_ci_files import ACTION, GITLAB, HOOKS
from tests.services.projects.environments import newest_python, python_with
from tests.services.stack import ROOT

pytestmark = pytest.mark.services
BAD = "CREATE TABEL t (id int);\n"
SECONDS = 900


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project with one SQL file that is wrong, whose name needs quotes."""
    folder = tmp_path / "repository"
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "first one.sql").write_text(BAD)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    return folder


def run(command: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "GIT_"))}
    kept["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # `python`, as images of runners have it
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.fixture(scope="module", autouse=True)
def index(tmp_path_factory: pytest.TempPathFactory) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "hatchling"]
    folder = tmp_path_factory.mktemp("reach")
    if subprocess.run([*pip, "--dest", folder], capture_output=True, check=False).returncode:
        pytest.skip("The package index cannot be reached, from which the build and the packages come.")


*INSTALLING, CHECKING = [step for step in ACTION["runs"]["steps"] if "run" in step]


def act(step: dict[str, Any], folder: Path, temp: Path, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """One of the action's own steps; its expressions are what GitHub would put there."""
    given = {name: str(spec.get("default", "")) for name, spec in ACTION["inputs"].items()} | inputs
    known = {f"inputs.{name}": value for name, value in given.items()}
    known |= {"steps.python.outputs.python-path": sys.executable, "github.action_path": str(ROOT)}
    environment = {
        name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], value)
        for name, value in step["env"].items()
    }
    return run(step["run"], folder, RUNNER_TEMP=str(temp), **environment)


def test_the_action_puts_findings_beside_the_lines_of_a_pull_request(repository: Path, tmp_path: Path) -> None:
    for step in INSTALLING:
        installed = act(step, repository, tmp_path)
        assert installed.returncode == 0, installed.stderr
    done = act(CHECKING, repository, tmp_path, args="'db/first one.sql' --strict")
    assert done.returncode == 1, done.stderr
    assert "::error file=db/first one.sql,line=1," in done.stdout
    written = act(CHECKING, repository, tmp_path, args="db", format="sarif", output="found.sarif")
    assert (written.returncode, written.stdout) == (1, "")
    assert json.loads((repository / "found.sarif").read_text())["version"] == "2.1.0"
    hostile = act(CHECKING, repository, tmp_path, args="db --changed-since '$(touch made)' `touch made`")
    assert hostile.returncode == 2
    assert not (repository / "made").exists()


def test_the_template_of_gitlab_writes_its_report(repository: Path, tmp_path: Path) -> None:
    variables = GITLAB["variables"] | {"HANDRAIL": str(ROOT), "SCHEMACHECK_ARGS": "db --strict"}
    done = run("\n".join(GITLAB["script"]), repository, CI_BUILDS_DIR=str(tmp_path), **variables)
    assert done.returncode == 1, done.stderr
    found = json.loads((repository / "schemacheck.json").read_text())
    assert ("db/first one.sql", "critical") in {(item["location"]["path"], item["severity"]) for item in found}


def test_pre_commit_takes_the_hooks_and_runs_one_that_brings_its_own_environment(
    repository: Path, tmp_path: Path
) -> None:
    python = python_with(newest_python("3.12", "3.13"), "pre-commit")
    tool = f"{python} -m pre_commit"
    checked = run(f"{tool} validate-manifest {ROOT / '.pre-commit-hooks.yaml'}", repository)
    assert checked.returncode == 0, checked.stdout
    assert [hook["language"] for hook in HOOKS[:3]] == ["python"] * 3
    done = run(
        f"{tool} try-repo {ROOT} schemacheck-sql --all-files", repository, PRE_COMMIT_HOME=str(tmp_path / "home")
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"db/first one\.sql:1:\d+: error 42601", done.stdout), done.stdout + done.stderr

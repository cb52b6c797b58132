"""The walk of docs/schemacheck-projects.md: each of its commands, in a project as a new user has it."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemacheck.test_folders import FOLDERS, write
from tests.schemacheck.test_other_django import MORE, Site
from tests.services.projects.alembic_project import write_project, write_revision
from tests.services.projects.environments import newest_python, python_with

pytestmark = pytest.mark.services
PAGE = Path(__file__).parents[2] / "docs" / "schemacheck-projects.md"
COMMANDS = re.findall(r"^    handrail (schemacheck .*?)(?:  .*)?$", PAGE.read_text(), re.MULTILINE)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Django, Alembic and SQL in one repository, with an environment of its own and a branch that changes each."""
    folder = tmp_path_factory.mktemp("walk") / "my project"
    python = python_with(newest_python("3.13", "3.12"), "Django>=6,<7", "alembic", "psycopg[binary]")
    site = Site(folder)
    (folder / ".venv").symlink_to(python.parent.parent)
    write_project(folder)
    write(folder / "db" / "migrations", {"20240101_first.sql": FOLDERS["dbmate"]["20240101_a.sql"]})
    for words in ("init -q -b main", "add .", "commit -qm first", "update-ref refs/remotes/origin/main HEAD"):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words.split()], cwd=folder, check=True, capture_output=True)
    site.migration("0002_more", MORE, after="0001_initial")
    write_revision(folder, "3f2a90", "f6", 'op.drop_column("shop", "mood")', 'op.execute("SELECT 1")')
    write(folder / "db" / "migrations", {"20240102_more.sql": FOLDERS["dbmate"]["20240102_b.sql"]})
    return folder


def test_the_page_shows_a_walk() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_walk_says_what_it_is_shown_for(
    command: str, project: Path, run_command: Run, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(project)
    words = shlex.split(command)
    if "--trial" in words:
        request.getfixturevalue("postgresql")
    if "--baseline" in words and "--write-baseline" not in words:
        run_command(*words, "--write-baseline")
    code, out, err = run_command(*words)
    assert code in (0, 1), err
    assert "--strict" not in words or code == (0 if "--baseline" in words else 1), out
    if "--format" not in words and "--baseline" not in words:
        told = json.loads(run_command(*words, "--format", "json")[1])
        reports = told if isinstance(told, list) else [told]
        assert reports
        if "--changed-since" in words:
            warned = {finding["rule"] for report in reports for finding in report["warnings"]}
            assert (len(reports), "drop-column" in warned) == (1, True), reports

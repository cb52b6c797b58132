"""Whose variables count, where an installed Handrail keeps its own, and what it calls its command."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import home
from config.environment import Environment, secret, set_apart
from tests.project.sources import PACKAGES, ROOT, python_files, tree


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As installed from the wheel, for a user whose home folder is empty."""
    monkeypatch.setattr(home, "INSTALLED", True)
    monkeypatch.setattr(home, "PROGRAM", "handrail")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "HANDRAIL_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("name", sorted(home.SHARED_NAMES))
def test_installed_a_name_that_other_projects_have_too_counts_with_the_prefix_only(
    name: str, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv(f"{name}_FILE", "/theirs")
    assert home.variable(name) is home.variable(f"{name}_FILE") is None
    assert home.variable(name, {name: "of our .env"}) == "of our .env"
    monkeypatch.setenv(f"HANDRAIL_{name}", "ours")
    assert home.variable(name, {name: "of our .env"}) == "ours"
    assert home.spelled(name) == f"HANDRAIL_{name}"


def test_any_other_name_counts_as_it_is(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "/plain")
    monkeypatch.setenv("HANDRAIL_DATA_DIR", "/prefixed")  # as compose has HANDRAIL_PORT, the port outside
    assert home.variable("DATA_DIR", {"DATA_DIR": "/written"}) == "/plain"
    assert home.spelled("DATA_DIR") == "DATA_DIR"


def test_a_checkout_reads_the_plain_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "plain")
    monkeypatch.delenv("HANDRAIL_SECRET_KEY", raising=False)
    assert (home.variable("SECRET_KEY"), home.spelled("SECRET_KEY")) == ("plain", "SECRET_KEY")
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", "ours")
    assert home.variable("SECRET_KEY") == "ours"


def test_a_line_of_env_that_others_have_too_is_not_exported_to_what_we_start(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "MODEL_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Environment.ENVIRON, "written", {})
    (installed / ".env").write_text("DATABASE_URL=sqlite:////ours\nMODEL_NAME=small\n")
    env = Environment()
    env.read_env(installed / ".env")
    try:
        assert (env.str("DATABASE_URL"), env.str("MODEL_NAME")) == ("sqlite:////ours", "small")
        assert "DATABASE_URL" not in os.environ
        assert os.environ["MODEL_NAME"] == "small"  # where libraries look
    finally:
        os.environ.pop("MODEL_NAME", None)


def test_a_secret_may_lie_in_a_file_that_the_prefixed_name_says(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (installed / "key").write_text("of the file\n")
    monkeypatch.setenv("HANDRAIL_SECRET_KEY_FILE", str(installed / "key"))
    assert secret("SECRET_KEY") == "of the file"


def test_home_is_where_each_system_keeps_what_belongs_to_a_user(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home.folder() == str(installed / ".local/share/handrail")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # the specification: to be ignored
    assert home.folder() == str(installed / ".local/share/handrail")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert home.folder() == "/data/handrail"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert home.folder() == str(installed / "Library/Application Support/handrail")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert home.folder() == "/local/handrail"
    monkeypatch.setenv("HANDRAIL_HOME", "/chosen")
    assert home.folder() == "/chosen"
    assert "/chosen/.env" in home.missing("/x")


@pytest.mark.parametrize(
    ("exported", "taken"),
    [
        (None, "config.settings"),
        ("mysite.settings", "config.settings"),
        ("config.settings.local", "config.settings"),  # of the many projects that call their package config, too
        ("tests.settings", "tests.settings"),
    ],
)
def test_the_settings_module_of_another_project_is_not_ours(
    exported: str | None, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", exported or "")
    home.take_settings()
    assert os.environ["DJANGO_SETTINGS_MODULE"] == taken


def test_no_package_of_the_current_folder_or_of_pythonpath_is_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config", "audit"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the folder was imported')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = home.module("config.serving.child", "nothing")
    done = subprocess.run(command, cwd=tmp_path, env=home.environment(), capture_output=True, text=True, check=False)
    assert "KeyError: 'nothing'" in done.stderr
    setup = "import django.conf; django.conf.settings.configure(); import config.jobs.app, sys; print(sys.path[0])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", setup],
        cwd=tmp_path,
        env=home.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(ROOT), done.stderr


# What to type


def found(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The command as a person pastes it into a shell that knows nothing of ours."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(["sh", "-c", command], cwd=folder, env=plain, capture_output=True, text=True, check=False)


def test_a_pasted_command_finds_the_program_from_any_folder(tmp_path: Path) -> None:
    assert "usage: manage.py doctor" in found(f"{home.command()} doctor --help", tmp_path).stdout


def test_a_pasted_command_finds_the_data_that_only_the_environment_named(tmp_path: Path) -> None:
    elsewhere = tmp_path / "its data"
    command = home.command(DATA_DIR=str(elsewhere))
    assert str(elsewhere) in found(f"{command} rules list", tmp_path).stderr


def test_installed_the_command_is_its_name_where_the_path_leads_to_it(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = installed / "bin" / "handrail"
    beside.parent.mkdir()
    beside.write_text("#!/bin/sh\n")
    beside.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(beside.with_name("python")))
    assert home.command() == str(beside)
    monkeypatch.setenv("PATH", str(beside.parent))
    assert home.command() == "handrail"


@pytest.mark.parametrize(
    ("written", "exported", "apart"),
    [
        ({}, {}, {}),
        ({"DATA_DIR": "/srv/data"}, {}, {}),
        ({"DATA_DIR": "data"}, {}, {"DATA_DIR"}),  # which another folder takes for another
        ({}, {"DATA_DIR": "/srv/data"}, {"DATA_DIR"}),
        ({}, {"HANDRAIL_HOME": "/srv"}, {"HANDRAIL_HOME"}),
        ({"DATABASE_URL": "postgres://a:b@c/d"}, {}, set()),
        ({}, {"DATABASE_URL": "postgres://a:b@c/d"}, {"DATABASE_URL"}),
    ],
)
def test_what_the_environment_alone_told_stands_before_the_command(
    written: dict[str, str], exported: dict[str, str], apart: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATA_DIR", "HANDRAIL_HOME", "DATABASE_URL", "HANDRAIL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Environment.ENVIRON, "written", written)
    usual = Path(home.folder()) / "data"
    named = set_apart(Path(exported.get("DATA_DIR") or written.get("DATA_DIR") or usual).resolve())
    assert set(named) == set(apart)
    assert "postgres://" not in home.command(**named), "it has a password"


def test_messages_call_the_command_as_it_was_typed() -> None:
    """`manage.py` stands in no text that people get: config.home.PROGRAM does."""
    of_others = {
        "audit/permissions/packs/handrail.py",  # patterns of commands, not texts
        "audit/agents/hook.py",  # a client on another machine, which says what to type on the server's
        "schemacheck/editor/command.py",
        "audit/shell/programs.py",
        "audit/shell/interpreters.py",
        "config/home.py",
        "schemacheck/other_projects.py",
    }
    of_completion = {"config/commandline/completion.py", "config/management/commands/completion.py"}
    of_pages = {"config/pages/kit_page.py"}
    written = []
    for path in python_files(*PACKAGES):
        where = str(path.relative_to(ROOT))
        if where in of_others | of_completion | of_pages or where.startswith("schemacheck/projects/collectors/"):
            continue
        documentation = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}
        written += [
            f"{where}:{node.lineno}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "manage.py " in node.value
            and node not in documentation
        ]
    assert not written
    assert home.PROGRAM == "manage.py"

"""Nothing is made by reading: a command that looks in the wrong place says where it looked, and leaves it as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import installation

ROOT = Path(__file__).parents[2]
CALL = {
    "session_id": "abc",
    "cwd": "/tmp",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "ls"},
    "tool_use_id": "toolu_1",
}
READING = [
    ["guard", "--", "ls"],
    ["audit", "events"],
    ["audit_verify"],
    ["audit_export"],
    ["rules", "list"],
    ["apikey", "list"],
    ["apikey", "create", "x"],
    ["visioncache", "stats"],
    ["escalation", "list"],
    ["prompt", "list"],
    ["mcp"],
    ["backup", "list"],
    ["backup", "verify", "nowhere.gz"],
    ["verify_backup", "nowhere.gz"],
    ["showmigrations", "audit"],
    ["doctor"],
    ["check"],
    ["help"],
    ["hook", "claude"],
]


def run(arguments: list[str], place: Path, **environment: str) -> Any:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    env = {**kept, "DJANGO_SETTINGS_MODULE": "config.settings", "HANDRAIL_API_KEY": "hr_x"}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        input=json.dumps(CALL),
        env={**env, "DATA_DIR": str(place), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_reading_makes_neither_folder_nor_database(arguments: list[str], tmp_path: Path) -> None:
    """Neither where the folder is missing, nor in one that is there and holds something else."""
    (tmp_path / "other").mkdir()
    for place in (tmp_path / "nowhere", tmp_path / "other"):
        done = run(arguments, place)
        assert list(tmp_path.rglob("*")) == [tmp_path / "other"]
        if arguments[0] in ("check", "help", "showmigrations", "doctor"):
            continue
        assert done.returncode == 2, done.stderr
        assert f"There is no installation of Handrail in {place}" in done.stderr
        assert "set DATA_DIR" in done.stderr


def test_a_hook_in_the_wrong_place_refuses_and_says_where_it_looked(tmp_path: Path) -> None:
    done = run(["hook", "claude"], tmp_path / "nowhere")
    assert done.returncode == 2  # what every agent takes for a refusal, with the reason on stderr
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert "so it is refused" in done.stderr
    assert str(tmp_path / "nowhere") in done.stderr
    assert "no such table" not in done.stderr


def test_a_hook_beside_an_installation_finds_it(tmp_path: Path) -> None:
    assert run(["migrate", "--verbosity", "0"], tmp_path / "data").returncode == 0
    assert {"handrail.sqlite3", "secret_key", "credential_keys"} <= {
        path.name for path in (tmp_path / "data").iterdir()
    }
    done = run(["hook", "claude"], tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert run(["apikey", "list"], tmp_path / "data").returncode == 0


def test_a_script_is_checked_where_there_is_no_installation(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE a (id integer PRIMARY KEY);")
    done = run(["schemacheck", str(tmp_path / "a.sql")], tmp_path / "nowhere")
    assert (done.returncode, "[OK]" in done.stdout, "proof: parse" in done.stdout) == (0, True, True)
    asked = run(["schemacheck", str(tmp_path / "a.sql"), "--proof", "catalog"], tmp_path / "nowhere")
    assert (asked.returncode, "[OK]" in asked.stdout) == (2, False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "may"),
    [
        (["manage.py", "up"], True),
        (["/srv/manage.py", "migrate"], True),
        (["manage.py", "restore", "x"], True),
        (["manage.py", "backup", "restore", "x"], True),
        (["manage.py", "backup", "create"], False),
        (["manage.py", "doctor", "--fix"], True),
        (["manage.py", "doctor"], False),
        (["manage.py"], False),
        (["manage.py", "hook", "up"], False),
        (["/usr/bin/handrail", "audit", "list"], False),
        (["/usr/bin/gunicorn", "config.wsgi"], True),
    ],
)
def test_servers_and_what_sets_up_may_make_an_installation(arguments: list[str], may: bool) -> None:
    assert installation.may_make(arguments) is may


def test_secrets_of_the_moment_seal_nothing(settings: Any) -> None:
    from config import vault

    settings.CREDENTIAL_KEYS = {}
    with pytest.raises(installation.NoInstallation, match="set DATA_DIR"):
        vault.seal("x", table="t", column="c", row="r")

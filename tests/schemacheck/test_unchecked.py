"""What was not looked at is never green: exit code 2 or a named finding, at every door and in every format."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from schemacheck import bounds, checks
from schemacheck.checker.findings import UNCHECKED
from schemacheck.checker.policy import Policy
from schemacheck.checker.validator import validate
from schemacheck.files import NotChecked, sql_files
from schemacheck.formats import FORMATS
from schemacheck.refusals import TooLong
from tests.mcp_client import ToolError
from tests.schemacheck.django_project import ROOT

GOOD = "CREATE TABLE a (id bigint PRIMARY KEY, note text);"
MIGRATION = "from django.db import migrations\nclass Migration(migrations.Migration):\n    operations = []\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.sql").write_text(GOOD)
    (tmp_path / "latin.sql").write_bytes("SELECT 'größe';".encode("latin-1"))
    (tmp_path / "picture.sql").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "empty").mkdir()
    (tmp_path / "0009_x.py").write_text(MIGRATION)
    return tmp_path


def test_a_pipe_in_a_folder_is_named_instead_of_waited_for(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "good.sql").write_text(GOOD)
    (tmp_path / "folder.sql").mkdir()
    os.mkfifo(tmp_path / "pipe.sql")
    code, _, errors = run_command("schemacheck", str(tmp_path))
    assert code == 2
    assert "pipe.sql is a pipe or a device" in errors


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["latin.sql", "picture.sql", "nowhere.sql", "migrations/*.sql", "."])
def test_a_file_nobody_could_read_is_named_in_every_format(
    run_command: Any, folder: Path, form: str, name: str
) -> None:
    path = str(folder / "nowhere.d" / name) if name == "." else str(folder / name)
    code, out, err = run_command("schemacheck", str(folder / "good.sql"), path, "--format", form)
    assert (code, path in out, path in err, "file-not-checked" in out) == (2, True, True, True)
    assert f"[OK] {path}" not in out


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.django_db
def test_a_file_that_is_no_migration_of_the_project_is_named_in_every_format(
    run_command: Any, folder: Path, form: str
) -> None:
    for path in (str(folder / "0009_x.py"), str(folder / "nowhere" / "0009_x.py")):
        code, out, err = run_command("schemacheck", "--format", form, "--migrations", path)
        assert (code, path in out, path in err, "file-not-checked" in out) == (2, True, True, True)
        assert "all are applied" not in err


@pytest.mark.django_db
def test_the_file_beside_migrations_that_is_none_is_skipped_by_name(run_command: Any) -> None:
    path = str(ROOT / "schemacheck" / "migrations" / "__init__.py")
    code, _, err = run_command("schemacheck", "--migrations", path)
    assert (code, f"[SKIP] {path}" in err, "[OK]" in err) == (0, True, False)
    both = run_command(
        "schemacheck", "--migrations", path, path.replace("__init__", "0001_initial"), "--format", "json"
    )
    assert json.loads(both[1])["migration"] == "schemacheck.0001_initial"


def test_an_empty_folder_is_an_error_even_beside_a_full_one(run_command: Any, folder: Path) -> None:
    code, out, err = run_command("schemacheck", str(folder / "good.sql"), str(folder / "empty"))
    assert (code, "[OK]" in out, str(folder / "empty") in err) == (2, False, True)


def test_nothing_changed_is_said_and_a_missing_file_is_no_unchanged_one(run_command: Any, folder: Path) -> None:
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        code, out, err = run_command("schemacheck", "good.sql", "--since", "HEAD")
        assert (code, "[OK]" in out, "[SKIP] Nothing was checked" in err) == (0, False, True)
        code, out, _ = run_command("schemacheck", "good.sql", "nowhere.sql", "--since", "HEAD")
        assert (code, "nowhere.sql" in out) == (2, True)
        code, out, err = run_command("schemacheck", "--migrations", "0009_x.py", "--since", "HEAD")
        assert (code, "[OK]" in out + err, "[SKIP] Nothing was checked" in err) == (0, False, True)
        code, out, err = run_command("schemacheck", "--migrations", "--since", "HEAD")
        assert (code, "[OK]" in out + err, "[SKIP] Nothing was checked" in err) == (0, False, True)
    finally:
        os.chdir(before)


@pytest.mark.parametrize("form", FORMATS)
def test_empty_input_fails_in_every_format(run_command: Any, folder: Path, form: str) -> None:
    (folder / "blank.sql").write_text(" \n")
    code, out, _ = run_command("schemacheck", str(folder / "blank.sql"), "--format", form)
    assert (code, "empty-script" in out) == (1, True)


def test_empty_input_is_not_valid_at_any_door(reader: Any, call_tool: Any, admin_client: Client) -> None:
    assert reader.post("/api/v1/schemacheck/validate", {"sql": ""}).json()["valid"] is False
    assert call_tool("validate_schema", sql=" ")["valid"] is False
    page = admin_client.post("/admin/schemacheck/check/add/", {"subject": "script", "sql": "", "database": "default"})
    assert b"This field is required" in page.content


def test_neither_comment_nor_policy_nor_baseline_hides_what_was_not_checked(run_command: Any, folder: Path) -> None:
    slow = "-- schemacheck: ignore-file check-stopped we do not care\n" + "SELECT 1;\n" * 20_000
    for dialect in ("sqlite", "postgresql"):
        policy = Policy(ignore=frozenset({"all", *UNCHECKED}))
        stopped = validate(slow, dialect=dialect, seconds=0.01, policy=policy)
        assert (stopped.valid, stopped.errors[-1].rule) == (False, "check-stopped")
    known = str(folder / "known.json")
    missing = str(folder / "nowhere.sql")
    code, _, _ = run_command("schemacheck", missing, "--baseline", known, "--write-baseline")
    assert (code, json.loads(Path(known).read_text())["findings"]) == (2, [])
    assert run_command("schemacheck", missing, "--baseline", known, "--ignore", "all,file-not-checked")[0] == 2


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_check_that_ran_out_of_time_says_at_which_line(dialect: str) -> None:
    script = "SELECT 1;\n" * 50_000
    report = validate(script, dialect=dialect, seconds=0.05)
    (stop,) = report.errors
    assert (stop.rule, stop.facts["why"]) == ("check-stopped", "time")
    assert stop.line == stop.facts["statement"] == len(report.statements) + 1
    assert not report.as_dict()["valid"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_statement_too_long_to_be_looked_at_is_not_valid(dialect: str) -> None:
    report = validate(f"SELECT '{'x' * 1_000_001}'; SELECT 1", dialect=dialect)
    assert [(error.rule, error.line) for error in report.errors] == [("statement-too-long", 1)]
    assert [statement.proof for statement in report.statements] == ["none", "parse"]


def test_a_script_longer_than_a_request_may_take_is_sent_elsewhere(reader: Any, call_tool: Any) -> None:
    sql = "SELECT 1;" + " " * bounds.IN_REQUEST_CHARS
    answer = reader.post("/api/v1/schemacheck/validate", {"sql": sql})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
    assert "background" in answer.json()["detail"]
    assert reader.post("/api/v1/schemacheck/validate", {"sql": sql, "background": True}).status_code == 202
    with pytest.raises(ToolError):
        call_tool("validate_schema", sql=sql)


def test_a_command_takes_what_a_request_does_not(run_command: Any, folder: Path) -> None:
    (folder / "long.sql").write_text(GOOD + "\n" * (bounds.IN_REQUEST_CHARS + 1))
    assert run_command("schemacheck", str(folder / "long.sql"), "--dialect", "postgresql")[0] == 0


def test_each_door_has_its_bounds() -> None:
    seconds = [bounds.bounds_of(door).seconds for door in ("rest", "mcp", "admin", "job", "command", "another")]
    assert seconds == [5.0, 5.0, 5.0, 60.0, bounds.AT_COMMAND.seconds, 5.0]
    with pytest.raises(TooLong):
        bounds.IN_JOB.hold("x" * (bounds.IN_JOB_CHARS + 1))


@pytest.mark.django_db
def test_a_proof_that_was_asked_for_is_not_had_without_the_database(tmp_path: Path) -> None:
    env = {**os.environ, "DATABASE_URL": "postgres://127.0.0.1:1/x", "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "schemacheck", "--migrations", "schemacheck", "0001", "--proof"]
    env["DJANGO_SETTINGS_MODULE"] = "config.settings"
    asked = subprocess.run([*command, "catalog"], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (asked.returncode, "cannot be reached" in asked.stderr) == (2, True)
    less = subprocess.run([*command, "parse"], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert less.returncode == 0, less.stderr


@pytest.mark.django_db
def test_an_unchecked_migration_is_not_valid_by_any_door() -> None:
    from schemacheck.django_migrations import reviewing

    review = reviewing.check_migrations(files=[Path("/nowhere/0009_x.py")])
    assert (review.valid, review.as_dict()["migrations"][0]["errors"][0]["rule"]) == (False, "file-not-checked")
    assert checks.Check.objects.get().valid is False


def test_folders_behind_links_are_checked_once_and_no_circle_is_walked(tmp_path: Path, run_command: Any) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.sql").write_text("SELECT 1;")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.sql").write_text("DROP TABLE;")
    (tmp_path / "real" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "real" / "again").symlink_to(tmp_path / "real")
    (tmp_path / "named").symlink_to(tmp_path / "real")
    for folder in ("real", "named"):
        files = sql_files([str(tmp_path / folder)])
        assert files == [str(tmp_path / folder / "a.sql"), str(tmp_path / folder / "more" / "b.sql")]
    assert run_command("schemacheck", str(tmp_path / "real"))[0] == 1


def test_a_folder_that_cannot_be_read_is_never_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1;")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refused(path: Any) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(NotChecked, match="closed cannot be read"):
        sql_files([str(tmp_path)])

"""What a project wants: pyproject.toml, the baseline, and only what changed."""

import json
import subprocess
from pathlib import Path

import pytest

from schemacheck.checker.policy import Policy
from schemacheck.checker.validator import validate
from schemacheck.project import find_policy, read_policy
from schemacheck.refusals import InvalidPolicy
from schemacheck.revisions import UnknownRevision, changed_since

DROP = "ALTER TABLE orders DROP COLUMN note;\n"


def fired(sql: str, **policy) -> set[str]:
    report = validate(sql, dialect="postgresql", proof="parse", policy=Policy().changed(**policy))
    return {finding.rule for finding in report.findings}


def project(folder: Path, settings: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(f"[tool.schemacheck]\n{settings}\n")
    return file


def test_the_nearest_project_decides(tmp_path: Path) -> None:
    project(tmp_path, 'ignore = ["drop-column"]\npg_version = 13\npaths = ["sql"]')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    policy = find_policy(inner)
    assert (policy.ignore, policy.pg_version) == (frozenset({"drop-column"}), 13)
    assert policy.paths == (str(tmp_path / "sql"),)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ('ignor = ["drop-column"]', "ignor"),
        ('ignore = ["drop-colum"]', "ignore"),
        ("self = 1", "self"),
        ("ignore = 3", "ignore"),
        ("paths = {a = 1}", "paths"),
        ('select = "all"', "select"),
        ("pg_version = 7", "pg_version"),
        ("pg_version = '15'", "pg_version"),
        ("assume_in_transaction = 1", "assume_in_transaction"),
        ("small_table_rows = -1", "small_table_rows"),
    ],
)
def test_a_setting_nobody_knows_is_refused(tmp_path: Path, settings: str, field: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read_policy(project(tmp_path, settings))
    assert [error.field for error in refused.value.errors] == [field]


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.schemacheck\n")
    with pytest.raises(InvalidPolicy, match="cannot be read"):
        find_policy(tmp_path)


def test_settings_that_are_no_table_are_refused_and_those_of_nobody_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("tool.schemacheck = 'all'\n")
    with pytest.raises(InvalidPolicy, match="no table"):
        read_policy(file)
    file.write_text("tool = 3\n")
    assert read_policy(file) == Policy()


def test_rules_and_families_are_selected_and_left_out() -> None:
    assert "drop-column" in fired(DROP)
    assert "drop-column" not in fired(DROP, ignore=["drop-column"])
    assert "drop-column" not in fired(DROP, ignore=["removals"])
    assert "unqualified-table" not in fired(DROP)
    assert {"unqualified-table", "drop-column"} <= fired(DROP, select=["default", "names"])
    assert fired(DROP, select=["unqualified-table"]) == {"unqualified-table"}


def test_what_the_server_refuses_is_said_whatever_is_selected() -> None:
    refused = "CREATE TABLE t (a int, a int);"
    assert "duplicate-column" in fired(refused, select=["names"])
    assert "duplicate-column" in fired(refused, ignore=["all"])
    assert "duplicate-column" not in fired(refused, ignore=["duplicate-column"])


def test_the_version_decides_what_rewrites_and_what_is_refused() -> None:
    default = "ALTER TABLE t ADD COLUMN a int DEFAULT 1;"
    assert "volatile-default-rewrites" in fired(default, pg_version=10)
    assert "volatile-default-rewrites" not in fired(default, pg_version=11)
    proven = (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;"
        "ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL;"
    )
    assert "set-not-null-scans" in fired(proven, pg_version=11)
    assert "set-not-null-scans" not in fired(proven, pg_version=12)
    virtual = "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) VIRTUAL);"
    assert "newer-syntax" in fired(virtual, pg_version=17)
    assert "newer-syntax" not in fired(virtual, pg_version=18)


def test_a_file_may_be_taken_for_one_transaction() -> None:
    sql = "CREATE INDEX CONCURRENTLY i ON t (a);"
    assert "concurrently-in-transaction" not in fired(sql)
    assert "concurrently-in-transaction" in fired(sql, assume_in_transaction=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True, cwd=tmp_path)

    git("init")
    for name in ("same.sql", "edited.sql"):
        (tmp_path / name).write_text(DROP)
    git("add", ".")
    git("commit", "-m", "first")
    git("checkout", "-b", "work")
    (tmp_path / "edited.sql").write_text(DROP * 2)
    git("commit", "-am", "second")
    (tmp_path / "new one.sql").write_text(DROP)
    return tmp_path


def test_only_what_changed_since_a_revision_is_checked(checkout: Path) -> None:
    assert {path.name for path in changed_since("main")} == {"edited.sql", "new one.sql"}
    inner = checkout / "inner"
    inner.mkdir()
    assert {path.name for path in changed_since("HEAD", folder=inner)} == {"new one.sql"}


@pytest.mark.parametrize("revision", ["nowhere", "--output=pwned", "; touch pwned", "$(touch pwned)"])
def test_a_revision_git_does_not_know_is_refused_and_never_run(checkout: Path, revision: str) -> None:
    with pytest.raises(UnknownRevision):
        changed_since(revision)
    assert not (checkout / "pwned").exists()


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownRevision, match="git cannot say"):
        changed_since("main", folder=tmp_path)


@pytest.mark.django_db
def test_the_command_follows_project_revision_and_baseline(checkout: Path, run_command) -> None:
    project(checkout, 'ignore = ["lock-timeout-missing"]\npaths = ["."]')
    asked = ["--dialect", "postgresql", "--proof", "parse", "--strict", "--since", "main"]
    code, out, _ = run_command("schemacheck", *asked)
    assert code == 1
    assert "same.sql" not in out
    assert out.count("[drop-column]") == 3
    code, out, _ = run_command("schemacheck", *asked, "--ignore", "drop-column,combine-alter-table")
    assert (code, "drop-column" in out) == (0, False)

    kept = ["--baseline", "known.json"]
    assert run_command("schemacheck", *asked, *kept, "--write-baseline")[0] == 0
    assert {entry["rule"] for entry in json.loads(Path("known.json").read_text())["findings"]} >= {"drop-column"}
    code, out, err = run_command("schemacheck", *asked, *kept)
    assert (code, err) == (0, "")
    assert "in the baseline" in out

    edited = checkout / "edited.sql"
    edited.write_text("-- a line above\n" + edited.read_text() + "DROP TABLE orders;\n")
    code, out, _ = run_command("schemacheck", *asked, *kept)
    assert code == 1
    assert "[drop-table]" in out
    assert "[drop-column]" not in out
    edited.write_text("SELECT 1;\n")
    assert "not there any more" in run_command("schemacheck", *asked, *kept)[2]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["[]", "{", '{"findings": 3}', '{"findings": [{"path": []}]}', "[" * 100_000])
def test_a_baseline_that_is_none_is_refused(checkout: Path, run_command, text: str) -> None:
    Path("known.json").write_text(text)
    code, _, err = run_command("schemacheck", "same.sql", "--dialect", "postgresql", "--baseline", "known.json")
    assert code == 2
    assert "no baseline" in err
    assert run_command("schemacheck", "same.sql", "--write-baseline")[0] == 2


def test_small_tables_are_spared_from_warnings_about_locks_alone(check) -> None:
    sql = "CREATE INDEX ON orders (note); ALTER TABLE orders DROP COLUMN remark;"

    def found(rows: int) -> set[str]:
        return {finding.rule for finding in check(sql, policy=Policy(small_table_rows=rows)).findings}

    assert {"index-not-concurrent", "drop-column"} <= found(100)
    assert "index-not-concurrent" not in found(1000)
    assert "drop-column" in found(1000)

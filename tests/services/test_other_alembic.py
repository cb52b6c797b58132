"""An Alembic project under its own Python, of the oldest and the newest Alembic, checked from outside."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.services.postgres import Cluster
from tests.services.projects.alembic_project import write_project, write_revision
from tests.services.projects.environments import newest_python, python_with

pytestmark = pytest.mark.services
TRUTH = Path(__file__).parent / "projects" / "truth_alembic.py"
VERSIONS = {
    "oldest": (("3.8", "3.9", "3.10", "3.11"), ["alembic==1.7.*", "sqlalchemy==1.4.*"]),
    "newest": (("3.13", "3.12"), ["alembic", "psycopg[binary]"]),
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest) -> Path:
    versions, packages = VERSIONS[request.param]
    return python_with(newest_python(*versions), *packages)


@pytest.fixture
def newest() -> Path:
    versions, packages = VERSIONS["newest"]
    return python_with(newest_python(*versions), *packages)


@pytest.fixture
def check(run_command: Run) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """`schemacheck --alembic`; the answer of `--format json` by revision."""

    def run(ini: Path, python: Path, *words: str) -> tuple[int, dict[str, Any], str]:
        command = ("schemacheck", "--format", "json", "--alembic", str(ini), "--python", str(python))
        code, out, err = run_command(*command, *words)
        told = json.loads(out) if out.strip() else []
        return code, {item["migration"]: item for item in (told if isinstance(told, list) else [told])}, err

    return run


def rules(report: dict[str, Any]) -> set[tuple[str, int]]:
    kinds = ("errors", "warnings", "suggestions")
    return {(finding["rule"], finding["line"]) for kind in kinds for finding in report[kind]}


def line_of(report: dict[str, Any], text: str) -> int:
    lines = Path(report["path"]).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_each_finding_stands_at_the_line_that_sends_its_statement(tmp_path: Path, python: Path, check: Any) -> None:
    ini = write_project(tmp_path / "their project")
    code, reports, err = check(ini, python, "b2")
    assert (code, list(reports)) == (0, ["b2"])
    report = reports["b2"]
    assert ("type-change-rewrites", line_of(report, "alter_column")) in rules(report)
    batch = line_of(report, "with op.batch")  # which sends what it holds at its end
    assert {at for rule, at in rules(report) if rule == "drop-column"} & {batch, batch + 1}
    assert report["irreversible"] is False
    assert "ADD COLUMN note" in report["sql"]["backwards"]
    assert "env.py says hello" not in err
    assert "Alembic 1." in err


def test_all_revisions_are_one_history_with_branches_and_a_merge(tmp_path: Path, python: Path, check: Any) -> None:
    code, reports, _ = check(write_project(tmp_path / "site"), python)
    assert (code, len(reports)) == (0, 6)
    told = {rule for report in reports.values() for rule, _ in rules(report)}
    assert not told & {"type-change-rewrites", "index-not-concurrent", "concurrently-in-transaction"}
    assert (reports["e5"]["is_merge"], sorted(reports["e5"]["revises"])) == (True, ["c3", "d4"])
    assert ("migration-irreversible", line_of(reports["d4"], "NotImplementedError")) in rules(reports["d4"])
    assert ("migration-irreversible", line_of(reports["f6"], "def downgrade")) in rules(reports["f6"])
    assert ("migration-not-written", line_of(reports["d4"], "for row in")) in rules(reports["d4"])
    assert [rule for rule, _ in rules(reports["e5"])] == []


def test_concurrently_in_the_transaction_of_all_revisions_is_an_error(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    index = 'op.create_index("shop_mood", "shop", ["mood"], postgresql_concurrently=True)'
    write_revision(tmp_path / "site", "g7", "f6", index, 'op.drop_index("shop_mood")')
    code, reports, _ = check(ini, newest, "g7")
    (error,) = reports["g7"]["errors"]
    assert (code, error["rule"], "autocommit_block" in error["hint"]) == (1, "concurrently-in-transaction", True)


def test_a_comment_switches_a_rule_off(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    said = "# schemacheck: ignore drop-table nobody reads it since the spring"
    write_revision(tmp_path / "site", "g7", "f6", f'{said}\nop.drop_table("item")', 'op.execute("SELECT 1")')
    _, reports, _ = check(ini, newest, "head")
    assert "drop-table" not in {rule for rule, _ in rules(reports["g7"])}
    assert reports["g7"]["ignored"][0]["reason"] == "nobody reads it since the spring"


def test_two_heads_are_an_error_in_both_files(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    for name in ("g7", "h8"):
        write_revision(tmp_path / "site", name, "f6", f'op.execute("CREATE TABLE {name} (id bigint PRIMARY KEY)")')
    code, reports, _ = check(ini, newest)
    assert code == 1
    assert {name for name, report in reports.items() if "migration-conflict" in str(report["errors"])} == {"g7", "h8"}


@pytest.mark.parametrize(
    ("revises", "upgrade", "rule"),
    [
        ("nowhere", "pass", "migration-missing-dependency"),
        ("f6", "pass\nraise RuntimeError('at import')", "migration-unreadable"),
        ("f6", "pass\ndef (", "migration-unreadable"),
    ],
)
def test_revisions_that_cannot_be_read_are_findings(
    revises: str, upgrade: str, rule: str, tmp_path: Path, newest: Path, check: Any
) -> None:
    ini = write_project(tmp_path / "site")
    path = write_revision(tmp_path / "site", "g7", revises, "pass")
    path.write_text(path.read_text() + upgrade.partition("\n")[2] + "\n")
    code, reports, _ = check(ini, newest)
    assert (code, rule in str(list(reports.values()))) == (1, True), reports


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "There is no revision 'nope'"),
        (("--section", "other"), "section 'other'"),
    ],
)
def test_what_the_project_does_not_have_ends_with_2(
    words: tuple[str, ...], said: str, tmp_path: Path, newest: Path, check: Any
) -> None:
    code, _, err = check(write_project(tmp_path / "site"), newest, *words)
    assert (code, said in err) == (2, True), err


def test_an_env_that_wants_variables_is_left_out_and_said(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    env = tmp_path / "site" / "migrations" / "env.py"
    env.write_text('import os\nos.environ["SHOP_TOKEN"]\n' + env.read_text())
    code, reports, err = check(ini, newest, "b2")
    assert (code, list(reports), "env.py was left out" in err, "SHOP_TOKEN" in err) == (0, ["b2"], True, True)


def test_files_are_checked_and_one_that_is_none_is_an_error(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    versions = tmp_path / "site" / "migrations" / "versions"
    assert list(check(ini, newest, str(versions / "b2_step.py"))[1]) == ["b2"]
    code, _, err = check(ini, newest, str(versions / "gone.py"))
    assert (code, "gone.py is not there" in err) == (2, True)


def test_a_database_is_asked_for_its_revision_only_when_that_is_asked_for(
    tmp_path: Path, newest: Path, check: Any
) -> None:
    file = tmp_path / "site.sqlite3"
    ini = write_project(tmp_path / "site", f"sqlite:///{file}")
    _, reports, _ = check(ini, newest)
    assert (len(reports), reports["a1"]["applied"], file.exists()) == (6, None, False)
    _, reports, err = check(ini, newest, "--current")
    assert (len(reports), file.exists(), "is not there" in err) == (6, False, True)
    done = subprocess.run(
        [str(newest), "-m", "alembic", "-c", str(ini), "stamp", "c3"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before = file.read_bytes()
    _, reports, _ = check(ini, newest, "--current")
    assert sorted(reports) == ["d4", "e5", "f6"]
    assert reports["d4"]["applied"] is False
    assert file.read_bytes() == before


def test_what_is_told_is_what_alembic_really_sends(tmp_path: Path, newest: Path, server: Cluster, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    server.run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail", "alembic_truth")
    url = f"postgresql+psycopg://handrail@127.0.0.1:{server.port}/alembic_truth"
    command = [str(newest), str(TRUTH), str(ini)]
    done = subprocess.run(command, env={**os.environ, "SITE_URL": url}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sent = json.loads(done.stdout)
    _, reports, _ = check(ini, newest)
    assert set(sent) == set(reports)
    for revision, statements in sent.items():
        told = same_words(reports[revision]["sql"]["forwards"])
        assert [sql for sql in map(same_words, statements) if sql not in told] == [], revision
    assert sum(map(len, sent.values())) >= 12


def same_words(sql: str) -> str:
    return re.sub(r"\s+", " ", sql.replace("%%", "%")).strip()


WRITING_ENV = """
import os
import sqlalchemy

with sqlalchemy.create_engine(os.environ["SITE_URL"]).connect() as connection:
    connection.execute(sqlalchemy.text("CREATE TABLE made_by_env (id int)"))
    connection.commit()
"""


@pytest.mark.parametrize(("words", "why"), [((), "asked with --current alone"), (("--current",), "read-only")])
def test_an_env_that_writes_to_its_database_is_kept_from_it(
    words: tuple[str, ...],
    why: str,
    tmp_path: Path,
    newest: Path,
    server: Cluster,
    check: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ini = write_project(tmp_path / "site")
    (env,) = tmp_path.rglob("env.py")
    env.write_text(WRITING_ENV + env.read_text())
    monkeypatch.setenv("SITE_URL", server.url.replace("postgres://", "postgresql+psycopg://"))
    _, reports, err = check(ini, newest, *words)
    assert len(reports) == 6
    assert why in err
    with psycopg.connect(server.url) as database:
        assert database.execute("SELECT to_regclass('made_by_env')").fetchone() == (None,)

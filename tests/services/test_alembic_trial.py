"""Revisions of Alembic tried on a scratch PostgreSQL: what could not be written is known by what was sent."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schemacheck.projects import scratch
from tests.services.postgres import Cluster
from tests.services.projects.alembic_project import write_project, write_revision
from tests.services.projects.environments import newest_python, python_with

pytestmark = [pytest.mark.services, pytest.mark.usefixtures("postgresql")]
VERSIONS = {
    "oldest": (("3.8", "3.9", "3.10", "3.11"), ["alembic==1.7.*", "sqlalchemy==1.4.*", "psycopg2-binary"]),
    "newest": (("3.13", "3.12"), ["alembic", "psycopg[binary]"]),
    "asynchronous": (("3.13", "3.12"), ["alembic", "sqlalchemy[asyncio]", "asyncpg"]),
}
ASKS = """
bind = op.get_bind()
if "shop" in sa.inspect(bind).get_table_names():
    op.add_column("shop", sa.Column("kind", sa.Text))
    op.execute("ALTER TABLE shop ALTER COLUMN kind TYPE varchar(3)")
    bind.execute(sa.text("INSERT INTO shop (kind) VALUES (:kind)"), {"kind": "new"})
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def newest() -> Path:
    versions, packages = VERSIONS["newest"]
    return python_with(newest_python(*versions), *packages)


@pytest.fixture
def check(run_command: Run) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """`schemacheck --alembic --trial`; the answer of `--format json` by revision."""

    def run(ini: Path, python: Path, *words: str) -> tuple[int, dict[str, Any], str]:
        command = ("schemacheck", "--format", "json", "--alembic", str(ini), "--python", str(python), "--trial")
        code, out, err = run_command(*command, *words)
        told = json.loads(out) if out.strip() else []
        return code, {item["migration"]: item for item in (told if isinstance(told, list) else [told])}, err

    return run


def rules(report: dict[str, Any]) -> dict[str, int]:
    kinds = ("errors", "warnings", "suggestions")
    return {finding["rule"]: finding["line"] for kind in kinds for finding in report[kind]}


def line_of(report: dict[str, Any], text: str) -> int:
    lines = Path(report["path"]).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_asks_the_database_is_judged_by_what_it_sends(version: str, tmp_path: Path, check: Any) -> None:
    versions, packages = VERSIONS[version]
    ini = write_project(tmp_path / "site")
    write_revision(tmp_path / "site", "g7", "f6", ASKS, 'op.drop_column("shop", "kind")')
    code, reports, err = check(ini, python_with(newest_python(*versions), *packages), "g7")
    report = reports["g7"]
    assert code == 0, err
    assert "[OK] Tried 7 revisions forwards and 1 back on PostgreSQL" in err
    assert "migration-not-written" not in rules(report)
    assert "ADD COLUMN kind TEXT" in report["sql"]["forwards"]
    assert "INSERT INTO shop (kind) VALUES ($1" in report["sql"]["forwards"]
    sent = {statement["line"]: statement["kind"] for statement in report["statements"]}
    assert sent[line_of(report, "TYPE varchar")] == "alter_table"


def test_what_fails_there_is_an_error_at_its_line(tmp_path: Path, newest: Path, check: Any) -> None:
    ini = write_project(tmp_path / "site")
    body = 'op.execute("SELECT 1")\nop.execute("SELECT 1 / (SELECT count(*) FROM shop)")'
    write_revision(tmp_path / "site", "g7", "f6", body, 'op.execute("SELECT 1")')
    code, reports, err = check(ini, newest, "g7")
    [error] = reports["g7"]["errors"]
    assert (code, error["rule"]) == (1, "migration-trial-failed")
    assert error["line"] == line_of(reports["g7"], "SELECT 1 /")
    assert "division by zero" in error["message"]
    assert "[FAIL] Tried 6 revisions forwards and 0 back" in err


def test_a_database_that_is_named_is_tried_on_only_while_it_is_empty(
    tmp_path: Path, newest: Path, server: Cluster, check: Any
) -> None:
    ini = write_project(tmp_path / "site")
    server.run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail", "alembic_scratch")
    url = f"postgresql://handrail@127.0.0.1:{server.port}/alembic_scratch"
    assert check(ini, newest, "--scratch", url)[0] == 0
    with psycopg.connect(url) as database:
        assert database.execute("SELECT to_regclass('shop')").fetchone() != (None,)
    code, _, err = check(ini, newest, "--scratch", url)
    assert (code, "is not empty" in err) == (2, True)


def test_a_revision_that_opens_another_database_is_kept_from_it(
    tmp_path: Path, newest: Path, server: Cluster, check: Any
) -> None:
    ini = write_project(tmp_path / "site")
    url = server.url.replace("postgres://", "postgresql+psycopg://")
    body = f'sa.create_engine({url!r}).connect().execute(sa.text("CREATE TABLE made_elsewhere (id int)"))'
    write_revision(tmp_path / "site", "g7", "f6", body)
    code, reports, _ = check(ini, newest, "g7")
    assert (code, rules(reports["g7"])["migration-trial-failed"]) == (1, line_of(reports["g7"], "made_elsewhere"))
    with psycopg.connect(server.url) as database:
        assert database.execute("SELECT to_regclass('made_elsewhere')").fetchone() == (None,)


def test_without_a_driver_or_a_server_nothing_is_tried_and_why_is_said(
    tmp_path: Path, newest: Path, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini = write_project(tmp_path / "site")
    versions, _ = VERSIONS["newest"]
    code, _, err = check(ini, python_with(newest_python(*versions), "alembic"))
    assert (code, "no driver of PostgreSQL" in err) == (2, True)
    monkeypatch.setattr(scratch, "_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = check(ini, newest)
    assert (code, "There is no PostgreSQL to try it on here. Install" in err) == (2, True)


def test_the_server_of_a_trial_is_gone_with_all_its_data() -> None:
    with scratch.server() as url:
        folder = Path(url.partition("?host=")[2])
        with psycopg.connect(url) as database:
            assert database.execute("SELECT 1").fetchone() == (1,)
        assert (folder / "data" / "postmaster.pid").exists()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)

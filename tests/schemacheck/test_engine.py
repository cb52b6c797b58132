"""The engine stands alone: it runs without the service, and what it refuses is the same problem at every door."""

import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django.db
import psycopg
import pytest
from django.db import connections, transaction

from schemacheck import live, refusals
from schemacheck.checker import errors
from schemacheck.checker.database.connections import is_database_error, vendor_of
from schemacheck.checker.validator import validate
from tests.mcp_client import ToolError
from tests.schemacheck.django_project import ROOT

READ_SCHEMA = "CREATE TABLE lines (id integer PRIMARY KEY, order_id integer REFERENCES ordrs (id))"


def plain(program: str, *arguments: str) -> str:
    """What a program prints in an interpreter that knows no settings, and could not load Django if it wanted to."""
    hidden = "import sys; sys.modules.update(dict.fromkeys(('django', 'config', 'audit')))\n"
    command = [sys.executable, "-c", hidden + program, *arguments]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_after(statement: str) -> set[str]:
    program = f"before = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before))"
    return set(plain(program).split())


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_the_engine_starts_without_the_service_and_without_a_driver() -> None:
    loaded = modules_after("import schemacheck.checker.validator")
    strangers = {"django", "config", "audit", "psycopg", "sqlite3", "rapidfuzz", "asyncio", "http", "celery"}
    assert not roots(loaded) & strangers
    assert len(loaded) < 300, "what takes longer to start is imported where it is needed"
    assert sum(module.startswith("schemacheck.") for module in loaded) < 80


def test_every_part_of_the_engine_can_be_imported_without_the_service() -> None:
    files = sorted((ROOT / "schemacheck" / "checker").rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    assert len(names) > 50
    plain("import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)", *names)


def test_the_process_that_judges_for_sqlite_starts_with_little() -> None:
    loaded = modules_after("import schemacheck.checker.sqlite.child")
    assert not roots(loaded) & {"django", "config", "psycopg", "postgast", "google", "rapidfuzz"}
    assert len(loaded) < 100


def test_the_driver_comes_with_a_connection_alone() -> None:
    check = "from schemacheck.checker.validator import validate; validate({!r}, dialect='postgresql')"
    for script in ("CREATE TABLE t (a int)", "CREATE TABLE t (a intt)"):
        assert not roots(modules_after(check.format(script))) & {"rapidfuzz", "psycopg"}


def test_the_example_of_the_readme_says_what_is_written_there() -> None:
    readme = (ROOT / "schemacheck" / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.+?)```", readme, re.DOTALL)
    assert example
    expected = re.findall(r"^print\(.*\)  # (.+)$", example[1], re.MULTILINE)
    assert len(expected) >= 3
    assert plain(example[1]).splitlines() == expected


def test_a_plain_connection_is_checked_where_there_is_no_django(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE orders (id integer PRIMARY KEY)")
    made.close()
    program = (
        "import json, sqlite3\n"
        "from schemacheck.checker import errors\n"
        "from schemacheck.checker.validator import validate\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        f"said = [item.message for item in validate({READ_SCHEMA!r}, connection=connection).warnings]\n"
        "connection.close()\n"
        "try:\n"
        "    validate('SELECT 1', connection=connection)\n"
        "except errors.DatabaseAway as error:\n"
        "    said.append(error.detail)\n"
        "print(json.dumps(said))"
    )
    missing, away = json.loads(plain(program, str(file)))
    assert missing == 'there is no table "ordrs" to refer to'
    assert "cannot be read" in away


@pytest.mark.parametrize(
    ("connection", "name"),
    [
        (SimpleNamespace(vendor="mysql", ensure_connection=lambda: None), "mysql"),
        (SimpleNamespace(vendor="postgresql"), "SimpleNamespace"),
        (object(), "object"),
        ("postgres://localhost/shop", "str"),
        (psycopg.AsyncConnection.__new__(psycopg.AsyncConnection), "AsyncConnection"),
    ],
)
def test_a_connection_nobody_knows_is_refused_by_name(connection: Any, name: str) -> None:
    with pytest.raises(errors.UnsupportedDatabase, match=f"not {name}"):
        validate("SELECT 1", connection=connection)


def of_django(engine: str, **settings: Any) -> Any:
    given = {"ENGINE": f"django.db.backends.{engine}", "OPTIONS": {}, **settings}
    return django.db.utils.ConnectionHandler({"default": given})["default"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("engine", "settings"),
    [
        ("postgresql", {"NAME": "x", "HOST": "127.0.0.1", "PORT": "1"}),
        ("sqlite3", {"NAME": "/nowhere/shop.sqlite3"}),
    ],
)
def test_a_database_that_django_cannot_open_is_away(engine: str, settings: dict[str, str]) -> None:
    connection = of_django(engine, **settings)
    with pytest.raises(errors.DatabaseAway, match=r"cannot be (reached|read)"):
        validate("SELECT 1", connection=connection)
    with pytest.raises(refusals.DatabaseAway, match=r"cannot be reached|did not answer"):
        live.audit(connection)


class _OwnConnection(sqlite3.Connection):
    """As a tracing library makes them."""


def test_a_connection_is_known_by_what_it_descends_from() -> None:
    own = sqlite3.connect(":memory:", factory=_OwnConnection)
    assert vendor_of(own) == "sqlite"
    own.close()
    assert vendor_of(psycopg.Connection.__new__(psycopg.Connection)) == "postgresql"
    assert vendor_of(connections["default"]) == connections["default"].vendor
    assert vendor_of(django.db.connection) == connections["default"].vendor


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (django.db.OperationalError(), True),
        (django.db.InterfaceError(), True),
        (transaction.TransactionManagementError(), True),
        (psycopg.errors.AdminShutdown(), True),
        (sqlite3.ProgrammingError(), True),
        (OSError(), False),
        (KeyError(), False),
    ],
)
def test_an_error_is_of_the_database_whoever_wraps_it(error: Exception, expected: bool) -> None:
    assert is_database_error(error) is expected


def test_a_fault_of_ours_is_not_taken_for_a_database_that_is_away() -> None:
    def fail() -> None:
        raise KeyError("a fault")

    faulty = SimpleNamespace(vendor="sqlite", ensure_connection=fail, cursor=fail)
    with pytest.raises(KeyError):
        validate("SELECT 1", connection=faulty)


REFUSALS = [
    (errors.InvalidCheck("No.", fields={"proof": "invalid"}), 400, "invalid"),
    (errors.InvalidPolicy("No.", fields={"select": "invalid"}), 400, "invalid"),
    (errors.InvalidBaseline("No."), 400, "invalid-baseline"),
    (errors.UnsupportedDatabase("No."), 400, "unsupported-database"),
    (errors.TooLong("No.", fields={"sql": "too-long"}), 413, "payload-too-large"),
    (errors.DatabaseAway("No."), 503, "database-away"),
    (errors.Busy("No."), 503, "unavailable"),
    (errors.ProjectFailed("No."), 400, "project-failed"),
]


def test_everything_the_engine_refuses_has_a_meaning_in_the_service() -> None:
    assert {type(error) for error, *_ in REFUSALS} == set(errors.CheckError.__subclasses__())


@pytest.mark.django_db
@pytest.mark.parametrize(("error", "status", "code"), REFUSALS)
def test_what_the_engine_refuses_is_the_same_problem_at_every_door(
    error: errors.CheckError,
    status: int,
    code: str,
    reader: Any,
    run_command: Any,
    call_tool: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("schemacheck.checker.validator.validate", refuse)
    answer = reader.post("/api/v1/schemacheck/validate", {"sql": "SELECT 1"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (status, code, "No.")
    wrong = [{"field": field, "code": why, "detail": "No."} for field, why in error.fields.items()]
    assert problem.get("errors", []) == wrong
    assert answer.headers.get("Retry-After") == (str(error.wait_seconds) if error.wait_seconds else None)

    script = tmp_path / "a.sql"
    script.write_text("SELECT 1")
    exit_code, _, said = run_command("schemacheck", str(script))
    assert exit_code == 2
    assert "No." in said
    assert all(f"{field}: No." in said for field in error.fields)

    with pytest.raises(ToolError, match=r"No\."):
        call_tool("validate_schema", sql="SELECT 1")


@pytest.mark.django_db
def test_what_an_option_or_a_baseline_has_wrong_ends_the_command_with_2(run_command: Any, tmp_path: Path) -> None:
    script = tmp_path / "a.sql"
    script.write_text("SELECT 1")
    for option in (["--select", "no-such-rule"], ["--pg-version", "3"], ["--baseline", str(tmp_path / "none.json")]):
        assert run_command("schemacheck", str(script), "--dialect", "postgresql", *option)[0] == 2


def test_a_refusal_of_the_service_passes_through_untouched() -> None:
    with pytest.raises(refusals.DatabaseAway, match="as it was") as passed, refusals.translated():
        raise refusals.DatabaseAway("as it was")
    assert passed.value.__cause__ is None


def test_the_contract_keeps_the_engine_from_every_module_around_it() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    [engine] = [item for item in contracts if item.get("source_modules") == ["schemacheck.checker"]]
    app = ROOT / "schemacheck"
    modules = {file.stem for file in app.glob("*.py")} | {file.parent.name for file in app.glob("*/__init__.py")}
    around = {f"schemacheck.{module}" for module in modules - {"__init__", "checker"}}
    assert set(engine["forbidden_modules"]) == around | {"django", "config", "audit"}

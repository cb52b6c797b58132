"""A check through its five doors: one result, whichever is used."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from audit.models import Event
from schemacheck import checks, demo
from schemacheck.models import Check

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/schemacheck"
SQL = "CREATE TABLE t (\n  id bigint PRIMARY KEY,\n  name varchr(20)\n);\nCREATE INDEX i ON orders (a);"
ASKED = {"sql": SQL, "dialect": "postgresql", "proof": "parse"}
SHAPE = {"valid", "table_name", "errors", "warnings", "suggestions", "statements"}


def said() -> dict[str, Any]:
    """What the newest check says, and that it left an event."""
    check = Check.objects.latest("id")
    assert Event.objects.filter(event_type="schema.checked", entity_id=str(check.uid)).count() == 1
    return check.report


def test_the_verdict_is_the_same_by_rest_command_and_job(
    reader: Any, run_command: Any, tmp_path: Any, django_capture_on_commit_callbacks: Any
) -> None:
    answer = reader.post(f"{ROOT}/validate", ASKED)
    assert answer.status_code == 200
    assert set(answer.json()) >= SHAPE
    expected = said()
    assert {name: value for name, value in answer.json().items() if name != "id"} == expected
    assert not expected["valid"]

    path = tmp_path / "t.sql"
    path.write_text(SQL)
    code, out, _ = run_command(
        "schemacheck", str(path), "--dialect", "postgresql", "--proof", "parse", "--format", "json"
    )
    assert code == 1
    assert {name: value for name, value in json.loads(out).items() if name != "path"} == expected == said()

    with django_capture_on_commit_callbacks(execute=True):
        answer = reader.post(f"{ROOT}/validate", {**ASKED, "background": True})
    assert answer.status_code == 202
    assert reader.get(answer.headers["Location"]).json()["report"] == expected == said()


@pytest.mark.django_db(transaction=True)
def test_an_agent_gets_the_same_verdict(call_tool: Any) -> None:
    answer = call_tool("validate_schema", scope="read", **ASKED)
    expected = json.loads(json.dumps(said()))
    assert answer["valid"] is False
    assert [error["message"] for error in answer["errors"]] == [error["message"] for error in expected["errors"]]


def test_an_agent_can_ask_about_migrations_and_tables(call_tool: Any) -> None:
    assert call_tool("validate_schema", scope="read", subject="migrations")["migrations"] == []
    assert call_tool("validate_schema", scope="read", subject="tables")["valid"]


def test_the_admin_checks_shows_and_checks_again(admin_client: Client) -> None:
    page = admin_client.post("/admin/schemacheck/check/add/", {**ASKED, "database": "default"})
    assert page.status_code == 302
    check = Check.objects.get()
    assert check.door == "admin"
    shown = admin_client.get(f"/admin/schemacheck/check/{check.pk}/change/").content.decode()
    assert "undefined-type" in shown
    assert '<span class="k">CREATE</span>' in shown
    assert "style=" not in shown.split("schemacheck-sql", 1)[1].split("</pre>", 1)[0]
    admin_client.post("/admin/schemacheck/check/", {"action": "check_again", "_selected_action": [check.pk]})
    assert Check.objects.count() == 2
    assert said() == check.report
    assert admin_client.get("/admin/schemacheck/check/").status_code == 200


def test_the_admin_shows_hostile_sql_as_text(admin_client: Client) -> None:
    check = checks.check_schema(sql="CREATE TABEL \"<script>alert('1')</script>\" (a int)", dialect="postgresql")
    shown = admin_client.get(f"/admin/schemacheck/check/{check.pk}/change/").content.decode()
    assert "<script>alert" not in shown


def test_history_lists_filters_and_shows(reader: Any) -> None:
    checks.check_schema(**ASKED)
    checks.check_schema(sql="SELECT 1", dialect="postgresql", proof="parse")
    listed = reader.get(f"{ROOT}/checks").json()["results"]
    assert [item["valid"] for item in listed] == [True, False]
    assert "sql" not in listed[0]
    (refused,) = reader.get(f"{ROOT}/checks?valid=false").json()["results"]
    shown = reader.get(f"{ROOT}/checks/{refused['id']}").json()
    assert shown["sql"] == SQL
    assert shown["report"]["statements"][0]["errors"][0]["line"] == 3


def test_rules_are_listed_with_their_examples(reader: Any) -> None:
    rules = {rule["code"]: rule for rule in reader.get(f"{ROOT}/rules").json()}
    assert rules["index-not-concurrent"]["good"].startswith("CREATE INDEX CONCURRENTLY")
    assert rules["undefined-table"]["sqlstate"] == "42P01"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "sql"),
        ({"sql": 7}, "sql"),
        ({"sql": "SELECT 1", "dialect": "mysql"}, "dialect"),
        ({"sql": "SELECT 1", "proof": "none"}, "proof"),
        ({"sql": "SELECT 1", "database": "nope"}, "database"),
        ({"sql": "SELECT 1", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_request_names_the_field(reader: Any, body: dict[str, Any], field: str) -> None:
    answer = reader.post(f"{ROOT}/validate", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_command_reads_stdin_folders_and_says_what_it_cannot_read(run_command: Any, tmp_path: Any) -> None:
    arguments = ["--dialect", "postgresql", "--proof", "parse"]
    code, out, _ = run_command("schemacheck", "-", *arguments, stdin="CREATE TABLE t (id bigint PRIMARY KEY);")
    assert (code, out.startswith("[OK] <stdin>")) == (0, True)
    (tmp_path / "a.sql").write_text("SELECT 1")
    (tmp_path / "b.sql").write_text("CREATE TABEL x ()")
    code, out, _ = run_command("schemacheck", str(tmp_path), *arguments)
    assert (code, out.count("[OK]"), out.count("[FAIL]")) == (1, 1, 1)
    (tmp_path / "c.sql").write_bytes(b"SELECT 1;\n-- \xff\n")
    code, _, err = run_command("schemacheck", str(tmp_path / "c.sql"), *arguments)
    assert (code, "line 2" in err) == (2, True)
    code, _, err = run_command("schemacheck", str(tmp_path / "nope.sql"), *arguments)
    assert (code, "cannot be read" in err) == (2, True)
    code, _, _ = run_command("schemacheck", str(tmp_path / "a.sql"), "--database", "nope")
    assert code == 2


def test_strict_makes_warnings_fail(run_command: Any) -> None:
    arguments = ["-", "--dialect", "postgresql", "--proof", "parse"]
    assert run_command("schemacheck", *arguments, stdin="DROP TABLE t")[0] == 0
    assert run_command("schemacheck", *arguments, "--strict", stdin="DROP TABLE t")[0] == 1


def test_the_configured_database_itself_is_asked(reader: Any) -> None:
    answer = reader.post(f"{ROOT}/validate", {"sql": "ALTER TABLE schemacheck_check ADD COLUMN valid int"}).json()
    assert answer["proof"] == "catalog"
    assert not answer["valid"]
    assert reader.post(f"{ROOT}/validate", {"sql": "ALTER TABLE schemacheck_check ADD COLUMN x int"}).json()["valid"]


def test_the_demo_loads_once() -> None:
    demo.load()
    made = Check.objects.count()
    demo.load()
    assert Check.objects.count() == made == len(demo.SCRIPTS)


PROBED = {"sql": "ALTER TABLE probed ALTER a SET NOT NULL", "probe": True}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no copies to compare rows with")
@pytest.mark.django_db(transaction=True)
def test_rows_are_asked_through_every_door_on_request(
    api: Any, admin_client: Client, run_command: Any, call_tool: Any, tmp_path: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE probed (a int); INSERT INTO probed VALUES (NULL)")
    try:
        path = tmp_path / "t.sql"
        path.write_text(PROBED["sql"])
        assert checks.check_schema(sql=PROBED["sql"]).valid
        answers = [
            api.post(f"{ROOT}/validate", PROBED).json(),
            json.loads(run_command("schemacheck", str(path), "--probe", "--format", "json")[1]),
            call_tool("validate_schema", scope="write", **PROBED),
        ]
        admin_client.post("/admin/schemacheck/check/add/", {**PROBED, "database": "default"})
        answers.append(said())
        job = api.post(f"{ROOT}/validate", {**PROBED, "background": True})
        answers.append(api.get(job.headers["Location"]).json()["report"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE probed")
    assert [[error["rule"] for error in answer["errors"]] for answer in answers] == [["existing-rows-violate"]] * 5


@pytest.mark.parametrize("asked", [{"probe": True}, {"proof": "execute"}, {"probe": True, "background": True}])
def test_what_locks_or_tells_of_rows_needs_a_key_that_may_write(reader: Any, api: Any, asked: dict[str, Any]) -> None:
    answer = reader.post(f"{ROOT}/validate", {**ASKED, **asked})
    assert answer.status_code == 403
    assert "scope write" in answer.json()["detail"]
    assert api.post(f"{ROOT}/validate", {**ASKED, **asked}).status_code in (200, 202)


@pytest.mark.django_db
def test_a_name_that_several_migrations_begin_with_is_refused_by_a_code_of_its_own(admin_api: Any) -> None:
    for path in ("migrations", "migrations/trial"):
        answer = admin_api.post(f"/api/v1/schemacheck/{path}", {"app": "schemacheck", "name": "0"})
        assert (answer.status_code, answer.json()["code"]) == (400, "ambiguous-name")
        assert answer.json()["errors"][0]["field"] == "name"

"""The language server, asked as an editor asks it: over its stdin and stdout, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.checker.rules import RULES
from schemacheck.checker.validator import validate
from schemacheck.editor import checks
from schemacheck.editor.fixes import edit_for, ignoring
from tests.project.sources import ROOT
from tests.schemacheck.language_client import Client, applied
from tests.schemacheck.test_folders import FOLDERS, write
from tests.schemacheck.test_other_django import Site

INDEX = "CREATE TABLE t (id bigint PRIMARY KEY);\nCREATE INDEX i ON orders (note);\n"
ALL = Policy().changed(select=["all"])


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(cwd=tmp_path) as made:
        yield made


def codes(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["code"] for finding in findings}


def of(findings: list[dict[str, Any]], code: str) -> dict[str, Any]:
    return next(finding for finding in findings if finding["code"] == code)


def test_a_script_is_judged_as_it_is_typed(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "a.sql", "CREATE TABEL t (id int);\n")
    [error] = client.findings(uri)
    assert (error["code"], error["severity"], error["source"]) == ("syntax-error", 1, "schemacheck")
    assert error["range"] == {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 12}}
    client.change(uri, 2, INDEX)
    assert "index-not-concurrent" in codes(client.findings(uri, 2))
    client.change(uri, 3, "CREATE TABLE t (id bigint PRIMARY KEY);\n")
    assert client.findings(uri, 3) == []
    client.change(uri, 4, " \n")
    assert client.findings(uri, 4) == []
    assert client.closed(uri) == []
    assert client.leave() == 0


def test_an_edit_of_a_few_characters_is_enough(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "a.sql", "CREATE TABEL t (id int);\n")
    span = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 12}}
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": span, "text": "TABLE"}]}
    client.tell("textDocument/didChange", change)
    assert "syntax-error" not in codes(client.findings(uri, 2))


@pytest.mark.parametrize(("encoding", "width"), [(None, 2), ("utf-16", 2), ("utf-8", 4), ("utf-32", 1)])
def test_columns_are_counted_as_the_editor_counts(encoding: str | None, width: int, tmp_path: Path) -> None:
    with Client(cwd=tmp_path, encodings=(encoding,) if encoding else ()) as client:
        uri = client.open(tmp_path / "a.sql", "COMMENT ON TABLE t IS '\U0001f642'; SELEC 1;\n")
        [error] = [item for item in client.findings(uri) if item["code"] == "syntax-error"]
        assert error["range"]["start"] == {"line": 0, "character": len("COMMENT ON TABLE t IS '") + width + len("'; ")}


def test_the_fix_is_an_action_and_the_finding_is_gone_with_it(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "a.sql", INDEX)
    finding = of(client.findings(uri), "index-not-concurrent")
    actions = client.actions(uri, finding["range"])
    fix = next(action for action in actions if action["title"].startswith("Fix index-not-concurrent"))
    assert (fix["kind"], fix["isPreferred"]) == ("quickfix", True)
    assert [item["code"] for item in fix["diagnostics"]] == ["index-not-concurrent"]
    text = applied(INDEX, fix, uri)
    assert text.splitlines()[1] == "CREATE INDEX CONCURRENTLY i ON orders (note);"
    client.change(uri, 2, text)
    assert "index-not-concurrent" not in codes(client.findings(uri, 2))
    assert client.actions(uri, {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}) == []


def test_an_action_switches_a_rule_off_at_its_place(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "a.sql", INDEX)
    finding = of(client.findings(uri), "index-not-concurrent")
    by_title = {action["title"]: action for action in client.actions(uri, finding["range"])}
    hide = by_title["Ignore index-not-concurrent here"]
    client.change(uri, 2, applied(INDEX, hide, uri))
    left = codes(client.findings(uri, 2))
    assert not left & {"index-not-concurrent", "ignore-malformed", "ignore-stale"}


def test_a_file_of_a_tools_folder_is_judged_behind_those_before_it(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    write(folder, FOLDERS["dbmate"])
    path = folder / "20240103_c.sql"
    uri = client.open(
        path, "-- migrate:up\nALTER TABLE shop ADD COLUMN nope varchr(3);\n-- migrate:down\nDROP TABLE shop;\n"
    )
    found = client.findings(uri)
    assert of(found, "undefined-type")["range"]["start"]["line"] == 1
    assert "drop-table" not in codes(found)


def test_the_project_settings_beside_a_file_count(client: Client, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.schemacheck]\nignore = ["index-not-concurrent"]\n')
    assert "index-not-concurrent" not in codes(client.findings(client.open(tmp_path / "a.sql", INDEX)))
    (tmp_path / "pyproject.toml").write_text('[tool.schemacheck]\nignore = ["no-such-rule"]\n')
    [said] = client.findings(client.open(tmp_path / "b.sql", INDEX))
    assert (said["code"], "no-such-rule" in said["message"]) == ("file-not-checked", True)


def test_a_migration_of_django_is_judged_before_it_is_saved(client: Client, tmp_path: Path) -> None:
    site = Site(tmp_path / "their site")
    path = site.migration("0002_more", 'migrations.RemoveField("order", "note"),', after="0001_initial")
    saved = path.read_text()
    with Client("--python", sys.executable, cwd=tmp_path) as own:
        uri = own.open(path, saved.replace('RemoveField("order", "note")', 'DeleteModel("Order")'), "python")
        found = own.findings(uri)
        assert (path.read_text(), "drop-column" in codes(found)) == (saved, False)
        line = of(found, "drop-table")["range"]["start"]["line"]
        assert "DeleteModel" in saved.replace("RemoveField", "DeleteModel").splitlines()[line]
        titles = {action["title"] for action in own.actions(uri, of(found, "drop-table")["range"])}
        assert "Ignore drop-table here" in titles
        assert not [title for title in titles if title.startswith("Fix")]  # SQL would not mend Python
        own.change(uri, 2, saved.replace("operations = [", "operations = [("))
        assert codes(own.findings(uri, 2)) == {"migration-unreadable"}
        own.change(uri, 3, saved)
        assert "drop-column" in codes(own.findings(uri, 3))
        assert own.leave() == 0


def test_sql_only_runs_no_projects_code(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.manage.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    path = site.migration("0002_more", 'migrations.RemoveField("order", "note"),', after="0001_initial")
    with Client("--sql-only", "--python", sys.executable, cwd=tmp_path) as client:
        assert client.findings(client.open(path, path.read_text(), "python")) == []
        assert "index-not-concurrent" in codes(client.findings(client.open(tmp_path / "a.sql", INDEX)))
    assert not (tmp_path / "ran").exists()


def test_a_project_that_does_not_start_says_so_at_the_file(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    site.settings('raise RuntimeError("SHOP_TOKEN is not set")')
    path = site.migration("0002_more", 'migrations.RemoveField("order", "note"),', after="0001_initial")
    with Client("--python", sys.executable, cwd=tmp_path) as client:
        [said] = client.findings(client.open(path, path.read_text(), "python"))
    assert (said["code"], "SHOP_TOKEN is not set" in said["message"]) == ("file-not-checked", True)


def test_a_file_of_python_that_is_no_migration_is_left_alone(client: Client, tmp_path: Path) -> None:
    assert client.findings(client.open(tmp_path / "models.py", "x = 1\n", "python")) == []


def test_a_document_too_large_says_so_and_the_server_lives_on(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "large.sql", "SELECT 1;\n" * 120_000)
    [said] = client.findings(uri)
    assert (said["code"], "1,000,000 characters" in said["message"]) == ("file-not-checked", True)
    assert client.findings(client.open(tmp_path / "a.sql", "SELECT 1;\n")) == []


def test_what_takes_too_long_is_ended_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SQL_SECONDS", 0.0)
    checked = checks.check(tmp_path / "a.sql", INDEX, "sql", checks.How())
    assert isinstance(checked, Checked)
    assert "check-stopped" in {finding["rule"] for finding in checked.findings}


def test_a_failure_of_ours_is_told_at_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from schemacheck.editor import server

    monkeypatch.setattr(server, "check", lambda *given: 1 / 0)
    checked = server._checked(tmp_path / "a.sql", INDEX, "sql", checks.How())
    assert checked is not None
    assert [finding["message"] for finding in checked.findings] == ["It could not be checked: ZeroDivisionError."]


def examples() -> Iterator[tuple[str, str, str]]:
    for code, rule in RULES.items():
        if rule.dialect in ("postgresql", "sqlite"):
            yield from ((code, rule.dialect, bad) for bad in (rule.bad, *rule.also_bad) if bad)


def findings_of(sql: str, dialect: str, code: str) -> list[dict[str, Any]]:
    report = validate(sql, dialect=dialect, proof="parse", policy=ALL).as_dict()
    return [item for kind in ("errors", "warnings", "suggestions") for item in report[kind] if item["rule"] == code]


@pytest.mark.parametrize(("code", "dialect", "bad"), examples())
def test_what_a_fix_leaves_is_a_valid_script_and_a_whole_one_silences_its_rule(
    code: str, dialect: str, bad: str
) -> None:
    script = f"  SELECT 1;\n  {bad}"
    valid = validate(bad, dialect=dialect, proof="parse", policy=ALL).valid
    for finding in findings_of(script, dialect, code):
        edit = edit_for(script, finding)
        if edit is None:
            continue
        mended = script[: edit.start] + edit.text + script[edit.end :]
        report = validate(mended, dialect=dialect, proof="parse", policy=ALL)
        assert report.valid or not valid, mended
        assert not edit.whole or not findings_of(mended, dialect, code), mended


@pytest.mark.parametrize(("code", "dialect", "bad"), examples())
def test_the_comment_that_ignores_a_finding_does(code: str, dialect: str, bad: str) -> None:
    script = f"SELECT 1;\n{bad}"
    for finding in findings_of(script, dialect, code)[:1]:
        edit = ignoring(script, finding, sign="--")
        assert (edit is None) == (finding["severity"] == "error" or finding["line"] is None)
        if edit is not None:
            hidden = script[: edit.start] + edit.text + script[edit.end :]
            assert len(findings_of(hidden, dialect, code)) < len(findings_of(script, dialect, code)), hidden


def test_a_fix_about_a_part_of_a_statement_takes_nothing_else_away() -> None:
    several = "ALTER TABLE orders ADD COLUMN note text, ALTER COLUMN total SET NOT NULL;"
    [finding] = findings_of(several, "postgresql", "set-not-null-scans")
    assert finding["fix"]
    assert edit_for(several, finding) is None


def test_without_its_library_the_command_says_the_line_that_brings_it(tmp_path: Path) -> None:
    hiding = "import sys; sys.modules['pygls'] = None; sys.argv = ['handrail', 'language-server']; "
    program = f"{hiding}sys.path.insert(0, {str(ROOT)!r}); from config.entry.front import handrail; handrail(sys.argv)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "handrail[editor]" in done.stderr

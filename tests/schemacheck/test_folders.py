"""Folders of SQL migrations by other tools: found out, in their order, each direction and transaction as the tool's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemacheck import files
from schemacheck.projects.folders.layouts import LAYOUTS, PLAIN, detect
from schemacheck.projects.folders.migration import filled, only

Run = Callable[..., tuple[int, str, str]]
TABLE = "CREATE TABLE shop (id bigint PRIMARY KEY, note text);\n"
COLUMN = "ALTER TABLE shop DROP COLUMN note;\n"
FOLDERS: dict[str, dict[str, str]] = {
    "dbmate": {
        "20240101_a.sql": f"-- migrate:up\n{TABLE}\n-- migrate:down\nDROP TABLE shop;\n",
        "20240102_b.sql": f"-- migrate:up\n{COLUMN}\n-- migrate:down\nALTER TABLE shop ADD COLUMN note text;\n",
    },
    "goose": {
        "00001_a.sql": f"-- +goose Up\n{TABLE}-- +goose Down\nDROP TABLE shop;\n",
        "00002_b.sql": f"-- +goose Up\n{COLUMN}-- +goose Down\nALTER TABLE shop ADD COLUMN note text;\n",
    },
    "golang-migrate": {
        "1_a.up.sql": TABLE,
        "1_a.down.sql": "DROP TABLE shop;\n",
        "2_b.up.sql": COLUMN,
        "10_c.up.sql": "CREATE INDEX c ON shop (id);\n",
    },
    "sqlx": {
        "1_a.sql": TABLE,
        "2_b.sql": COLUMN,
        "10_c.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY c ON shop (id);\n",
    },
    "flyway": {
        "V1__a.sql": "CREATE TABLE ${schema}.shop (id bigint PRIMARY KEY, note text);\n",
        "V2_1__b.sql": "ALTER TABLE ${schema}.shop DROP COLUMN note;\n",
        "V10__c.sql": "CREATE INDEX CONCURRENTLY c ON ${schema}.shop (id);\n",
        "U2_1__b.sql": "ALTER TABLE ${schema}.shop ADD COLUMN note text;\n",
        "R__views.sql": "CREATE OR REPLACE VIEW v AS SELECT 1;\n",
    },
    "prisma": {
        "20240101000000_a/migration.sql": TABLE,
        "20240102000000_b/migration.sql": COLUMN,
    },
    "drizzle": {
        "0000_a.sql": f"{TABLE}--> statement-breakpoint\nCREATE INDEX a ON shop (id);\n",
        "0001_b.sql": COLUMN,
    },
    "supabase": {"20240101000000_a.sql": TABLE, "20240102000000_b.sql": COLUMN},
    "atlas": {
        "20240101_a.sql": TABLE,
        "20240102_b.sql": COLUMN,
        "20240103_c.sql": "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY c ON shop (id);\n",
        "atlas.sum": "h1:of a test=\n",
    },
    "liquibase": {
        "change-2.sql": f"--liquibase formatted sql\n\n--changeset me:2\n{COLUMN}"
        "--rollback ALTER TABLE shop ADD COLUMN note text;\n",
        "change-1.sql": f"--liquibase formatted sql\n\n--changeset me:1\n{TABLE}--rollback DROP TABLE shop;\n",
        "change-10.sql": "--liquibase formatted sql\n--changeset me:3 runInTransaction:false\n"
        "CREATE INDEX CONCURRENTLY c ON shop (id);\n--rollback empty\n",
    },
}
DROPPING = {
    "dbmate": ("20240102_b.sql", 2),
    "goose": ("00002_b.sql", 2),
    "golang-migrate": ("2_b.up.sql", 1),
    "sqlx": ("2_b.sql", 1),
    "flyway": ("V2_1__b.sql", 1),
    "prisma": ("20240102000000_b/migration.sql", 1),
    "drizzle": ("0001_b.sql", 1),
    "supabase": ("20240102000000_b.sql", 1),
    "atlas": ("20240102_b.sql", 1),
    "liquibase": ("change-2.sql", 4),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def check(run_command: Run) -> Run:
    """`schemacheck PATH...`; the answer of `--format json`, by the path of each file."""

    def run(*words: str) -> tuple[int, Any, str]:
        code, out, err = run_command("schemacheck", "--format", "json", *words)
        told = json.loads(out) if out.strip() else []
        return code, {item["path"]: item for item in (told if isinstance(told, list) else [told])}, err

    return run


def rules(report: dict[str, Any]) -> set[tuple[str, int]]:
    kinds = ("errors", "warnings", "suggestions")
    return {(finding["rule"], finding["line"]) for kind in kinds for finding in report[kind]}


def names(report: dict[str, Any]) -> set[str]:
    return {rule for rule, _ in rules(report)}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_is_found_out_and_is_one_history(layout: str, tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path / "supabase" / "migrations" if layout == "supabase" else tmp_path / "db", FOLDERS[layout])
    code, reports, _ = check(str(folder))
    assert code == 0, reports
    assert {report["layout"] for report in reports.values()} == {layout}
    assert len(reports) == len([name for name in FOLDERS[layout] if name.endswith(".sql")])
    # The table was made by an earlier file, whatever the order of names: nobody waits for it, no CONCURRENTLY is wrong.
    for report in reports.values():
        assert not names(report) & {"drop-table", "index-not-concurrent", "concurrently-in-transaction"}, report


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_named_stands_behind_those_before_it(layout: str, tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path / "supabase" / "migrations" if layout == "supabase" else tmp_path / "db", FOLDERS[layout])
    name, line = DROPPING[layout]
    _, reports, _ = check(str(folder / name))
    assert list(reports) == [str(folder / name)]
    assert ("drop-column", line) in rules(reports[str(folder / name)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_can_be_said(layout: str, tmp_path: Path, check: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "db", FOLDERS[layout])
    _, reports, _ = check(str(folder), "--layout", layout)
    assert {report["layout"] for report in reports.values()} == {layout}
    (tmp_path / "pyproject.toml").write_text(f'[tool.schemacheck]\nlayout = "{layout}"\n')
    monkeypatch.chdir(tmp_path)
    assert {report["layout"] for report in check("db")[1].values()} == {layout}
    assert "layout" not in next(iter(check("db", "--layout", PLAIN)[1].values()))


def test_a_layout_nobody_knows_is_refused(tmp_path: Path, run_command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "db", FOLDERS["sqlx"])
    (tmp_path / "pyproject.toml").write_text('[tool.schemacheck]\nlayout = "sqitch"\n')
    monkeypatch.chdir(tmp_path)
    code, _, err = run_command("schemacheck", "db")
    assert (code, "There is no layout 'sqitch'. Known are liquibase, dbmate" in err) == (2, True)


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"1_a.sql": f"-- migrate:up\n{TABLE}CREATE INDEX CONCURRENTLY a ON shop (id);\n"}, "dbmate, in a transaction"),
        (
            {"1_a.sql": "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a ON t (id);\n"
             "CREATE INDEX CONCURRENTLY b ON t (id);\n"},
            "dbmate, two in one string",
        ),
        ({"1_a.up.sql": "CREATE INDEX CONCURRENTLY a ON t (a);\nSELECT 1;\n"}, "golang-migrate, two in one string"),
        ({"20240101000000_a/migration.sql": "CREATE INDEX CONCURRENTLY a ON t (a);\nSELECT 1;\n"}, "prisma, as well"),
        ({"1_a.sql": "-- +goose Up\nCREATE INDEX CONCURRENTLY a ON t (a);\n"}, "goose"),
        ({"V1__a.sql": "CREATE INDEX CONCURRENTLY a ON t (a);\n",
          "V1__a.sql.conf": "executeInTransaction=true\n"}, "flyway, that is told to"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_a_tool_runs_in_a_transaction_cannot_be_concurrent(
    files: dict[str, str], name: str, tmp_path: Path, check: Run
) -> None:
    code, reports, _ = check(str(write(tmp_path, files)))
    assert code == 1
    assert any("concurrently-in-transaction" in names(report) for report in reports.values())


@pytest.mark.parametrize(
    "files",
    [
        {"1_a.sql": "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a ON t (id);\n"},
        {"1_a.up.sql": "CREATE INDEX CONCURRENTLY a ON t (a);\n"},
        {"1_a.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY a ON t (a);\nSELECT 1;\n"},
        {"V1__a.sql": "CREATE INDEX CONCURRENTLY a ON t (a);\n"},
    ],
)
def test_what_a_tool_runs_without_one_can(files: dict[str, str], tmp_path: Path, check: Run) -> None:
    code, reports, _ = check(str(write(tmp_path, files)))
    assert code == 0, reports


def test_the_way_back_is_parsed_and_the_rules_speak_of_it_when_asked(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, FOLDERS["dbmate"])
    path = str(folder / "20240101_a.sql")
    assert "drop-table" not in names(check(path)[1][path])
    assert ("drop-table", 5) in rules(check(path, "--down")[1][path])
    write(folder, {"20240103_c.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROPP TABLE shop;\n"})
    code, reports, _ = check(str(folder))
    assert (code, ("syntax-error", 4) in rules(reports[str(folder / "20240103_c.sql")])) == (1, True)


def test_lines_and_columns_are_those_of_the_file(tmp_path: Path, check: Run) -> None:
    text = "-- +goose Up\n-- +goose StatementBegin\n\n  SELECT 1;  ALTER TABLE ${t} DROPP x;\n-- +goose StatementEnd\n"
    path = str(write(tmp_path, {"1_a.sql": f"-- +goose ENVSUB ON\n{text}"}) / "1_a.sql")
    (error,) = check(path)[1][path]["errors"]
    assert (error["line"], error["column"]) == (5, 31)


def test_a_comment_switches_a_rule_off_in_its_own_file_alone(tmp_path: Path, check: Run) -> None:
    files = {
        "1_a.up.sql": TABLE,
        "2_b.up.sql": f"-- schemacheck: ignore-file drop-column nobody reads it\n{COLUMN}",
        "3_c.up.sql": "ALTER TABLE shop DROP COLUMN id;\n",
    }
    folder = write(tmp_path, files)
    second, third = str(folder / "2_b.up.sql"), str(folder / "3_c.up.sql")
    _, reports, _ = check(second, third)
    assert "drop-column" not in names(reports[second])
    assert reports[second]["ignored"][0]["reason"] == "nobody reads it"
    assert "drop-column" in names(reports[third])


@pytest.mark.parametrize(
    ("files", "name", "said"),
    [
        ({**FOLDERS["dbmate"], "20240103_c.sql": "SELECT 1;\n"}, "20240103_c.sql", "no line `-- migrate:up`"),
        ({**FOLDERS["flyway"], "V3_c.sql": "SELECT 1;\n"}, "V3_c.sql", "its name is not V, U, R or B"),
        ({**FOLDERS["golang-migrate"], "7_x.down.sql": "SELECT 1;\n"}, "7_x.down.sql", "its .up.sql is not there"),
        ({**FOLDERS["golang-migrate"], "notes.sql": "SELECT 1;\n"}, "notes.sql", "no version"),
        ({**FOLDERS["atlas"], "20240104_d.sql": "-- nothing yet\n"}, "20240104_d.sql", "holds no statement"),
        ({**FOLDERS["liquibase"], "x.sql": "SELECT 1;\n"}, "x.sql", "its first line is not"),
    ],
)
def test_a_file_its_tool_would_not_run_is_named_and_ends_with_2(
    files: dict[str, str], name: str, said: str, tmp_path: Path, check: Run
) -> None:
    code, _, err = check(str(write(tmp_path, files)))
    assert (code, name in err, said in err) == (2, True, True), err


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, FOLDERS["sqlx"])
    (folder / "11_d.sql").write_bytes(b"SELECT '\xff';")
    code, reports, err = check(str(folder))
    assert (code, "not UTF-8" in err, len(reports)) == (2, True, 4)


def test_a_neighbour_that_nobody_could_judge_is_not_read_to_its_end(
    tmp_path: Path, check: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1_a.up.sql").write_text(TABLE)
    (tmp_path / "2_b.up.sql").write_text(f"-- {'x' * 5_000}\n{COLUMN}")
    monkeypatch.setattr(files, "MAX_BYTES", 4_000)
    code, reports, _ = check(str(tmp_path / "1_a.up.sql"))
    assert (code, len(reports)) == (0, 1)
    code, _, err = check(str(tmp_path / "2_b.up.sql"))
    assert (code, "has more than 4,000 bytes" in err) == (2, True)


def test_two_migrations_of_one_version_are_an_error_in_both(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, {**FOLDERS["golang-migrate"], "2_other.up.sql": "SELECT 1;\n"})
    code, reports, _ = check(str(folder))
    assert code == 1
    clashing = [Path(path).name for path, report in reports.items() if "migration-conflict" in names(report)]
    assert sorted(clashing) == ["2_b.up.sql", "2_other.up.sql"]


def test_files_of_no_tool_are_scripts_of_their_own_as_they_were(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, {"a.sql": TABLE, "b.sql": COLUMN})
    _, reports, _ = check(str(folder), "--dialect", "postgresql")
    assert all("layout" not in report for report in reports.values())
    # The second knows nothing of the first: the table stands, or, where a PostgreSQL is asked, it is not there.
    assert names(reports[str(folder / "b.sql")]) & {"drop-column", "undefined-table"}


def test_of_no_tool_none_is_lost_though_it_cannot_be_read(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, {"a.sql": TABLE})
    (folder / "b.sql").write_bytes(b"SELECT '\xff';")
    code, reports, err = check(str(folder), "--dialect", "postgresql")
    assert (code, len(reports), "not UTF-8" in err) == (2, 2, True)


def test_sqlite_is_judged_as_one_history_too(tmp_path: Path, check: Run) -> None:
    folder = write(tmp_path, {"1_a.up.sql": TABLE, "2_b.up.sql": "ALTER TABLE shop DROP COLUMN nowhere;\n"})
    code, reports, _ = check(str(folder), "--dialect", "sqlite")
    assert code == 1
    assert [report["valid"] for _, report in sorted(reports.items())] == [True, False]


@given(st.text(alphabet="abc \n\r;'$-{}", max_size=60), st.data())
def test_what_is_blanked_moves_nothing(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    left = only(text, [(start, end)])
    assert (len(left), left[start:end]) == (len(text), text[start:end])
    assert [place for place, sign in enumerate(text) if sign in "\r\n"] == [
        place for place, sign in enumerate(left) if sign in "\r\n"
    ]
    assert len(filled(text)) == len(text)


def test_a_folder_without_a_sign_belongs_to_no_tool() -> None:
    assert detect({Path("db/1_a.sql"): TABLE, Path("db/2_b.sql"): COLUMN}) == PLAIN

"""Comments that switch a rule off."""

import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.policy import Policy
from schemacheck.checker.validator import validate

DROP = "ALTER TABLE orders DROP COLUMN note;"


def check(sql: str) -> Report:
    return validate(sql, dialect="postgresql", proof="parse", policy=Policy(ignore=frozenset({"lock-timeout-missing"})))


def rules(sql: str) -> list[str]:
    return [finding.rule for finding in check(sql).findings]


@pytest.mark.parametrize(
    "sql",
    [
        f"-- schemacheck: ignore drop-column nobody reads it\n{DROP}",
        f"{DROP} -- schemacheck: ignore drop-column nobody reads it",
        f"{DROP}-- schemacheck: ignore drop-column: nobody reads it",
        f"/* schemacheck: ignore drop-column nobody reads it */ {DROP}",
        "ALTER TABLE orders\n  -- schemacheck: ignore drop-column nobody reads it\n  DROP COLUMN note;",
        (
            "SELECT 1;\n\n-- schemacheck: ignore drop-column, change-schema nobody reads it\n"
            "ALTER TABLE orders DROP COLUMN note"
        ),
    ],
)
def test_a_comment_with_a_reason_switches_a_rule_off_for_its_statement(sql: str) -> None:
    assert "drop-column" not in rules(sql)


def test_what_is_ignored_is_kept_with_its_reason() -> None:
    report = check(f"{DROP} -- schemacheck: ignore drop-column nobody reads it since 2024-03")
    assert [(item.finding.rule, item.reason) for item in report.ignored] == [
        ("drop-column", "nobody reads it since 2024-03")
    ]
    shown = report.as_dict()
    assert shown["counts"]["ignored"] == 1
    assert shown["ignored"][0]["reason"] == "nobody reads it since 2024-03"


def test_the_next_statement_is_not_meant() -> None:
    sql = f"{DROP} -- schemacheck: ignore drop-column nobody reads it\n{DROP}"
    assert rules(sql).count("drop-column") == 1


def test_a_comment_may_be_for_the_whole_file() -> None:
    sql = f"-- schemacheck: ignore-file drop-column the table is a copy\n{DROP}\n{DROP}"
    assert "drop-column" not in rules(sql)
    assert len(check(sql).ignored) == 2


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("-- schemacheck: ignore drop-column", "no reason is given"),
        ("-- schemacheck: ignore drop-colum it is a copy", "there is no rule 'drop-colum'"),
        ("-- schemacheck: ignore drop-column, nobody reads it", "there is no rule 'nobody'"),
        ("-- schemacheck: ignore", "no rule is named"),
        ("-- schemacheck: disable drop-column it is a copy", "nobody knows what 'disable' means here"),
    ],
)
def test_a_comment_nobody_can_read_is_a_finding_and_ignores_nothing(comment: str, said: str) -> None:
    report = check(f"SELECT 1;\n{comment}\n{DROP}")
    malformed = next(finding for finding in report.findings if finding.rule == "ignore-malformed")
    assert (malformed.message, malformed.line, malformed.column) == (said, 2, 1)
    assert "drop-column" in [finding.rule for finding in report.findings]


def test_a_comment_that_ignores_nothing_is_a_finding() -> None:
    report = check("-- schemacheck: ignore drop-table it is a copy\nSELECT 1;")
    assert [finding.rule for finding in report.findings if finding.rule.startswith("ignore")] == ["ignore-stale"]


def test_what_only_looks_like_a_comment_is_none() -> None:
    for text in ("'-- schemacheck: ignore drop-column x'", "$$ -- schemacheck: ignore drop-column x $$"):
        assert not {"ignore-stale", "ignore-malformed"} & set(rules(f"SELECT {text};"))
    assert "ignore-stale" not in rules("-- see schemacheck: it is documented\nSELECT 1;")


def test_a_syntax_error_cannot_be_ignored() -> None:
    report = check("-- schemacheck: ignore syntax-error it works here\nSELEC 1;")
    assert not report.valid


def test_a_verdict_may_be_ignored() -> None:
    sql = (
        "CREATE TABLE t (id bigint PRIMARY KEY, a strnge); -- schemacheck: ignore undefined-type the extension makes it"
    )
    assert check(sql).valid

"""What a list says of a check: its title and the worst that was found, drawn once and without reading the report."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given
from hypothesis import strategies as st

from schemacheck import checks
from schemacheck.checker.findings import KINDS
from schemacheck.models import Check
from schemacheck.outline import LONGEST_TITLE, title_of, worst_of

DRAWN = ["title", "worst_severity", "worst_rule", "worst_message"]


@pytest.mark.parametrize(
    ("sql", "title"),
    [
        ("-- why\n\nALTER TABLE a\n  ADD b int;", "ALTER TABLE a ADD b int;"),
        ("-- the live schema of default", "the live schema of default"),
        ("", ""),
    ],
)
def test_a_title_is_how_the_script_begins_without_its_comments(sql: str, title: str) -> None:
    assert title_of(sql) == title


def test_the_title_of_a_migration_is_its_name() -> None:
    assert title_of("CREATE TABLE a ()", {"migration": "shop.0002_more"}) == "shop.0002_more"


@given(st.text(), st.sampled_from([{}, {"migration": "x" * 300}]))
def test_a_title_is_one_line_that_fits_its_column(sql: str, report: dict[str, str]) -> None:
    title = title_of(sql, report)
    assert len(title) <= LONGEST_TITLE
    assert title.splitlines() in ([], [title])


@given(st.fixed_dictionaries({kind: st.lists(st.text(max_size=400), max_size=3) for kind in KINDS}))
def test_the_worst_finding_is_the_first_of_the_gravest_kind(found: dict[str, list[str]]) -> None:
    report = {
        kind: [{"severity": kind[:-1], "rule": message[:64], "message": message} for message in messages]
        for kind, messages in found.items()
    }
    worst = worst_of(report)
    gravest = next((kind for kind in KINDS if found[kind]), "")
    assert worst["worst_severity"] == gravest[:-1]
    assert worst["worst_message"][:200] == (found[gravest][0][:200] if gravest else "")


@pytest.mark.django_db
def test_a_check_is_kept_with_its_outline() -> None:
    made = checks.check_schema(sql="CREATE TABLE t (a texxt);", dialect="postgresql", proof="parse")
    kept = Check.objects.without_texts().get(pk=made.pk)
    assert (kept.title, kept.worst_severity, kept.worst_rule) == (
        "CREATE TABLE t (a texxt);",
        "error",
        "undefined-type",
    )
    assert "texxt" in kept.worst_message


@pytest.mark.django_db
def test_a_check_that_waits_has_a_title_without_its_secrets() -> None:
    waiting = checks.request_check(sql="CREATE ROLE a PASSWORD 'hush-hush'")
    assert waiting.title == "CREATE ROLE a PASSWORD '[secret]'"
    checks.fail_check(check_id=waiting.pk, failure="the worker died")
    assert Check.objects.get().title == waiting.title


@pytest.mark.django_db(transaction=True)
def test_checks_kept_before_there_was_an_outline_get_the_same_one() -> None:
    for sql in ("-- a\nCREATE TABLE t (a texxt)", "DROP TABLE t", "CREATE TABLE t (id bigint PRIMARY KEY)"):
        checks.check_schema(sql=sql, dialect="postgresql", proof="parse")
    Check.objects.filter(sql="DROP TABLE t").update(report={"migration": "shop.0001_initial"})
    drawn = list(Check.objects.order_by("pk"))
    for check in drawn:
        check.draw_outline()
    expected = [{name: getattr(check, name) for name in DRAWN} for check in drawn]
    try:
        migrate("0003_check_table_index")
    finally:
        migrate("0005_outline_of_kept_checks")
    assert list(Check.objects.order_by("pk").values(*DRAWN)) == expected


def migrate(name: str) -> Any:
    MigrationExecutor(connection).migrate([("schemacheck", name)])

"""Migrations checked against a PostgreSQL, and tried on a copy of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connections

from tests.schemacheck.django_project import INITIAL, Project, in_process
from tests.services.postgres import Cluster

pytestmark = pytest.mark.services


@pytest.fixture
def database(server: Cluster) -> Iterator[dict[str, Any]]:
    """An empty database, as Django's settings say it."""
    name = f"site_{uuid4().hex[:8]}"
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "handrail",
            "HOST": "127.0.0.1",
            "PORT": str(server.port),
        }
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def project(tmp_path: Path, database: dict[str, Any], run_command: Any) -> Iterator[Project]:
    made = Project(tmp_path / "site", database, package=f"shop_{uuid4().hex[:8]}")
    made.migration("0001_initial", INITIAL)
    with in_process(made, run_command):
        assert made.command("migrate", "shop").returncode == 0
        with connections["site"].cursor() as cursor:
            cursor.execute("INSERT INTO shop_customer (name) SELECT 'c' || i FROM generate_series(1, 300) i")
            cursor.execute("INSERT INTO shop_order (customer_id) SELECT id FROM shop_customer")
            cursor.execute("ANALYZE shop_customer, shop_order")
        yield made


def test_the_catalog_is_asked_and_every_finding_has_its_line(project: Project) -> None:
    project.migration(
        "0002_more",
        """
        migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN note text", migrations.RunSQL.noop),
        migrations.AddField("order", "currency", models.CharField(max_length=3, default="EUR")),
        migrations.AlterField("customer", "name", models.CharField(max_length=80)),
        migrations.AlterField("order", "total", models.BigIntegerField(null=True)),
        migrations.AlterField("order", "customer", models.ForeignKey("shop.customer", models.CASCADE, db_index=False)),
        """,
        after="0001_initial",
    )
    answer = project.check("shop", "0002")
    found = {(rule, line) for _, rule, line in answer.found()}
    assert answer.code == 1
    assert answer.reports[0]["proof"] == "catalog"
    at = {
        name: project.line_of("0002_more", name)
        for name in ("ADD COLUMN", "currency", '"name"', "BigInteger", "FK")
        if name != "FK"
    }
    assert ("duplicate-column", at["ADD COLUMN"]) in found
    assert {rule for rule, line in found if line == at["currency"]} <= {"migration-default-dropped"}
    assert not [rule for rule, line in found if line == at['"name"'] and rule == "type-change-rewrites"]
    assert ("type-change-rewrites", at["BigInteger"]) in found
    assert ("drop-index-not-concurrent", project.line_of("0002_more", "db_index=False")) in found
    (error,) = answer.reports[0]["errors"]
    assert error["sqlstate"] == "42701"


def test_what_the_first_makes_is_known_to_the_second_and_nothing_is_changed(project: Project) -> None:
    project.migration(
        "0002_more", 'migrations.AddField("order", "paid", models.BooleanField(null=True)),', after="0001_initial"
    )
    project.migration(
        "0003_more",
        """
        migrations.AddIndex("order", models.Index(fields=["paid"], name="order_paid")),
        migrations.AlterField("order", "note", models.CharField(max_length=20)),
        """,
        after="0002_more",
    )
    answer = project.check("shop", "0003")
    assert answer.code == 0
    assert "undefined-column" not in answer.rules()
    assert {"index-not-concurrent", "set-not-null-scans"} <= answer.rules()
    with connections["site"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.columns WHERE column_name = 'paid'")
        assert cursor.fetchone() == (0,)


def test_an_applied_migration_is_not_held_against_the_catalog_it_made(project: Project) -> None:
    answer = project.check("shop", "0001")
    assert (answer.code, answer.rules()) == (0, set())


def test_a_trial_uses_a_scratch_database_that_is_gone_afterwards(project: Project, server: Cluster) -> None:
    project.migration(
        "0002_more",
        'migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN total text", migrations.RunSQL.noop),',
        after="0001_initial",
    )
    failed = project.command("schemacheck", "--migrations", "shop", "--trial")
    assert (failed.returncode, 'column "total" of relation "shop_order" already exists' in failed.stderr) == (2, True)
    project.migration("0002_more", 'migrations.RemoveField("order", "note"),', after="0001_initial")
    passed = project.command("schemacheck", "--migrations", "shop", "--trial")
    assert passed.returncode == 0, passed.stderr
    assert "[DONE] shop.0002_more backwards" in passed.stderr
    with psycopg.connect(server.url) as admin:
        assert admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'handrail_trial%'").fetchall() == []


def test_rows_are_asked_on_request(project: Project) -> None:
    project.migration("0002_more", 'migrations.AlterField("order", "note", models.TextField()),', after="0001_initial")
    assert project.check("shop", "0002").code == 0
    answer = project.check("--probe", "shop", "0002")
    (error,) = answer.reports[0]["errors"]
    assert (answer.code, error["rule"], error["sqlstate"]) == (1, "existing-rows-violate", "23502")
    assert error["line"] == project.line_of("0002_more", "AlterField")

"""Migrations say what the models say, and can be taken back."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.project.sources import APPS, PACKAGES, ROOT


@pytest.mark.django_db
def test_no_migration_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    except SystemExit:
        pytest.fail(f"Run manage.py makemigrations:\n{capsys.readouterr().out}")


@pytest.mark.django_db
@pytest.mark.parametrize("app", PACKAGES)
def test_every_migration_can_be_taken_back(app: str) -> None:
    graph = MigrationExecutor(connection).loader.graph
    for key in graph.nodes:
        if key[0] == app:
            stuck = [operation for operation in graph.nodes[key].operations if not operation.reversible]
            assert not stuck, f"{key}: {stuck} cannot be taken back; give it a reverse."


@pytest.mark.parametrize("app", PACKAGES)
def test_what_a_migration_writes_is_in_the_database_it_is_run_on(app: str) -> None:
    """Not in the one in use: `move` migrates its target, and `restore` a copy."""
    for path in sorted((ROOT / app / "migrations").glob("0*.py")):
        for line in path.read_text().splitlines():
            assert ".objects" not in line or ".objects.using(" in line, f"{path.name}: {line.strip()}"


@pytest.mark.django_db
def test_each_app_has_tables_of_its_own() -> None:
    tables = connection.introspection.table_names()
    assert all(any(table.startswith(f"{app}_") for table in tables) for app in APPS)

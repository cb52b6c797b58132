"""Nothing is written to a database that another project migrates."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config.database.ownership import ForeignDatabase, require_ours
from tests.project.sources import ROOT
from tests.services.throwaway import free_port


@pytest.fixture
def record(db: None) -> MigrationRecorder:
    return MigrationRecorder(connection)


def test_a_database_of_ours_is_ours_also_after_a_later_version(record: MigrationRecorder) -> None:
    require_ours(connection)
    record.record_applied("audit", "9999_of_a_later_version")
    require_ours(connection, to_replace=True)


def test_apps_that_are_not_ours_are_named_the_busiest_first(record: MigrationRecorder) -> None:
    for number in range(3):
        record.record_applied("payments", f"000{number}_x")
    for app in ("accounts", "b", "c", "d", "e"):
        record.record_applied(app, "0001_initial")
    with pytest.raises(ForeignDatabase, match=r"the apps payments, .* and 1 more") as refused:
        require_ours(connection)
    assert "set DATABASE_URL to it" in refused.value.detail
    assert refused.value.status == 409


@pytest.mark.parametrize(
    ("table", "tool"),
    [("alembic_version", "Alembic"), ("_prisma_migrations", "Prisma"), ("schema_migrations", "Rails, dbmate")],
)
def test_the_mark_of_another_tool_counts_until_we_are_there(table: str, tool: str, record: MigrationRecorder) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (version text)")
    require_ours(connection)  # somebody who lets us share knows
    record.migration_qs.filter(app="config").delete()
    with pytest.raises(ForeignDatabase, match=f"uses {tool}"):
        require_ours(connection)


def test_tables_of_which_nothing_is_known_are_shared_but_never_replaced(record: MigrationRecorder) -> None:
    record.migration_qs.all().delete()
    require_ours(connection)
    with pytest.raises(ForeignDatabase, match="audit_agentsession"):
        require_ours(connection, to_replace=True)


def theirs(folder: Path) -> Path:
    """The database of another Django project."""
    path = folder / "theirs.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            """
            CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied text);
            INSERT INTO django_migrations VALUES (1, 'auth', '0001_initial', ''), (2, 'shop', '0001_initial', '');
            CREATE TABLE auth_user (id integer PRIMARY KEY);
            CREATE TABLE shop_order (id integer PRIMARY KEY);
            """
        )
    return path


def schema(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.execute("SELECT name, sql FROM sqlite_master ORDER BY name"))


@pytest.mark.parametrize(
    "arguments",
    [["up"], ["migrate"], ["backup", "restore", "{backup}", "--yes"]],
    ids=lambda words: words[0],
)
def test_up_migrate_and_restore_leave_it_as_it_is_and_say_whose_it_looks_like(
    arguments: list[str], tmp_path: Path
) -> None:
    path = theirs(tmp_path)
    before = schema(path)
    known = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    known |= {"DJANGO_SETTINGS_MODULE": "mysite.settings", "DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port())}

    def run(*words: str, **environment: str) -> Any:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(command, env=known | environment, capture_output=True, text=True, check=False)

    backup = ""
    if "{backup}" in arguments:
        assert run("migrate", "--verbosity", "0").returncode == 0
        assert run("backup", "create").returncode == 0
        [made] = (tmp_path / "data" / "backups").glob("*.gz")
        backup = str(made)
    done = run(*(word.format(backup=backup) for word in arguments), DATABASE_URL=f"sqlite:///{path}")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "looks like that of another project: a Django project with the apps shop." in done.stderr
    assert schema(path) == before

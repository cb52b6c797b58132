"""Whose a database is. The address in a developer's shell is that of the project at hand, and no place for us."""

from collections import Counter
from collections.abc import Iterable

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from config import home
from config.errors import Conflict

_GROUND = "config"
"""The app without which there is no installation of ours."""
_NAMED = 5
_TOOLS = {
    "alembic_version": "Alembic",
    "flyway_schema_history": "Flyway",
    "schema_migrations": "Rails, dbmate or golang-migrate",
    "goose_db_version": "goose",
    "_sqlx_migrations": "sqlx",
    "_prisma_migrations": "Prisma",
    "databasechangelog": "Liquibase",
    "knex_migrations": "Knex",
    "__EFMigrationsHistory": "Entity Framework",
}
"""The tables in which other tools keep what they did, and whose they are."""


class ForeignDatabase(Conflict):
    """The database holds the tables of another project."""

    code = "foreign-database"
    remedy = "name a database of its own: `detail` says whose this one looks like"


def require_ours(connection: BaseDatabaseWrapper, *, to_replace: bool = False) -> None:
    """Let nothing be written to a database that another project migrates. Raises ForeignDatabase.

    With `to_replace`, when all that is there would go, also to none with tables of which we know nothing.
    """
    tables = set(connection.introspection.table_names())
    applied = _applied(connection, tables)
    ours = {app.label for app in apps.get_app_configs()}
    if theirs := [app for app, _ in applied.most_common() if app not in ours]:
        raise _foreign(connection, f"a Django project with the apps {_some(theirs)}")
    if applied[_GROUND]:
        return
    tools = sorted(tables & _TOOLS.keys())
    if tools:
        named = _some(sorted(tables.difference(tools))) or "no tables yet"
        raise _foreign(connection, f"one that uses {_TOOLS[tools[0]]}, with {named}")
    if to_replace and tables:
        raise _foreign(connection, f"it has {_some(sorted(tables))}")


def _applied(connection: BaseDatabaseWrapper, tables: set[str]) -> Counter[str]:
    """How many migrations of each app a database has."""
    recorder = MigrationRecorder(connection)
    if recorder.Migration._meta.db_table not in tables:
        return Counter()
    return Counter(recorder.migration_qs.values_list("app", flat=True))


def _foreign(connection: BaseDatabaseWrapper, whose: str) -> ForeignDatabase:
    name, variable = connection.settings_dict["NAME"], home.spelled("DATABASE_URL")
    return ForeignDatabase(
        f"The database {name} looks like that of another project: {whose}. Nothing was written to it. Make one for "
        f"Handrail alone and set {variable} to it, or unset {variable} to use SQLite in DATA_DIR."
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")

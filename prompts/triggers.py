"""Database triggers that keep versions as they were saved, whoever holds the connection.

Installed after every migration, since SQLite loses a table's triggers when a migration rebuilds it; and removed before
it, since SQLite rebuilds no table that the trigger of another one names, and a migration may fill or take away a column
that a trigger keeps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connections, transaction

from prompts.models import Version

NEVER_CHANGES = "a saved prompt version never changes"
GOES_WITH_ITS_PROMPT = "a prompt version goes with its prompt alone: save another one, or delete the prompt"

_DIFFERS = "IS DISTINCT FROM"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guard:
    """What one trigger refuses: a verb on a row of a table, when a condition holds."""

    table: str
    name: str
    verb: str
    when: str
    said: str = NEVER_CHANGES

    def on_sqlite(self) -> list[str]:
        return [
            f"DROP TRIGGER IF EXISTS {self.table}_{self.name}",
            f"""CREATE TRIGGER {self.table}_{self.name} BEFORE {self.verb} ON {self.table}
            WHEN {self.when} BEGIN SELECT RAISE(ABORT, '{self.said}'); END""",
        ]

    def on_postgresql(self) -> list[str]:
        return [
            f"""CREATE OR REPLACE FUNCTION {self.table}_{self.name}() RETURNS trigger LANGUAGE plpgsql AS $guard$
            BEGIN
                IF {self.when} THEN
                    RAISE EXCEPTION '{self.said}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN {"OLD" if self.verb == "DELETE" else "NEW"};
            END $guard$""",
            f"""CREATE OR REPLACE TRIGGER {self.table}_{self.name} BEFORE {self.verb} ON {self.table}
            FOR EACH ROW EXECUTE FUNCTION {self.table}_{self.name}()""",
        ]


def install(using: str) -> None:
    """Put the triggers in place on a database that has the tables; one that went back has fewer of them."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if "prompts_version" not in tables:
        return
    is_sqlite = connection.vendor == "sqlite"
    with transaction.atomic(using=using), connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, "prompts_version")}
        kept = [str(field.column) for field in Version._meta.concrete_fields if field.name not in Version.CHANGING]
        guards = list(_guards([column for column in kept if column in there], "IS NOT" if is_sqlite else _DIFFERS))
        guards += _unreplaced() if is_sqlite else []
        for guard in guards:
            if guard.table in tables:
                for statement in guard.on_sqlite() if is_sqlite else guard.on_postgresql():
                    cursor.execute(statement)


def remove(using: str) -> None:
    """Take them off a database that is about to be migrated."""
    connection = connections[using]
    is_sqlite = connection.vendor == "sqlite"
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for guard in [*_guards((), _DIFFERS), *_unreplaced()]:
            if guard.table in tables:
                place = "" if is_sqlite else f" ON {guard.table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {guard.table}_{guard.name}{place}")


def _guards(columns: Sequence[str], differs: str) -> Iterator[_Guard]:
    changed = " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)
    is_kept = "EXISTS (SELECT 1 FROM prompts_prompt WHERE id = OLD.prompt_id)"
    part_is_kept = """EXISTS (SELECT 1 FROM prompts_prompt p JOIN prompts_version v ON v.prompt_id = p.id
        WHERE v.id = OLD.version_id)"""
    for table, update, delete in (
        ("prompts_version", changed, is_kept),
        ("prompts_versionpart", "TRUE", part_is_kept),
    ):
        yield _Guard(table=table, name="immutable", verb="UPDATE", when=update)
        yield _Guard(table=table, name="undeleted", verb="DELETE", when=delete, said=GOES_WITH_ITS_PROMPT)


def _unreplaced() -> Iterator[_Guard]:
    """INSERT OR REPLACE of SQLite removes the row that is in its way without asking the trigger of DELETE."""
    keys = {"prompts_version": ("prompt_id", "number"), "prompts_versionpart": ("version_id", "name")}
    for table, (first, second) in keys.items():
        same = f"id = NEW.id OR ({first} = NEW.{first} AND {second} = NEW.{second})"
        is_there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  -- all of it stands here
        yield _Guard(table=table, name="unreplaced", verb="INSERT", when=is_there)

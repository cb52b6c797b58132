"""Database triggers that keep versions as they were saved, whoever holds the connection.

Installed after every migration, since SQLite loses a table's triggers when a migration rebuilds it.
"""

from collections.abc import Sequence

from django.db import connections, transaction

from prompts.models import Version

NEVER_CHANGES = "a saved prompt version never changes"
GOES_WITH_ITS_PROMPT = "a prompt version goes with its prompt alone: save another one, or delete the prompt"
_PROMPT_IS_THERE = "EXISTS (SELECT 1 FROM prompts_prompt WHERE id = OLD.prompt_id)"
_IS_THERE = (
    "EXISTS (SELECT 1 FROM prompts_version WHERE id = NEW.id OR (prompt_id = NEW.prompt_id AND number = NEW.number))"
)


def _sqlite(columns: Sequence[str]) -> list[str]:
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in columns)
    guards = {
        "immutable": ("UPDATE", changed, NEVER_CHANGES),
        # INSERT OR REPLACE removes the row that is in its way without asking the trigger of DELETE.
        "unreplaced": ("INSERT", _IS_THERE, NEVER_CHANGES),
        "undeleted": ("DELETE", _PROMPT_IS_THERE, GOES_WITH_ITS_PROMPT),
    }
    statements = [f"DROP TRIGGER IF EXISTS prompts_version_{name}" for name in guards]
    for name, (verb, when, said) in guards.items():
        statements.append(
            f"""CREATE TRIGGER prompts_version_{name} BEFORE {verb} ON prompts_version
            WHEN {when} BEGIN SELECT RAISE(ABORT, '{said}'); END"""
        )
    return statements


def _postgresql(columns: Sequence[str]) -> list[str]:
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    return [
        f"""CREATE OR REPLACE FUNCTION prompts_version_immutable() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN RAISE EXCEPTION '{NEVER_CHANGES}' USING ERRCODE = 'integrity_constraint_violation'; END $guard$""",
        f"""CREATE OR REPLACE FUNCTION prompts_version_undeleted() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN
            IF {_PROMPT_IS_THERE} THEN
                RAISE EXCEPTION '{GOES_WITH_ITS_PROMPT}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN OLD;
        END $guard$""",
        f"""CREATE OR REPLACE TRIGGER prompts_version_immutable BEFORE UPDATE ON prompts_version
        FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION prompts_version_immutable()""",
        """CREATE OR REPLACE TRIGGER prompts_version_undeleted BEFORE DELETE ON prompts_version
        FOR EACH ROW EXECUTE FUNCTION prompts_version_undeleted()""",
    ]


def install(using: str) -> None:
    """Put the triggers in place on a database that has the table; one that went back has fewer columns."""
    connection = connections[using]
    if "prompts_version" not in connection.introspection.table_names():
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, "prompts_version")}
        kept = [field.column for field in Version._meta.concrete_fields if field.name not in Version.CHANGING]
        columns = [column for column in kept if column in there]
        for statement in (_postgresql if connection.vendor == "postgresql" else _sqlite)(columns):
            cursor.execute(statement)

from django.db import migrations

# A migration that rebuilds the table on SQLite (an AlterField does) drops its triggers: run `install` again there.
COLUMNS = [
    "prompt_id",
    "number",
    "prompt_text",
    "messages",
    "purpose",
    "notes",
    "settings",
    "tokens",
    "content_hash",
    "created_at",
    "created_by",
]
MESSAGE = "a saved prompt version never changes"


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in COLUMNS)
        schema_editor.execute(
            "CREATE TRIGGER prompts_version_immutable BEFORE UPDATE ON prompts_version "
            f"WHEN {changed} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )
        return
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in COLUMNS)
    schema_editor.execute(
        "CREATE FUNCTION prompts_version_immutable() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    schema_editor.execute(
        "CREATE TRIGGER prompts_version_immutable BEFORE UPDATE ON prompts_version "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION prompts_version_immutable()"
    )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS prompts_version_immutable")
        return
    schema_editor.execute("DROP TRIGGER IF EXISTS prompts_version_immutable ON prompts_version")
    schema_editor.execute("DROP FUNCTION IF EXISTS prompts_version_immutable")


class Migration(migrations.Migration):
    dependencies = [("prompts", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]

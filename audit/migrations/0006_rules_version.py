import uuid

from django.db import migrations, models


def remove_triggers(apps, schema_editor):
    """On the way back: without their table the triggers would refuse every change of a rule."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS rules_version() CASCADE")
    else:
        for verb in ("insert", "update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS rules_version_{verb}")


class Migration(migrations.Migration):
    """Its row and triggers come with `audit.permissions.version.install`, after every migration."""

    dependencies = [
        ("audit", "0005_event_agent"),
    ]

    operations = [
        migrations.CreateModel(
            name="RulesVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.UUIDField(default=uuid.uuid4)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="rules_version_once")],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, remove_triggers),
    ]

import config.identifiers
from django.db import migrations, models


def begin_balanced(apps, schema_editor):
    """A fresh installation has the packs and leaves what no rule speaks of to the agent; one in use stays strict."""
    audit, there = apps.get_app_config("audit"), schema_editor.connection.alias
    is_in_use = any(audit.get_model(name).objects.using(there).exists() for name in ("PermissionRule", "Event"))
    if not is_in_use:
        audit.get_model("PermissionPosture").objects.using(there).create(posture="balanced")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0010_decisions_by_agent_and_rule"),
    ]

    operations = [
        migrations.CreateModel(
            name="PermissionException",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=config.identifiers.uuid7, editable=False, unique=True)),
                (
                    "rule_id",
                    models.CharField(
                        help_text="The id in a refusal, such as git.reset; a pack, such as containers; or the uid of a rule of yours.",
                        max_length=64,
                        verbose_name="rule",
                    ),
                ),
                (
                    "agent",
                    models.CharField(blank=True, help_text="Such as claude; empty for every agent.", max_length=32),
                ),
                (
                    "project",
                    models.CharField(
                        blank=True, help_text="A folder, with all below it; empty for every project.", max_length=500
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        blank=True, help_text="When the rule holds again; empty for never.", null=True
                    ),
                ),
                ("reason", models.CharField(blank=True, help_text="Why, for whoever looks later.", max_length=1000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "exception",
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("rule_id", "agent", "project"), name="exception_once")],
            },
        ),
        migrations.CreateModel(
            name="PermissionOnce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=config.identifiers.uuid7, editable=False, unique=True)),
                ("call_hash", models.CharField(editable=False, max_length=64)),
                ("code", models.CharField(help_text="As the refusal has it.", max_length=8)),
                ("told", models.TextField(editable=False, help_text="What may run.", verbose_name="call")),
                ("project", models.CharField(editable=False, max_length=500)),
                ("agent", models.CharField(editable=False, max_length=100)),
                ("until", models.DateTimeField(editable=False)),
                ("used_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "allowance",
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("call_hash",), name="once_once")],
            },
        ),
        migrations.CreateModel(
            name="PermissionPosture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=config.identifiers.uuid7, editable=False, unique=True)),
                (
                    "agent",
                    models.CharField(blank=True, help_text="Such as claude; empty for every agent.", max_length=32),
                ),
                (
                    "project",
                    models.CharField(
                        blank=True, help_text="A folder, with all below it; empty for every project.", max_length=500
                    ),
                ),
                (
                    "posture",
                    models.CharField(
                        choices=[("strict", "Strict"), ("balanced", "Balanced"), ("open", "Open")],
                        help_text="strict asks what no rule allows; balanced leaves what no rule speaks of to the agent's own permissions; open answers only what is denied.",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "posture",
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("agent", "project"), name="posture_once")],
            },
        ),
        migrations.RunPython(begin_balanced, migrations.RunPython.noop),
    ]

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.identifiers

WORDS = {
    "sqlite": [
        "CREATE VIRTUAL TABLE prompts_memory_words USING fts5"
        "(text, around, scope, tokenize = 'porter unicode61 remove_diacritics 2')"
    ],
    # No foreign key: what empties the tables of an application would be refused.
    "postgresql": [
        "CREATE TABLE prompts_memory_words (memory_id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX memory_words ON prompts_memory_words USING gin (words)",
    ],
}


def make_index(apps, schema_editor):
    for statement in WORDS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop_index(apps, schema_editor):
    schema_editor.execute("DROP TABLE prompts_memory_words")


class Migration(migrations.Migration):
    dependencies = [("prompts", "0011_compressions")]
    operations = [
        migrations.CreateModel(
            name="Memory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=config.identifiers.uuid7, editable=False, unique=True)),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("short", "short-term: of one session, for 30 minutes"),
                            ("long", "long-term"),
                            ("pattern", "a way of working that succeeded again and again"),
                        ],
                        default="long",
                        max_length=8,
                    ),
                ),
                ("text", models.TextField(help_text="What is to be known, as a fact. Secrets in it are taken out.")),
                (
                    "project",
                    models.CharField(
                        blank=True, default="", help_text="Where it holds; blank: everywhere.", max_length=255
                    ),
                ),
                ("agent", models.CharField(blank=True, default="", help_text="Who learnt it.", max_length=100)),
                ("session_id", models.CharField(blank=True, default="", max_length=128)),
                ("task_id", models.CharField(blank=True, default="", help_text="What was being done.", max_length=255)),
                ("tags", models.JSONField(blank=True, default=list)),
                (
                    "is_explicit",
                    models.BooleanField(default=True, help_text="Saved on purpose; it stands before what was noted."),
                ),
                (
                    "success",
                    models.BooleanField(blank=True, help_text="How the task ended that it tells of.", null=True),
                ),
                (
                    "usage_count",
                    models.PositiveIntegerField(default=0, editable=False, help_text="How often it was recalled."),
                ),
                (
                    "tried",
                    models.PositiveIntegerField(default=0, editable=False, help_text="Tasks a pattern rests on."),
                ),
                (
                    "succeeded",
                    models.PositiveIntegerField(default=0, editable=False, help_text="Of these, how many succeeded."),
                ),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                ("expires_at", models.DateTimeField(blank=True, db_index=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("created_by", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "superseded_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="supersedes",
                        to="prompts.memory",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "memories",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["project", "agent", "-id"], name="memory_project"),
                    models.Index(fields=["agent", "-id"], name="memory_agent"),
                    models.Index(fields=["task_id", "-id"], name="memory_task"),
                    models.Index(fields=["tier", "-id"], name="memory_tier"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="memory_has_text"),
                    models.CheckConstraint(
                        condition=models.Q(("session_id", ""), ("tier", "short"), _negated=True),
                        name="memory_short_has_session",
                    ),
                ],
            },
        ),
        migrations.RunPython(make_index, drop_index),
    ]

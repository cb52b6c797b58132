import django.core.validators
import django.utils.timezone
from django.db import migrations, models

import config.identifiers


class Migration(migrations.Migration):
    dependencies = [("prompts", "0009_every_run_is_of_an_evaluation")]
    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=config.identifiers.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="`name/model` asks a model of it.",
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9._-]{0,63}\\Z",
                                "A lower-case letter, then letters, digits and . _ - only, at most 64.",
                            )
                        ],
                    ),
                ),
                (
                    "api",
                    models.CharField(
                        choices=[("openai", "OpenAI's chat completions"), ("anthropic", "Anthropic's messages")],
                        default="openai",
                        max_length=16,
                    ),
                ),
                ("base_url", models.CharField(help_text="Ends in /v1.", max_length=500)),
                ("model", models.CharField(help_text="The model that `name/` asks.", max_length=255)),
                ("sealed_key", models.TextField(blank=True, editable=False)),
                ("key_ends", models.CharField(blank=True, editable=False, max_length=4)),
                ("timeout_seconds", models.FloatField(default=60.0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("created_by", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "tried_at",
                    models.DateTimeField(editable=False, help_text="When it was last tried.", null=True),
                ),
                ("problem", models.TextField(blank=True, editable=False, help_text="Why that try failed.")),
            ],
            options={"ordering": ["-id"]},
        ),
    ]

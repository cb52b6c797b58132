import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompts", "0005_gate")]
    operations = [
        migrations.AddField(
            model_name="prompt",
            name="folder",
            field=models.CharField(
                blank=True, db_index=True, default="", help_text="Such as support/triage.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="branch",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Of a try beside the line; empty on the line.",
                max_length=64,
            ),
        ),
        migrations.CreateModel(
            name="PromptTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64)),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tagged", to="prompts.prompt"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="prompttag",
            constraint=models.UniqueConstraint(fields=("name", "prompt"), name="prompt_tag"),
        ),
    ]

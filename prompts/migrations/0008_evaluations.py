import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import config.identifiers

BATCH = 500


def give_each_run_one(apps, schema_editor):
    """A run of before was one version, asked once."""
    there, evaluation_model = schema_editor.connection.alias, apps.get_model("prompts", "Evaluation")
    every = apps.get_model("prompts", "Run").objects.using(there)
    while runs := list(every.filter(evaluation=None).select_related("version").order_by("pk")[:BATCH]):
        made = [
            evaluation_model(
                uid=config.identifiers.uuid7(),
                prompt_id=run.version.prompt_id,
                created_at=run.created_at,
                created_by=run.created_by,
            )
            for run in runs
        ]
        for run, evaluation in zip(runs, evaluation_model.objects.using(there).bulk_create(made), strict=True):
            run.evaluation = evaluation
        every.bulk_update(runs, ["evaluation"], batch_size=100)


class Migration(migrations.Migration):
    dependencies = [("prompts", "0007_composition")]
    operations = [
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=config.identifiers.uuid7, editable=False, unique=True)),
                ("repeats", models.PositiveSmallIntegerField(default=1, help_text="How often each case is asked.")),
                (
                    "threshold",
                    models.FloatField(default=1.0, help_text="The share of its repeats a case must pass."),
                ),
                (
                    "max_tokens",
                    models.PositiveBigIntegerField(help_text="Of all runs together; then they end.", null=True),
                ),
                ("max_cost_micros", models.PositiveBigIntegerField(help_text="Micro-dollars, likewise.", null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("created_by", models.CharField(blank=True, max_length=255)),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evaluations", to="prompts.prompt"
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddField(
            "run",
            "evaluation",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="runs",
                to="prompts.evaluation",
            ),
        ),
        migrations.AddField(
            "run",
            "position",
            models.PositiveSmallIntegerField(default=1, help_text="Its place in the evaluation."),
        ),
        migrations.RemoveConstraint("runresult", "result_position"),
        migrations.AddField("runresult", "repeat", models.PositiveSmallIntegerField(default=1)),
        migrations.AddConstraint(
            "runresult",
            models.UniqueConstraint(fields=("run", "position", "repeat"), name="result_repeat"),
        ),
        migrations.AlterModelOptions("runresult", {"ordering": ["run", "position", "repeat"]}),
        migrations.RunPython(give_each_run_one, migrations.RunPython.noop),
    ]

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

PRODUCTION = "production"


def label_active(apps, schema_editor):
    """The version that was active holds `production`, which anybody may move as before."""
    there = schema_editor.connection.alias
    label_model, versions = (
        apps.get_model("prompts", "Label"),
        apps.get_model("prompts", "Version").objects.using(there),
    )
    active = versions.filter(is_active=True).values_list("prompt_id", "pk", "created_by")
    label_model.objects.using(there).bulk_create(
        [
            label_model(prompt_id=prompt, version_id=version, name=PRODUCTION, moved_by=by)
            for prompt, version, by in active.iterator(500)
        ],
        batch_size=500,
    )


def activate_labelled(apps, schema_editor):
    there = schema_editor.connection.alias
    held = apps.get_model("prompts", "Label").objects.using(there).filter(name=PRODUCTION)
    apps.get_model("prompts", "Version").objects.using(there).filter(pk__in=held.values("version")).update(
        is_active=True
    )


class Migration(migrations.Migration):
    dependencies = [("prompts", "0003_run_conditions")]
    operations = [
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9._-]{0,63}\\Z",
                                "A lower-case letter, then letters, digits and . _ - only, at most 64.",
                            )
                        ],
                    ),
                ),
                (
                    "protected",
                    models.BooleanField(
                        default=False, help_text="It moves on evidence or by two, and is not taken away."
                    ),
                ),
                ("moved_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("moved_by", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="labels", to="prompts.prompt"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="labels", to="prompts.version"
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(fields=("prompt", "name"), name="label_name"),
        ),
        migrations.RunPython(label_active, activate_labelled),
        migrations.RemoveConstraint(model_name="version", name="one_active_version"),
        migrations.RemoveField(model_name="version", name="is_active"),
    ]

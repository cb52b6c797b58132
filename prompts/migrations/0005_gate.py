import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompts", "0004_labels")]
    operations = [
        migrations.AddField(
            model_name="testcase",
            name="must_pass",
            field=models.BooleanField(
                default=False,
                help_text="Whatever the statistics say, a version that fails it takes no protected label.",
            ),
        ),
        migrations.CreateModel(
            name="LabelApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("approved_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("approved_by", models.CharField(editable=False, max_length=255)),
                (
                    "person",
                    models.CharField(editable=False, help_text="Whose key or page it came by.", max_length=255),
                ),
                (
                    "label",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="prompts.label"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        help_text="That may hold the label.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="prompts.version",
                    ),
                ),
                (
                    "against",
                    models.ForeignKey(
                        help_text="That held it then.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="prompts.version",
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddConstraint(
            model_name="labelapproval",
            constraint=models.UniqueConstraint(fields=("label", "version", "against", "person"), name="label_approval"),
        ),
    ]

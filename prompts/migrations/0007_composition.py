import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompts", "0006_folders_tags_and_branches")]
    operations = [
        migrations.CreateModel(
            name="VersionPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As it is written there.", max_length=300)),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="used_as", to="prompts.version"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="prompts.version"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="versionpart",
            constraint=models.UniqueConstraint(fields=("version", "name"), name="version_part"),
        ),
    ]

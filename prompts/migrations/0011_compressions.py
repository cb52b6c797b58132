import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompts", "0010_endpoints")]
    operations = [
        migrations.CreateModel(
            "Compression",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("writer", models.CharField(help_text="Who sent it, and alone may read it.", max_length=512)),
                ("hash", models.CharField(help_text="SHA-256 of the text.", max_length=64)),
                ("packed", models.BinaryField(help_text="The text, as zlib packs it.")),
                ("packed_bytes", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("writer", "hash"), name="compression_once")],
            },
        ),
    ]

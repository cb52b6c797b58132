from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prompts", "0012_memories")]
    operations = [
        migrations.AddField(
            "evaluation",
            "reuse",
            models.BooleanField(
                default=False, help_text="Take answers of runs before to the very same question, of the same repeat."
            ),
        ),
        migrations.AddField(
            "runresult",
            "answer_key",
            models.CharField(blank=True, db_index=True, default="", max_length=64),
        ),
        migrations.AddField(
            "runresult",
            "reused",
            models.BooleanField(default=False, help_text="The answer of a run before: it cost nothing here."),
        ),
    ]

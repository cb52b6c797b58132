import django.db.models.deletion
from django.db import migrations, models

# By itself: PostgreSQL alters no table in the transaction that filled its new column.


class Migration(migrations.Migration):
    dependencies = [("prompts", "0008_evaluations")]
    operations = [
        migrations.AlterField(
            "run",
            "evaluation",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="prompts.evaluation"
            ),
        ),
        migrations.AddConstraint(
            "run",
            models.UniqueConstraint(fields=("evaluation", "position"), name="run_position"),
        ),
    ]

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def begin_at_the_newest_event(apps, schema_editor):
    """What happened before is known already, and what a bug was opened for has one."""
    order = ("-tx", "-id") if schema_editor.connection.vendor == "postgresql" else ("-id",)
    here = schema_editor.connection.alias
    newest = apps.get_model("audit", "Event").objects.using(here).order_by(*order).values_list("tx", "id").first()
    if newest:
        apps.get_model("escalation", "TrailPosition").objects.using(here).create(pk=1, tx=newest[0], event_id=newest[1])


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0014_decisions_left"),
        ("escalation", "0007_call_people_by_policies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=64, unique=True)),
                (
                    "event_type",
                    models.CharField(help_text="Such as backup.failed, or backup.* for all of them.", max_length=100),
                ),
                ("where", models.JSONField(blank=True, default=dict, help_text="What an event must say, by path.")),
                (
                    "per",
                    models.CharField(
                        blank=True, help_text="The path of what is counted apart; empty: together.", max_length=100
                    ),
                ),
                ("count", models.PositiveIntegerField(default=1, help_text="How many events it takes.")),
                ("window_minutes", models.PositiveIntegerField(default=10, help_text="In how many minutes.")),
                (
                    "message",
                    models.CharField(
                        help_text="What people read; {path} stands for what the event says.", max_length=500
                    ),
                ),
                (
                    "bug_impact",
                    models.CharField(
                        blank=True,
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")],
                        help_text="Of the bug it opens; empty: it opens none.",
                        max_length=16,
                    ),
                ),
                (
                    "channels",
                    models.JSONField(blank=True, default=list, help_text="Names of channels that get a message."),
                ),
                (
                    "again_after_minutes",
                    models.PositiveIntegerField(
                        default=60, help_text="How long it sends no further message about the same."
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("last_fired_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="AlertTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(help_text="The hash of what is counted apart.", max_length=64)),
                ("moments", models.JSONField(default=list, help_text="Seconds since 1970, the oldest first.")),
                ("said_at", models.DateTimeField(help_text="When a message about it was last sent.", null=True)),
                ("touched_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="TrailPosition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tx", models.BigIntegerField(default=-1)),
                ("event_id", models.BigIntegerField(default=-1)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="delivery",
            name="delivery_purpose_known",
        ),
        migrations.AddField(
            model_name="delivery",
            name="approval",
            field=models.ForeignKey(
                help_text="What an agent asks, if the message can answer that.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="audit.approval",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="purpose",
            field=models.CharField(choices=[("call", "Call"), ("alert", "Alert"), ("test", "Test")], max_length=16),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["call", "alert", "test"])), name="delivery_purpose_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("bug_impact__in", ["", "low", "medium", "high", "critical"])),
                name="alert_impact_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="alert_of_some_events"),
        ),
        migrations.AddField(
            model_name="alerttally",
            name="alert",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tallies", to="escalation.alert"
            ),
        ),
        migrations.AddConstraint(
            model_name="alerttally",
            constraint=models.UniqueConstraint(fields=("alert", "subject"), name="alert_one_tally"),
        ),
        migrations.RunPython(begin_at_the_newest_event, migrations.RunPython.noop),
    ]

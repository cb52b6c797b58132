import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

TAKES_NOTICE = {"bug.acknowledged", "bug.investigation_started", "bug.resolved"}


def read_back(apps, schema_editor):
    """Bugs that came back overwrote the times they had; the trail still has them."""
    there = schema_editor.connection.alias
    bugs = apps.get_model("escalation", "Bug").objects.using(there)
    cycles = apps.get_model("escalation", "Cycle").objects.using(there)
    events = apps.get_model("audit", "Event").objects.using(there).filter(entity_type="bug")
    bugs.update(began_at=models.F("first_seen_at"))
    returned = events.filter(event_type="bug.reopened").order_by().values_list("entity_id", flat=True).distinct()
    for bug_id in list(returned):
        bug = bugs.filter(bug_id=bug_id).first()
        if bug is not None:
            told = events.filter(entity_id=bug_id).order_by("id").values_list("event_type", "timestamp")
            ended, bug.began_at = cycles_of(bug.first_seen_at, told.iterator())
            bug.save(update_fields=["began_at"])
            cycles.bulk_create([cycles.model(bug=bug, **times) for times in ended])


def cycles_of(began_at, told):
    """The cycles that ended, and when the present one began. One that retention has holes in is left out."""
    ended, now = [], {"began_at": began_at, "escalated_at": began_at}
    for event_type, at in told:
        if event_type == "bug.escalated":
            now["escalated_at"] = at
        if event_type in TAKES_NOTICE:
            now.setdefault("acknowledged_at", at)
        if event_type == "bug.resolved":
            now["resolved_at"] = at
        if event_type == "bug.reopened":
            now["reopened_at"] = at
            names = ("began_at", "escalated_at", "acknowledged_at", "resolved_at", "reopened_at")
            times = [now[name] for name in names if name in now]
            if len(times) == len(names) and times == sorted(times):
                ended.append(now)
            now = {"began_at": at, "escalated_at": at}
    return ended, now["began_at"]


class Migration(migrations.Migration):
    dependencies = [("escalation", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="bug",
            name="began_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="When its present cycle began: first report, or last return.",
            ),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="Cycle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField(help_text="First report, or the return that began it.")),
                ("escalated_at", models.DateTimeField(help_text="Since when it waited for somebody.")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_at", models.DateTimeField()),
                ("reopened_at", models.DateTimeField()),
                (
                    "bug",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cycles", to="escalation.bug"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["bug", "-id"], name="cycle_bug"),
                    models.Index(fields=["resolved_at"], name="cycle_resolved"),
                ],
            },
        ),
        migrations.RunPython(read_back, migrations.RunPython.noop),
    ]

from django.db import migrations, models

# A frozen copy of what audit.permissions.records.verdict_of says.
SAID = {"sqlite": "json_extract(new_value, '$.decision')", "postgresql": "new_value ->> 'decision'"}
FILL = """
UPDATE audit_event SET decision = {said}
WHERE event_type = 'decision.made' AND {said} IN ('allow', 'deny', 'confirm')
"""


def tell_decisions_made_before(apps, schema_editor):
    """The triggers let pass what changes nothing proven, while there is a permit."""
    permits = apps.get_model("audit", "RemovalPermit").objects.using(schema_editor.connection.alias)
    permit = permits.create(reason="the column of decisions is filled")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL.format(said=SAID[schema_editor.connection.vendor]))
    permit.delete()


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_event_entity_indexes")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="decision",
            field=models.CharField(
                editable=False,
                help_text="allow, deny or confirm, which new_value of a decided call says.",
                max_length=7,
                null=True,
            ),
        ),
        migrations.RunPython(tell_decisions_made_before, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("decision__isnull", False)), fields=["decision", "-id"], name="event_decision"
            ),
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[],
            options={"verbose_name": "decision", "proxy": True, "indexes": [], "constraints": []},
            bases=("audit.event",),
        ),
    ]

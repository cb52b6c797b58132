from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone

# Frozen copies of what audit.ledger.counting says of them: a migration does for ever what it did.
WORDS = {
    "sqlite": {
        "hour": "substr(timestamp, 1, 13) || ':00:00'",
        "day": "substr(timestamp, 1, 10) || ' 00:00:00'",
        "said": "json_extract(new_value, '$.decision')",
        "sealed": "id <= %(id)s",
    },
    "postgresql": {
        "hour": "date_trunc('hour', timestamp, 'UTC')",
        "day": "date_trunc('day', timestamp, 'UTC')",
        "said": "new_value ->> 'decision'",
        "sealed": "(tx, id) <= (%(tx)s, %(id)s) AND tx > 0",
    },
}
COUNT = """
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT '{dimension}', CASE WHEN timestamp < %(old)s THEN {day} ELSE {hour} END, {value}, COUNT(*) FROM audit_event WHERE {sealed} AND {chosen} GROUP BY 2, 3
"""
DIMENSIONS = {
    "type": ("event_type", "1 = 1"),
    "actor": ("actor", "1 = 1"),
    "decision": ("{said}", "event_type = 'decision.made' AND {said} IN ('allow', 'deny', 'confirm')"),
}


def count_what_is_sealed(apps, schema_editor):
    """Three passes over the events, a few seconds for a million of them; the rest is counted as it is sealed.

    By the day where the daily job would have folded the hours by now.
    """
    words = WORDS[schema_editor.connection.vendor]
    old = (timezone.now() - timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
    old = schema_editor.connection.ops.adapt_datetimefield_value(old)
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x68616E6472])  # the sealer's
        cursor.execute("SELECT last_tx, last_id FROM audit_tile ORDER BY number DESC LIMIT 1")
        for tx, id_ in cursor.fetchall():
            for dimension, (value, chosen) in DIMENSIONS.items():
                told = {"dimension": dimension, "value": value.format(**words), "chosen": chosen.format(**words)}
                cursor.execute(COUNT.format(**words, **told), {"tx": tx, "id": id_, "old": old})


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_rules_version")]

    operations = [
        migrations.CreateModel(
            name="EventCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "dimension", "hour", "value", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "dimension",
                    models.CharField(
                        choices=[("type", "Type"), ("actor", "Actor"), ("decision", "Decision")], max_length=8
                    ),
                ),
                ("hour", models.DateTimeField(help_text="The hour's beginning, UTC.")),
                ("value", models.CharField(max_length=255)),
                ("count", models.PositiveBigIntegerField()),
            ],
        ),
        migrations.RunPython(count_what_is_sealed, migrations.RunPython.noop),
    ]

from datetime import timedelta

from django.db import migrations, models
from django.utils import timezone

# Frozen copies of what audit.ledger.counting_statements says of them: a migration does for ever what it did.
WORDS = {
    "sqlite": {
        "hour": "substr(timestamp, 1, 13) || ':00:00'",
        "day": "substr(timestamp, 1, 10) || ' 00:00:00'",
        "rule": "substr(json_extract(new_value, '$.rule'), 1, 240)",
        "sealed": "id <= %(id)s",
    },
    "postgresql": {
        "hour": "date_trunc('hour', timestamp, 'UTC')",
        "day": "date_trunc('day', timestamp, 'UTC')",
        "rule": "left(new_value ->> 'rule', 240)",
        "sealed": "(tx, id) <= (%(tx)s, %(id)s) AND tx > 0",
    },
}
COUNT = """
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT '{dimension}', CASE WHEN timestamp < %(old)s THEN {day} ELSE {hour} END, decision || ' ' || {value}, COUNT(*) FROM audit_event WHERE {sealed} AND decision IN ({verdicts}) AND {value} IS NOT NULL GROUP BY 2, 3
"""
DIMENSIONS = {"agent": ("agent", "'allow', 'deny', 'confirm'"), "rule": ("{rule}", "'deny', 'confirm'")}


def count_what_is_sealed(apps, schema_editor):
    """Two passes over the decisions; the rest is counted as it is sealed.

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
            for dimension, (value, verdicts) in DIMENSIONS.items():
                told = {"dimension": dimension, "value": value.format(**words), "verdicts": verdicts}
                cursor.execute(COUNT.format(**words, **told), {"tx": tx, "id": id_, "old": old})


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_event_decision")]

    operations = [
        migrations.AlterField(
            model_name="eventcount",
            name="dimension",
            field=models.CharField(
                choices=[
                    ("type", "Type"),
                    ("actor", "Actor"),
                    ("decision", "Decision"),
                    ("agent", "Agent"),
                    ("rule", "Rule"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(count_what_is_sealed, migrations.RunPython.noop),
    ]

"""What hits come to moves from the entries to a narrow table of its own; entries that were never hit have no row.

The index of request hashes goes: nothing asked it, and each entry paid for it.
"""

import django.db.models.deletion
from django.db import migrations, models

# Savings end at 2**53 - 1 there (visioncache/buffer.py), so that no sum is beyond its column.
MOVE = """
INSERT INTO visioncache_entrystat (entry_id, hit_count, last_hit_at, saved_ms, saved_cost_micros)
SELECT id, hit_count, COALESCE(last_hit_at, stored_at),
       CASE WHEN saved_ms < 9007199254740991 THEN saved_ms ELSE 9007199254740991 END,
       CASE WHEN saved_cost_micros < 9007199254740991 THEN saved_cost_micros ELSE 9007199254740991 END
  FROM visioncache_entry WHERE hit_count > 0
"""
MOVE_BACK = """
UPDATE visioncache_entry
   SET hit_count = (SELECT s.hit_count FROM visioncache_entrystat s WHERE s.entry_id = visioncache_entry.id),
       last_hit_at = (SELECT s.last_hit_at FROM visioncache_entrystat s WHERE s.entry_id = visioncache_entry.id),
       saved_ms = (SELECT s.saved_ms FROM visioncache_entrystat s WHERE s.entry_id = visioncache_entry.id),
       saved_cost_micros =
           (SELECT s.saved_cost_micros FROM visioncache_entrystat s WHERE s.entry_id = visioncache_entry.id)
 WHERE id IN (SELECT entry_id FROM visioncache_entrystat)
"""


class Migration(migrations.Migration):
    dependencies = [("visioncache", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="EntryStat",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stat",
                        serialize=False,
                        to="visioncache.entry",
                    ),
                ),
                ("hit_count", models.PositiveBigIntegerField()),
                ("last_hit_at", models.DateTimeField()),
                ("saved_ms", models.PositiveBigIntegerField()),
                ("saved_cost_micros", models.PositiveBigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["hit_count", "entry"], name="entrystat_hits")]},
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveField(model_name="entry", name="hit_count"),
        migrations.RemoveField(model_name="entry", name="last_hit_at"),
        migrations.RemoveField(model_name="entry", name="saved_ms"),
        migrations.RemoveField(model_name="entry", name="saved_cost_micros"),
        migrations.RemoveIndex(model_name="entry", name="entry_request"),  # asked by nothing
    ]

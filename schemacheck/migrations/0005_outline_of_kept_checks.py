"""Draws the outline of checks that were kept before there was one. What they say is as it was."""

from django.db import migrations

KINDS = ("errors", "warnings", "suggestions")
BATCH = 200
FIELDS = ["title", "worst_severity", "worst_rule", "worst_message"]


def draw(apps, schema_editor):
    checks = apps.get_model("schemacheck", "Check").objects.using(schema_editor.connection.alias)
    kept = checks.exclude(status="pending").order_by("pk").only("pk", "sql", "report")
    drawn = []
    for check in kept.iterator(chunk_size=BATCH):
        report = check.report or {}
        worst = next((report[kind][0] for kind in KINDS if report.get(kind)), {})
        lines = [line.strip() for line in check.sql[:4_000].splitlines()]
        code = " ".join(line for line in lines if line and not line.startswith("--"))
        code = code or " ".join(line.lstrip("- ") for line in lines if line)
        check.title = cut(str(report.get("migration") or code), 200)
        check.worst_severity = str(worst.get("severity", ""))
        check.worst_rule = str(worst.get("rule", ""))[:64]
        check.worst_message = cut(str(worst.get("message", "")), 255)
        drawn.append(check)
        if len(drawn) == BATCH:
            checks.bulk_update(drawn, FIELDS)
            drawn = []
    checks.bulk_update(drawn, FIELDS)


def cut(text, most):
    return text if len(text) <= most else f"{text[: most - 3]}..."


class Migration(migrations.Migration):
    dependencies = [("schemacheck", "0004_check_outline")]

    operations = [migrations.RunPython(draw, migrations.RunPython.noop)]

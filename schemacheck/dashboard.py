"""What the dashboard shows of the checks."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db.models import Count, Sum

from config.pages.dashboard import Chart, Panel, Tile
from schemacheck.models import Check

_ADMIN = "/admin/schemacheck/check/"
_SAMPLE = 200


def panel(since: datetime) -> Panel:
    checks = Check.objects.filter(created_at__gte=since)
    spent = checks.order_by().values_list("valid").annotate(Count("id"), Count("duration_ms"), Sum("duration_ms"))
    verdicts = list(spent)
    totals = {valid: count for valid, count, _, _ in verdicts}
    timed = sum(count for _, _, count, _ in verdicts)
    average = sum(total or 0 for _, _, _, total in verdicts) / timed if timed else None
    rules: Counter[str] = Counter()
    for report in checks.filter(report__isnull=False).order_by("-id").values_list("report", flat=True)[:_SAMPLE]:
        found: dict[str, Any] = report or {"errors": [], "warnings": []}
        rules.update(finding["rule"] for kind in ("errors", "warnings") for finding in found[kind])
    callers = checks.order_by().values_list("requested_by").annotate(count=Count("id")).order_by("-count")[:8]
    return Panel(
        title="Schema checks",
        tiles=[
            Tile("Checks", str(sum(totals.values())), _ADMIN),
            Tile("Refused", str(totals.get(False, 0)), f"{_ADMIN}?valid__exact=0"),
            Tile("Mean time", f"{average:.1f} ms" if average is not None else "-"),
        ],
        charts=[
            Chart("Findings by rule", "bar", rules.most_common(8)),
            Chart("Checks by caller", "bar", list(callers)),
        ],
    )

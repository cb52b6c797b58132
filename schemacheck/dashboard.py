"""What the dashboard shows of the checks."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.urls import reverse

from config.database.figures import number_of, read_figures, sum_of
from config.database.windows import Window
from config.pages.charts import Point, Series
from config.pages.dashboard import Chart, Panel, Tile
from config.pages.first_steps import Way
from config.pages.leads import Listing
from schemacheck.models import Check

CHECKS = Listing(app="schemacheck", model="check", endpoint="schemacheck/checks", time="created_at")
VERDICTS = {True: Series("valid", "good"), False: Series("refused", "bad"), None: Series("without verdict", "quiet")}
COMMAND = "schemacheck --django manage.py"
IN_A_PROJECT = "Add a check and paste the SQL, or check the migrations of a Django project in its folder:"
_SAMPLE = 200
_SHOWN = 8


def panels(window: Window) -> Iterator[Panel]:
    checks = window.within(Check.objects.all(), "created_at")
    yield Panel(
        title="Schema checks",
        key="schemacheck",
        lead=CHECKS.lead(),
        hint=f"Nothing was checked in this time. {IN_A_PROJECT}",
        command=COMMAND,
        tiles=list(_tiles(window)),
        charts=[
            _per_step(checks, window),
            Chart(title="Findings by rule", kind="bar", points=list(_findings(checks, window))),
            Chart(title="Checks by caller", kind="bar", points=list(_callers(checks, window))),
        ],
    )


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="project",
        text="Check the SQL of a migration; in the folder of the project, all of them:",
        rows=Check.objects.all(),
        command=COMMAND,
        link=reverse("admin:schemacheck_check_add"),
    )


def _tiles(window: Window) -> Iterator[Tile]:
    figures = read_figures(
        **{
            f"{when}_{name}": figure
            for when, rows in (("now", window.within), ("before", window.before))
            for name, figure in (
                ("made", number_of(rows(Check.objects.all(), "created_at"))),
                ("refused", number_of(rows(Check.objects.filter(valid=False), "created_at"))),
                ("timed", number_of(rows(Check.objects.filter(duration_ms__isnull=False), "created_at"))),
                ("spent", sum_of(rows(Check.objects.filter(duration_ms__isnull=False), "created_at"), "duration_ms")),
            )
        }
    )
    mean = {
        when: figures[f"{when}_spent"] / figures[f"{when}_timed"] / 1000 if figures[f"{when}_timed"] else None
        for when in ("now", "before")
    }
    lead = CHECKS.lead(since=window.since)
    yield Tile(label="Checks", value=figures["now_made"], before=figures["before_made"], lead=lead)
    yield Tile(
        label="Refused",
        value=figures["now_refused"],
        before=figures["before_refused"],
        lead=CHECKS.lead(since=window.since, page={"valid__exact": "0"}, api={"valid": "false"}),
    )
    yield Tile(label="Mean time", value=mean["now"], before=mean["before"], kind="span", better="less", lead=lead)


def _per_step(checks: Any, window: Window) -> Chart:
    found: Counter[tuple[datetime, bool | None]] = Counter()
    grouped = checks.order_by().values_list(window.step.of("created_at"), "valid").annotate(count=Count("*"))
    for moment, valid, count in grouped:
        found[window.beginning(moment), valid] += count
    points = []
    for moment in window.moments:
        parts = tuple(found[moment, valid] for valid in VERDICTS)
        lead = CHECKS.lead(since=moment, until=moment + window.step.length)
        points.append(Point(window.label(moment), sum(parts), lead, parts))
    return Chart(title="Checks", kind="columns", points=points, series=list(VERDICTS.values()))


def _findings(checks: Any, window: Window) -> Iterator[Point]:
    """Of the newest checks: reports are large, and none is read that does not change the picture."""
    rules: Counter[str] = Counter()
    for report in checks.filter(report__isnull=False).order_by("-id").values_list("report", flat=True)[:_SAMPLE]:
        found: dict[str, Any] = report or {"errors": [], "warnings": []}
        rules.update(finding["rule"] for kind in ("errors", "warnings") for finding in found[kind])
    for rule, count in rules.most_common(_SHOWN):
        page = {"report__icontains": f'"rule": "{rule}"'}
        yield Point(rule, count, CHECKS.lead(since=window.since, page=page, api={"rule": rule}))


def _callers(checks: Any, window: Window) -> Iterator[Point]:
    callers = checks.order_by().values_list("requested_by").annotate(count=Count("id")).order_by("-count")[:_SHOWN]
    for caller, count in callers:
        yield Point(caller, count, CHECKS.lead({"requested_by": caller}, since=window.since))

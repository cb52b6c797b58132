"""What the dashboard shows of diagnoses."""

from collections import Counter
from collections.abc import Iterator, Sequence

from config.database.figures import distinct_of, number_of, read_figures
from config.database.windows import Window
from config.pages.charts import Point
from config.pages.dashboard import Cell, Chart, Job, Panel, Table, Tile
from config.pages.first_steps import Way
from config.pages.leads import Lead, Listing, admin_list, admin_page
from dockerdebug.models import Diagnosis, Insight

DIAGNOSES = Listing(app="dockerdebug", model="diagnosis", endpoint="dockerdebug/diagnoses", time="created_at")
INSIGHTS = Listing(app="dockerdebug", model="insight", endpoint="dockerdebug/insights")
THIS_MACHINE = "With the name of a container behind it, this examines that one; without, this machine:"
LATEST = 500
ROWS = 5
_SHOWN = 8
_TONES = {"error": "bad", "warning": "wait", "info": "quiet", "none": "good"}


def panels(window: Window) -> Iterator[Panel]:
    made = window.within(Diagnosis.objects.all(), "created_at").defer("checks", "summary")
    latest = list(made[:LATEST])
    yield Panel(
        title="Docker environments",
        key="dockerdebug",
        lead=DIAGNOSES.lead(),
        hint=f"Nothing was examined in this time. {THIS_MACHINE}",
        command="dockerdebug",
        tiles=list(_tiles(window)),
        charts=[Chart(title="Findings", kind="bar", points=list(_findings(latest, window)))],
        tables=[
            Table(
                headers=("Container", "Checks passed", "Worst", "First finding", "When"),
                rows=[_row(item) for item in latest[:ROWS]],
            )
        ],
    )


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="project",
        text="Find out why Python fails in its container",
        rows=Diagnosis.objects.all(),
        link=admin_list("dockerdebug", "diagnosis"),
    )


def active_jobs() -> list[Job]:
    return [
        Job(
            f"diagnosis of {item.target}",
            item.status,
            item.created_at,
            admin_page("dockerdebug", "diagnosis", item.pk),
        )
        for item in Diagnosis.objects.unfinished().defer("checks", "findings")[:12]
    ]


def _tiles(window: Window) -> Iterator[Tile]:
    errors = Diagnosis.objects.filter(worst=Diagnosis.Severity.ERROR)
    named = Diagnosis.objects.exclude(container="")
    figures = read_figures(
        now_made=number_of(window.within(Diagnosis.objects.all(), "created_at")),
        before_made=number_of(window.before(Diagnosis.objects.all(), "created_at")),
        now_errors=number_of(window.within(errors, "created_at")),
        before_errors=number_of(window.before(errors, "created_at")),
        now_containers=distinct_of(window.within(named, "created_at"), "container"),
        before_containers=distinct_of(window.before(named, "created_at"), "container"),
        insights=number_of(Insight.objects.all()),
        new_insights=number_of(window.within(Insight.objects.all(), "created_at")),
    )

    def compared(label: str, name: str, lead: Lead) -> Tile:
        return Tile(
            label=label,
            value=figures[f"now_{name}"],
            before=figures[f"before_{name}"],
            better="less" if name == "errors" else "",
            tone="warn" if name == "errors" and figures["now_errors"] else "",
            lead=lead,
        )

    yield compared("Diagnoses", "made", DIAGNOSES.lead(since=window.since))
    yield compared("With errors", "errors", DIAGNOSES.lead({"worst": "error"}, since=window.since))
    yield compared("Containers", "containers", DIAGNOSES.lead(since=window.since, page={"container__gt": ""}))
    yield Tile(label="Insights", value=figures["insights"], note=_new(figures["new_insights"]), lead=INSIGHTS.lead())


def _new(count: int) -> str:
    return f"{count:,} new" if count else "none new"


def _findings(latest: Sequence[Diagnosis], window: Window) -> Iterator[Point]:
    keys = Counter(key for diagnosis in latest for key in diagnosis.finding_keys)
    for key, count in keys.most_common(_SHOWN):
        page = {"findings__icontains": f'"{key}"'}
        yield Point(key, count, DIAGNOSES.lead(since=window.since, page=page, api={"finding": key}))


def _row(item: Diagnosis) -> Sequence[Cell]:
    page = admin_page("dockerdebug", "diagnosis", item.pk)
    return [
        Cell(text=item.target, lead=Lead(page=page, api=f"/api/v1/{DIAGNOSES.endpoint}/{item.pk}")),
        Cell(text=f"{item.passed}/{item.total_checks}"),
        Cell(text=item.worst, tone=_TONES[item.worst]),  # type: ignore[arg-type]
        Cell(text=next(iter(item.finding_keys), "none")),
        Cell(at=item.created_at),
    ]

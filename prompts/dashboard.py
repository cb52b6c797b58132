"""What the dashboard shows of prompts."""

from collections.abc import Iterator, Sequence
from typing import Any

from config.database.figures import number_of, read_figures, sum_of
from config.database.windows import Window
from config.pages.charts import Point
from config.pages.dashboard import Cell, Chart, Job, Panel, Table, Tile
from config.pages.first_steps import Way
from config.pages.leads import Lead, Listing, admin_list, admin_page
from prompts.models import Prompt, Run, Version

RUNS = Listing(app="prompts", model="run", endpoint="prompts/runs", time="created_at")
PROMPTS = Listing(app="prompts", model="prompt", endpoint="prompts/prompts")
VERSIONS = Listing(app="prompts", model="version", time="created_at")
FIRST_VERSION = 'prompt save extract-keywords "Keywords of: {{ input }}" --activate'
FIRST_CASE = 'prompt case extract-keywords sunset --input "The sunset was beautiful" --expected "sunset"'
FIRST_TEST = "prompt test extract-keywords"
"""What brings the first of each, in this order."""
_SHOWN, _ROWS = 8, 5
_TONES = {"regression": "bad", "improvement": "good"}


def panels(window: Window) -> Iterator[Panel]:
    finished = list(window.within(Run.objects.finished(), "created_at").select_related("version__prompt")[:_SHOWN])
    yield Panel(
        title="Prompts",
        key="prompts",
        lead=PROMPTS.lead(),
        hint="No prompt was tested in this time. The first version of one:",
        command=FIRST_VERSION,
        tiles=list(_tiles(window)),
        charts=[Chart(title="Cases passed in the last tests, %", kind="bar", points=[_bar(run) for run in finished])],
        tables=[
            Table(
                headers=("Version", "Model", "Passed", "Verdict", "When"), rows=[_row(run) for run in finished[:_ROWS]]
            )
        ],
    )


def active_jobs() -> Iterator[Job]:
    for run in Run.objects.open().select_related("version__prompt").order_by("pk")[:12]:
        done = run.passed + run.failed
        yield Job(
            name=f"Test of {run.version}",
            status=f"{run.status} {done}/{run.total}",
            since=run.started_at or run.created_at,
            link=admin_page("prompts", "run", run.pk),
        )


def first_steps() -> Iterator[Way]:
    yield Way(
        goal="project",
        text="Save a prompt of it",
        rows=Prompt.objects.all(),
        link=admin_list("prompts", "prompt"),
    )


def _tiles(window: Window) -> Iterator[Tile]:
    figures = _figures(window)

    def compared(label: str, name: str, lead: Lead, **said: Any) -> Tile:
        return Tile(label=label, value=figures[f"now_{name}"], before=figures[f"before_{name}"], lead=lead, **said)

    runs = RUNS.lead(since=window.since)
    fresh = figures["now_prompts"]
    note = f"{fresh:,} new" if fresh else "none new"
    yield Tile(label="Prompts", value=figures["prompts"], note=note, lead=PROMPTS.lead())
    yield compared("New versions", "versions", VERSIONS.lead(since=window.since))
    yield compared("Test runs", "runs", runs)
    yield Tile(
        label="Cases passed",
        value=_share(figures, "now"),
        before=_share(figures, "before"),
        kind="share",
        better="more",
        lead=RUNS.lead({"status": "finished"}, since=window.since),
    )
    regressed = RUNS.lead(since=window.since, page={"verdict__call": "regression"}, api={"call": "regression"})
    tone = "fail" if figures["now_regressions"] else ""
    yield compared("Regressions", "regressions", regressed, better="less", tone=tone)
    failed = RUNS.lead({"status": "failed"}, since=window.since)
    yield compared("Runs failed", "failed", failed, better="less", tone="warn" if figures["now_failed"] else "")


def _figures(window: Window) -> dict[str, int]:
    asked: dict[str, Any] = {"prompts": number_of(Prompt.objects.all())}
    for when, rows in (("now", window.within), ("before", window.before)):
        finished = rows(Run.objects.finished(), "created_at")
        asked |= {
            f"{when}_prompts": number_of(rows(Prompt.objects.all(), "created_at")),
            f"{when}_versions": number_of(rows(Version.objects.all(), "created_at")),
            f"{when}_runs": number_of(rows(Run.objects.all(), "created_at")),
            f"{when}_failed": number_of(rows(Run.objects.filter(status=Run.Status.FAILED), "created_at")),
            f"{when}_regressions": number_of(finished.filter(verdict__call="regression")),
            **{f"{when}_cases_{name}": sum_of(finished, name) for name in ("passed", "failed", "errors")},
        }
    return read_figures(**asked)


def _share(figures: dict[str, int], when: str) -> float | None:
    """Of the cases that were answered, as a run's own success rate."""
    passed, failed, errors = (figures[f"{when}_cases_{name}"] for name in ("passed", "failed", "errors"))
    answered = passed + failed - errors
    return passed / answered if answered else None


def _bar(run: Run) -> Point:
    return Point(str(run.version), round(100 * (run.success_rate or 0), 1), _lead(run))


def _row(run: Run) -> Sequence[Cell]:
    call = (run.verdict or {}).get("call", "-")
    return [
        Cell(text=str(run.version), lead=_lead(run)),
        Cell(text=run.model),
        Cell(text=f"{run.passed}/{run.total}"),
        Cell(text=call, tone=_TONES.get(call, "quiet")),  # type: ignore[arg-type]
        Cell(at=run.created_at),
    ]


def _lead(run: Run) -> Lead:
    return Lead(page=admin_page("prompts", "run", run.pk), api=f"/api/v1/{RUNS.endpoint}/{run.uid}")

"""What the dashboard shows of prompts."""

from collections.abc import Iterator
from datetime import datetime

from config.database.figures import number_of, read_figures
from config.pages.dashboard import Chart, Job, Panel, Tile
from prompts.models import Prompt, Run, Version

RUNS = "/admin/prompts/run/"


def panel(since: datetime) -> Panel:
    runs = Run.objects.filter(created_at__gte=since)
    finished = list(runs.filter(status=Run.Status.FINISHED).select_related("version__prompt")[:50])
    regressions = sum((run.verdict or {}).get("call") == "regression" for run in finished)
    passed, total = sum(run.passed for run in finished), sum(run.answered for run in finished)
    figures = read_figures(
        prompts=number_of(Prompt.objects.all()),
        versions=number_of(Version.objects.filter(created_at__gte=since)),
        runs=number_of(runs),
        failed=number_of(runs.filter(status=Run.Status.FAILED)),
    )
    failed = figures["failed"]
    return Panel(
        title="Prompts",
        tiles=[
            Tile(label="Prompts", value=str(figures["prompts"]), link="/admin/prompts/prompt/"),
            Tile(label="New versions", value=str(figures["versions"])),
            Tile(label="Test runs", value=str(figures["runs"]), link=RUNS),
            Tile(label="Cases passed", value=f"{100 * passed / total:.0f} %" if total else "-"),
            Tile(label="Regressions", value=str(regressions), link=RUNS, tone="fail" if regressions else "ok"),
            Tile(label="Runs failed", value=str(failed), link=RUNS, tone="warn" if failed else ""),
        ],
        charts=[
            Chart(
                title="Success rate of the last runs, %",
                kind="bar",
                points=[(str(run.version), round(100 * (run.success_rate or 0), 1)) for run in finished[:8]],
            )
        ],
        headers=["Version", "Model", "Passed", "Verdict"],
        rows=[
            [str(run.version), run.model, f"{run.passed}/{run.total}", (run.verdict or {}).get("call", "-")]
            for run in finished[:5]
        ],
    )


def active_jobs() -> Iterator[Job]:
    for run in Run.objects.open().select_related("version__prompt").order_by("pk")[:12]:
        done = run.passed + run.failed
        yield Job(
            name=f"Test of {run.version}",
            status=f"{run.status} {done}/{run.total}",
            since=run.started_at or run.created_at,
            link=f"{RUNS}{run.pk}/change/",
        )

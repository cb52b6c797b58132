"""What the dashboard shows of diagnoses."""

from collections import Counter
from datetime import datetime

from django.urls import reverse

from config.database.figures import distinct_of, number_of, read_figures
from config.pages.dashboard import Chart, Job, Panel, Tile
from dockerdebug.models import Diagnosis, Insight

LATEST = 500
ROWS = 5


def panel(since: datetime) -> Panel:
    made = Diagnosis.objects.filter(created_at__gte=since)
    figures = read_figures(
        made=number_of(made),
        with_errors=number_of(made.filter(worst=Diagnosis.Severity.ERROR)),
        containers=distinct_of(made.exclude(container=""), "container"),
        insights=number_of(Insight.objects.all()),
    )
    with_errors = figures["with_errors"]
    keys = Counter(key for diagnosis in made.only("findings")[:LATEST] for key in diagnosis.finding_keys)
    link = reverse("admin:dockerdebug_diagnosis_changelist")
    return Panel(
        title="Docker environments",
        tiles=[
            Tile(label="Diagnoses", value=figures["made"], link=link),
            Tile(
                label="With errors",
                value=with_errors,
                link=f"{link}?worst__exact=error",
                tone="warn" if with_errors else "",
            ),
            Tile(label="Containers", value=figures["containers"]),
            Tile(label="Insights", value=figures["insights"], link=reverse("admin:dockerdebug_insight_changelist")),
        ],
        charts=[Chart(title="Findings", kind="bar", points=keys.most_common(8))],
        headers=("Container", "Checks passed", "Worst", "First finding"),
        rows=[
            (item.target, f"{item.passed}/{item.total_checks}", item.worst, next(iter(item.finding_keys), "none"))
            for item in made.defer("checks")[:ROWS]
        ],
    )


def active_jobs() -> list[Job]:
    return [
        Job(
            f"diagnosis of {item.target}",
            item.status,
            item.created_at,
            reverse("admin:dockerdebug_diagnosis_change", args=[item.pk]),
        )
        for item in Diagnosis.objects.unfinished().defer("checks", "findings")[:12]
    ]

"""Prometheus figures of prompts."""

from collections.abc import Iterator

from django.db.models import Count, Sum
from prometheus_client.core import GaugeMetricFamily, Metric

from config.database.figures import number_of, read_figures
from prompts.models import Prompt, Run, Version


def collect() -> Iterator[Metric]:
    kept = read_figures(prompts=number_of(Prompt.objects.all()), versions=number_of(Version.objects.all()))
    yield GaugeMetricFamily("handrail_prompts", "Prompts.", value=kept["prompts"])
    yield GaugeMetricFamily("handrail_prompt_versions", "Versions of prompts.", value=kept["versions"])
    # Runs are deleted when they are old, so these are gauges of what is kept.
    runs = GaugeMetricFamily("handrail_prompt_runs", "Test runs kept.", labels=["status"])
    counted = dict(Run.objects.order_by().values_list("status").annotate(count=Count("pk")))
    for status in Run.Status.values:
        runs.add_metric([status], counted.get(status, 0))
    yield runs
    sums = Run.objects.aggregate(
        passed=Sum("passed", default=0),
        failed=Sum("failed", default=0),
        input=Sum("input_tokens", default=0),
        output=Sum("output_tokens", default=0),
        cost=Sum("cost_micros", default=0),
    )
    judged = GaugeMetricFamily("handrail_prompt_cases", "Test cases judged in the runs kept.", labels=["outcome"])
    judged.add_metric(["passed"], sums["passed"])
    judged.add_metric(["failed"], sums["failed"])
    yield judged
    used = GaugeMetricFamily("handrail_prompt_tokens", "Model tokens of the runs kept.", labels=["direction"])
    used.add_metric(["input"], sums["input"])
    used.add_metric(["output"], sums["output"])
    yield used
    yield GaugeMetricFamily(
        "handrail_prompt_cost_dollars", "Model cost of the runs kept.", value=sums["cost"] / 1_000_000
    )

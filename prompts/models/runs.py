"""Evaluations, their runs (each a test of a version with a real model), and the result of each case."""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any, Self

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7
from prompts.models.cases import TestCase
from prompts.models.prompts import Prompt, Version
from prompts.statistics import many_missing


class Evaluation(models.Model):
    """One question about a prompt: how some of its versions do, on some models."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="evaluations")
    repeats = models.PositiveSmallIntegerField(default=1, help_text="How often each case is asked.")
    threshold = models.FloatField(default=1.0, help_text="The share of its repeats a case must pass.")
    reuse = models.BooleanField(
        default=False, help_text="Take answers of runs before to the very same question, of the same repeat."
    )
    max_tokens = models.PositiveBigIntegerField(null=True, help_text="Of all runs together; then they end.")
    max_cost_micros = models.PositiveBigIntegerField(null=True, help_text="Micro-dollars, likewise.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prompt.prompt_id} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def status(self) -> str:
        """As that of a run: what is still to come first, then what went wrong."""
        there = {run.status for run in self.runs.all()}
        if len(there) == 1:
            return there.pop()
        words = ["running", "pending", "failed", "cancelled", "finished"]
        found = next((word for word in words if word in there), "finished")
        return "running" if found == "pending" else found

    @property
    def is_over(self) -> bool:
        return all(run.is_over for run in self.runs.all())

    @property
    def in_order(self) -> list["Run"]:
        return sorted(self.runs.all(), key=lambda run: run.position)


class RunQuerySet(models.QuerySet["Run"]):
    def finished(self) -> Self:
        return self.filter(status=Run.Status.FINISHED)

    def of_suite(self) -> Self:
        """Of the prompt's own cases, all of them: what verdicts rest on."""
        return self.filter(ad_hoc=False)

    def open(self) -> Self:
        return self.filter(status__in=[Run.Status.PENDING, Run.Status.RUNNING])


class Run(models.Model):
    """One test of a version: every case asked of a real model."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="runs")
    position = models.PositiveSmallIntegerField(default=1, help_text="Its place in the evaluation.")
    version = models.ForeignKey(Version, models.CASCADE, related_name="runs")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    model = models.CharField(max_length=255, help_text="The model that was asked for.")
    settings = JSONField(default=dict, blank=True, help_text="What the model was asked with.")
    ad_hoc = models.BooleanField(default=False, help_text="Of cases given for this run alone: no verdict rests on it.")
    suite_hash = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of the cases.")
    conditions_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="SHA-256 of cases, model and settings: runs of one hash differ in the prompt alone.",
    )
    concurrency = models.PositiveSmallIntegerField(default=4)
    total = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="Includes cases without an answer.")
    errors = models.PositiveIntegerField(default=0, help_text="Cases the model gave no answer to.")
    verdict = JSONField(null=True, help_text="Against the version that was active.")
    error = models.TextField(blank=True, default="", help_text="Why it failed, and what to do.")
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(null=True, help_text="Micro-dollars; null without a price.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True, editable=False, help_text="The job that works on it.")
    claimed_at = models.DateTimeField(null=True, editable=False, help_text="When that job last wrote.")

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["evaluation", "position"], name="run_position")]
        indexes = [
            models.Index(fields=["version", "status", "-id"], name="run_version"),
            models.Index(fields=["status", "-id"], name="run_status"),
            models.Index(fields=["created_at"], name="run_created"),
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.status}"

    @property
    def success_rate(self) -> float | None:
        """Passed of those answered so far; null before the first. An outage says nothing about the prompt."""
        return round(self.passed / self.answered, 6) if self.answered else None

    @property
    def answered(self) -> int:
        """Cases the model answered; `failed` also counts the others."""
        return self.passed + self.failed - self.errors

    @property
    def is_complete(self) -> bool:
        """Few enough cases are without an answer for a verdict."""
        return not many_missing(self.errors, self.total)

    @property
    def duration(self) -> timedelta | None:
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at

    @property
    def duration_ms(self) -> int | None:
        return None if self.duration is None else round(self.duration.total_seconds() * 1000)

    @property
    def is_over(self) -> bool:
        return self.status not in {self.Status.PENDING, self.Status.RUNNING}

    def summary(self) -> dict[str, Any]:
        """What a version keeps as its test results and the trail as the run's state."""
        return {
            "run": str(self.uid),
            "status": self.status,
            "total": self.total,
            "passed": self.passed,
            "failed": self.failed,
            "errors": self.errors,
            "success_rate": self.success_rate,
            "model": self.model,
            "ad_hoc": self.ad_hoc,
            "verdict": (self.verdict or {}).get("call"),
            "finished_at": self.finished_at and self.finished_at.isoformat(),
        }

    def judged(self) -> Mapping[str, bool]:
        """Which cases passed, of those with an answer; a case is its name and its definition.

        With repeats a case passes when the share of them that the evaluation asks for does.
        """
        found = self.results.exclude(outcome__in=[RunResult.Outcome.PENDING, RunResult.Outcome.ERROR]).order_by()
        passed = Count("pk", Q(outcome=RunResult.Outcome.PASSED))
        counted = found.values("case_hash").annotate(answered=Count("pk"), passed=passed)
        share = self.evaluation.threshold
        return {
            case: passes >= max(1, ceil(share * answered - 1e-9))
            for case, passes, answered in counted.values_list("case_hash", "passed", "answered")
        }

    @property
    def case_count(self) -> int:
        return self.total // self.evaluation.repeats


class RunResult(models.Model):
    """One case of a run, with the case as it was then."""

    class Outcome(models.TextChoices):
        PENDING = "pending"
        PASSED = "passed"
        FAILED = "failed"
        ERROR = "error"

    run = models.ForeignKey(Run, models.CASCADE, related_name="results")
    position = models.PositiveIntegerField()
    repeat = models.PositiveSmallIntegerField(default=1)
    test_case = models.ForeignKey(TestCase, models.SET_NULL, null=True, related_name="results")
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=50)
    input = JSONField()
    expected_output = models.TextField(null=True)  # noqa: DJ001
    assertions = JSONField(default=list)
    threshold = models.FloatField(null=True)
    case_hash = models.CharField(max_length=64)
    answer_key = models.CharField(max_length=64, blank=True, default="", db_index=True)
    reused = models.BooleanField(default=False, help_text="The answer of a run before: it cost nothing here.")
    outcome = models.CharField(max_length=7, choices=Outcome, default=Outcome.PENDING)
    output = models.TextField(blank=True, default="")
    score = models.FloatField(null=True)
    checks = JSONField(default=list, help_text="What each assertion said.")
    error = models.TextField(blank=True, default="")
    latency_ms = models.PositiveIntegerField(null=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost_micros = models.PositiveBigIntegerField(null=True)
    finish_reason = models.CharField(max_length=50, blank=True, default="")

    class Meta:
        ordering = ["run", "position", "repeat"]
        constraints = [models.UniqueConstraint(fields=["run", "position", "repeat"], name="result_repeat")]

    def __str__(self) -> str:
        return f"{self.name} {self.outcome}"

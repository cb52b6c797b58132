"""Prompts, their immutable versions, the cases they are tested with and the runs of those tests."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7
from config.secrets import blank, scrub
from prompts.statistics import many_missing
from prompts.templates import Message, Variables, inspect_messages

PROMPT_ID = r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}"
PROMPT_ID_RULE = RegexValidator(rf"^{PROMPT_ID}\Z", "Letters, digits and . _ : @ - only, at most 128.")


class PromptQuerySet(models.QuerySet["Prompt"]):
    def after(self, prompt_id: str, *, begins: str = "") -> Self:
        """By name, from behind one on, each with its versions; of those alone that begin so."""
        found = self.filter(prompt_id__gt=prompt_id, prompt_id__startswith=begins)
        active = models.Prefetch("versions", queryset=Version.objects.active())
        return found.order_by("prompt_id").prefetch_related(active)

    def with_active_version(self) -> Self:
        """Each with the number of its active version, as `active_version`."""
        active = Version.objects.active().filter(prompt=OuterRef("pk")).values("number")[:1]
        return self.annotate(active_version=Subquery(active))


class Prompt(models.Model):
    prompt_id = models.CharField(
        max_length=128,
        unique=True,
        validators=[PROMPT_ID_RULE],
        help_text="The name it is fetched by, such as extract-keywords.",
    )
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)
    latest_number = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counts versions; a number is never given twice."
    )

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.prompt_id

    @property
    def active(self) -> "Version | None":
        return next((version for version in self.versions.all() if version.is_active), None)

    def state(self) -> dict[str, Any]:
        """What the trail keeps of a prompt and a rollback restores."""
        active = self.versions.active().values_list("number", flat=True).first()
        return {"description": self.description, "active_version": active}


class VersionQuerySet(models.QuerySet["Version"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Version(models.Model):
    """One text of a prompt. The database refuses every change but that of `is_active` and `test_results`."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="From 1, without gaps.")
    prompt_text = models.TextField(null=True)  # noqa: DJ001  -- null means: see messages
    messages = JSONField(null=True, help_text="[{role, content}] when it is not a single text.")
    purpose = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    settings = JSONField(default=dict, blank=True, help_text="temperature, seed, max_tokens, ...")
    tokens = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of text or messages and settings.")
    test_results = JSONField(
        null=True, help_text="The summary of the last finished run of the suite; without one, of an ad-hoc run."
    )
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="version_number"),
            models.UniqueConstraint(fields=["prompt"], condition=models.Q(is_active=True), name="one_active_version"),
            models.CheckConstraint(
                condition=models.Q(prompt_text__isnull=False, messages__isnull=True)
                | models.Q(prompt_text__isnull=True, messages__isnull=False),
                name="version_text_or_messages",
            ),
        ]
        indexes = [models.Index(fields=["prompt", "content_hash"], name="version_content")]

    def __str__(self) -> str:
        return self.entity_id

    @property
    def entity_id(self) -> str:
        return f"{self.prompt.prompt_id}@{self.number}"

    @property
    def is_plain(self) -> bool:
        """A single prompt text rather than chat turns."""
        return self.prompt_text is not None

    @property
    def conversation(self) -> list[Message]:
        if self.prompt_text is not None:
            return [Message(role="user", content=self.prompt_text)]
        return [Message(**message) for message in self.messages or []]

    @property
    def text(self) -> str:
        """The version as one text to read and compare."""
        if self.prompt_text is not None:
            return self.prompt_text
        return "\n\n".join(f"[{message.role}]\n{message.content}" for message in self.conversation)

    @property
    def variables(self) -> Variables:
        return inspect_messages(self.conversation)

    def state(self) -> dict[str, Any]:
        """The version as the trail keeps it, where nothing is changed later: without what looks like a secret."""
        if self.prompt_text is not None:
            content: dict[str, Any] = {"prompt_text": blank(self.prompt_text)}
        else:
            messages = self.messages or []
            content = {"messages": [{**item, "content": blank(item["content"])} for item in messages]}
        remarks = {name: blank(getattr(self, name)) for name in ("purpose", "notes")}
        return {
            "version": self.number,
            **content,
            **remarks,
            "settings": scrub(self.settings),
            "content_hash": self.content_hash,
        }


class TestCase(models.Model):
    __test__ = False  # no test class of pytest's

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="test_cases")
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=50, default="general", help_text="A word to group cases by.")
    input = JSONField(help_text="A text, or {variable: value}.")
    expected_output = models.TextField(null=True, blank=True)  # noqa: DJ001  -- null means: only assertions count
    assertions = JSONField(default=list, blank=True)
    threshold = models.FloatField(null=True, blank=True, help_text="The weighted score that is enough, 0 to 1.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["prompt", "name"], name="case_name")]

    def __str__(self) -> str:
        return f"{self.prompt.prompt_id}/{self.name}"

    def definition(self) -> dict[str, Any]:
        """All that decides how an answer is judged."""
        return {name: getattr(self, name) for name in DEFINITION}


DEFINITION = ("name", "type", "input", "expected_output", "assertions", "threshold")


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
        """Which cases passed; a case is its name and its definition, so an edited case is another one."""
        found = self.results.exclude(outcome__in=[RunResult.Outcome.PENDING, RunResult.Outcome.ERROR])
        return {
            case: outcome == RunResult.Outcome.PASSED for case, outcome in found.values_list("case_hash", "outcome")
        }


class RunResult(models.Model):
    """One case of a run, with the case as it was then."""

    class Outcome(models.TextChoices):
        PENDING = "pending"
        PASSED = "passed"
        FAILED = "failed"
        ERROR = "error"

    run = models.ForeignKey(Run, models.CASCADE, related_name="results")
    position = models.PositiveIntegerField()
    test_case = models.ForeignKey(TestCase, models.SET_NULL, null=True, related_name="results")
    name = models.CharField(max_length=120)
    type = models.CharField(max_length=50)
    input = JSONField()
    expected_output = models.TextField(null=True)  # noqa: DJ001
    assertions = JSONField(default=list)
    threshold = models.FloatField(null=True)
    case_hash = models.CharField(max_length=64)
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
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="result_position")]

    def __str__(self) -> str:
        return f"{self.name} {self.outcome}"

"""Diagnoses, what was learnt from them, and the infrastructure they are about."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from config.identifiers import uuid7
from dockerdebug.targets import THIS_MACHINE


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    def unfinished(self) -> "DiagnosisQuerySet":
        return self.filter(status__in=[Diagnosis.Status.PENDING, Diagnosis.Status.RUNNING])


class Diagnosis(models.Model):
    """One examination of a container or of this machine."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"

    class Severity(models.TextChoices):
        ERROR = "error"
        WARNING = "warning"
        INFO = "info"
        NONE = "none"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    container = models.CharField(max_length=128, blank=True, help_text="Name or id; blank is this machine.")
    # `check` is a method of every model
    only_check = models.CharField(max_length=32, blank=True, help_text="One check; blank is all.")
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    checks = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    total_checks = models.PositiveSmallIntegerField(default=0)
    passed = models.PositiveSmallIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    not_run = models.PositiveSmallIntegerField(default=0)
    worst = models.CharField(max_length=8, choices=Severity, default=Severity.NONE)
    summary = models.TextField(blank=True)
    image = models.CharField(max_length=255, blank=True)
    image_id = models.CharField(max_length=255, blank=True)
    duration_seconds = models.FloatField(null=True)
    created_by = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = DiagnosisQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "diagnoses"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["container", "-id"], name="diagnosis_container"),
            models.Index(fields=["status", "-id"], name="diagnosis_status"),
            models.Index(fields=["worst", "-id"], name="diagnosis_worst"),
            models.Index(fields=["created_at"], name="diagnosis_created"),
        ]
        constraints = [
            models.CheckConstraint(
                name="diagnosis_totals_add_up",
                condition=Q(total_checks=models.F("passed") + models.F("failed")) & Q(not_run__lte=models.F("failed")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target} at {self.created_at:%Y-%m-%d %H:%M}" if self.created_at else self.target

    @property
    def target(self) -> str:
        return self.container or THIS_MACHINE

    @property
    def is_over(self) -> bool:
        return self.status in (self.Status.FINISHED, self.Status.FAILED)

    @property
    def has_faults(self) -> bool:
        """Whether anything needs attention."""
        return self.failed > 0 or self.worst in (self.Severity.ERROR, self.Severity.WARNING)

    @property
    def finding_keys(self) -> list[str]:
        return list(dict.fromkeys(finding["key"] for finding in self.findings))

    def details(self, check: str) -> dict[str, Any] | None:
        """What a check saw; None when it did not run."""
        for found in self.checks:
            if found["name"] == check:
                return dict(found["details"]) if found["status"] != "not_run" else None
        return None


class InsightQuerySet(models.QuerySet["Insight"]):
    def about(self, name: str) -> "InsightQuerySet":
        """What is about this infrastructure or client, or about none in particular."""
        return self.filter(Q(about__iexact=name) | Q(about=""))

    def matching(self, words: list[str]) -> "InsightQuerySet":
        """Those in which every word occurs."""
        found = self
        for word in words:
            found = found.filter(
                Q(text__icontains=word)
                | Q(about__icontains=word)
                | Q(category__icontains=word)
                | Q(finding_key__icontains=word)
            )
        return found

    def best_first(self) -> "InsightQuerySet":
        """The most important first, of equal ones the surest, then the newest."""
        sureness = models.Case(
            models.When(confidence=Insight.Confidence.CONFIRMED, then=0),
            models.When(confidence=Insight.Confidence.LIKELY, then=1),
            default=2,
        )
        return self.order_by("-priority", sureness, "-id")


class Insight(models.Model):
    """Something learnt about an environment that the next one to work there should know."""

    class Category(models.TextChoices):
        COMMAND_CONSTRAINTS = "command_constraints"
        SERVICE_CONFIGURATION = "service_configuration"
        VERSION_LIMITATIONS = "version_limitations"
        DEPENDENCIES = "dependencies"
        NETWORK = "network"
        PERMISSIONS = "permissions"
        RESOURCES = "resources"
        OTHER = "other"

    class Confidence(models.TextChoices):
        CONFIRMED = "confirmed"
        LIKELY = "likely"
        SUSPECTED = "suspected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    category = models.CharField(max_length=32, choices=Category)
    confidence = models.CharField(max_length=16, choices=Confidence, default=Confidence.LIKELY)
    priority = models.PositiveSmallIntegerField(default=5, help_text="1 to 10; 10 is the most important.")
    text = models.TextField()
    about = models.CharField(max_length=255, blank=True, help_text="Name of an infrastructure or client.")
    finding_key = models.CharField(max_length=64, blank=True, help_text="The finding it belongs to.")
    created_by = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InsightQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["about", "-priority"], name="insight_about"),
            models.Index(fields=["category", "-priority"], name="insight_category"),
            models.Index(fields=["finding_key", "-priority"], name="insight_finding"),
        ]
        constraints = [
            models.CheckConstraint(name="insight_priority_1_to_10", condition=Q(priority__gte=1, priority__lte=10)),
            models.CheckConstraint(name="insight_has_text", condition=Q(text__length__gt=0)),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 80 else f"{self.text[:77]}..."


models.TextField.register_lookup(Length, "length")


class Tag(models.Model):
    """A word put on infrastructure; deleting it takes it off everything."""

    name = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Infrastructure(models.Model):
    """A container, host, service or client that diagnoses and insights are about."""

    class Kind(models.TextChoices):
        CONTAINER = "container"
        IMAGE = "image"
        HOST = "host"
        SERVICE = "service"
        CLIENT = "client"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=255, unique=True)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.CONTAINER)
    description = models.TextField(blank=True)
    tags = models.ManyToManyField(Tag, through="InfrastructureTag", related_name="infrastructure")
    created_by = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "infrastructure"
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "-id"], name="infrastructure_kind")]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_names(self) -> list[str]:
        return sorted(tag.name for tag in self.tags.all())


class InfrastructureTag(models.Model):
    """That a tag is on a piece of infrastructure; it goes with either."""

    infrastructure = models.ForeignKey(Infrastructure, models.CASCADE, related_name="tagged")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="tagged")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["infrastructure", "tag"], name="infrastructure_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on {self.infrastructure}"

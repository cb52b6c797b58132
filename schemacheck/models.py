from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from config.identifiers import uuid7
from schemacheck import outline
from schemacheck.checker.findings import Proof, Severity


class CheckQuerySet(models.QuerySet["Check"]):
    def pending(self) -> "CheckQuerySet":
        return self.filter(status=Check.Status.PENDING)

    def older_than(self, days: int) -> "CheckQuerySet":
        return self.filter(created_at__lt=timezone.now() - timedelta(days=days))

    def without_texts(self) -> "CheckQuerySet":
        """For lists: scripts and reports can be megabytes."""
        return self.defer("sql", "report")


class Check(models.Model):
    """One check of a script: who asked, what was said. Written once when it ends, never changed after."""

    class Status(models.TextChoices):
        PENDING = "pending"
        FINISHED = "finished"
        FAILED = "failed"

    class Dialect(models.TextChoices):
        POSTGRESQL = "postgresql", "PostgreSQL"
        SQLITE = "sqlite", "SQLite"

    class Proof(models.TextChoices):
        PARSE = Proof.PARSE.value
        CATALOG = Proof.CATALOG.value
        COPIES = Proof.COPIES.value
        EXECUTE = Proof.EXECUTE.value

    class Worst(models.TextChoices):
        ERROR = Severity.ERROR.value
        WARNING = Severity.WARNING.value
        SUGGESTION = Severity.SUGGESTION.value

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    requested_by = models.CharField(max_length=255)
    door = models.CharField(max_length=20)
    correlation_id = models.CharField(max_length=128, blank=True)
    sql = models.TextField("SQL")
    sql_hash = models.CharField("SHA-256 of the SQL", max_length=64)
    dialect = models.CharField(max_length=20, choices=Dialect, blank=True)
    database = models.CharField(max_length=64, default="default")
    proof = models.CharField("proof asked for", max_length=10, choices=Proof, blank=True)
    probe = models.BooleanField("existing rows asked", default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    valid = models.BooleanField(null=True)
    table_name = models.CharField(max_length=255, blank=True)
    statements = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    duration_ms = models.FloatField(null=True)
    report = models.JSONField(null=True)
    # What a list shows, drawn from the script and the report.
    title = models.CharField(max_length=outline.LONGEST_TITLE, blank=True)
    worst_severity = models.CharField("worst finding", max_length=10, choices=Worst, blank=True)
    worst_rule = models.CharField(max_length=64, blank=True)
    worst_message = models.CharField(max_length=outline.LONGEST_MESSAGE, blank=True)
    failure = models.TextField(blank=True)

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["sql_hash"], name="schemacheck_sql_hash"),
            models.Index(fields=["created_at"], name="schemacheck_created"),
            models.Index(fields=["valid", "-id"], name="schemacheck_valid"),
            models.Index(fields=["requested_by", "-id"], name="schemacheck_requested_by"),
            models.Index(fields=["table_name", "-id"], name="schemacheck_table_name"),
            models.Index(fields=["worst_severity", "-id"], name="schemacheck_worst"),
            models.Index(fields=["worst_rule", "-id"], name="schemacheck_worst_rule"),
            models.Index(fields=["id"], condition=models.Q(status="pending"), name="schemacheck_pending"),
        ]
        constraints = [
            models.CheckConstraint(
                name="schemacheck_finished_has_verdict",
                condition=~models.Q(status="finished") | models.Q(valid__isnull=False, report__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_name or 'script'}, {self.verdict}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and not Check.objects.filter(pk=self.pk, status=self.Status.PENDING).exists():
            raise ValueError("A finished check is never changed.")
        super().save(*args, **kwargs)

    def draw_outline(self) -> None:
        """Fill what lists show from the script and the report."""
        self.title = outline.title_of(self.sql, self.report)
        for name, value in outline.worst_of(self.report or {}).items():
            setattr(self, name, value)

    @property
    def verdict(self) -> str:
        """In one word."""
        if self.valid is None:
            return str(self.status)
        return "valid" if self.valid else "invalid"

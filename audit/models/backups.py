"""Backups that were asked for, and what became of them."""

from django.db import models
from django.utils import timezone

from config.identifiers import uuid7


class BackupRun(models.Model):
    """A backup that was asked for: what became of it, and whether it was seen to restore."""

    class Kind(models.TextChoices):
        DAILY = "daily"
        WEEKLY = "weekly"
        MONTHLY = "monthly"
        MANUAL = "manual"
        PRE_MIGRATION = "pre-migration"
        PRE_RESTORE = "pre-restore"

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"

    class Verification(models.TextChoices):
        NOT_VERIFIED = "not_verified"
        PASSED = "passed"
        FAILED = "failed"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=13, choices=Kind, default=Kind.MANUAL)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=255, blank=True)
    host = models.CharField(max_length=255, blank=True, help_text="Where it is made: the file lies there.")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=255, blank=True, help_text="Its name in BACKUP_DIR.")
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ledger_size = models.PositiveBigIntegerField(null=True, help_text="Leaves of the audit ledger inside.")
    ledger_root = models.CharField(max_length=64, blank=True)
    verification = models.CharField(max_length=12, choices=Verification, default=Verification.NOT_VERIFIED)
    verified_at = models.DateTimeField(null=True)
    detail = models.TextField(blank=True, help_text="Why it failed, or what the verification found.")
    removed_at = models.DateTimeField(null=True, help_text="When retention removed the file.")

    class Meta:
        verbose_name = "backup"
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "status", "-id"], name="backup_kind")]

    def __str__(self) -> str:
        return self.file or f"{self.kind} backup, {self.status}"

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()

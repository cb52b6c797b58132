"""What agents wait for a person to say."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit import limits
from audit.models.latitude import LONGEST_WHY, SAME_CALL
from config.database.json_column import JSONField


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def waiting(self) -> Self:
        """Those that can be answered now."""
        return self.filter(status=Approval.Status.PENDING, expires_at__gt=timezone.now())

    def overdue(self) -> Self:
        """Those that nobody answered in time, and of which that is not written yet."""
        return self.filter(status=Approval.Status.PENDING, expires_at__lte=timezone.now())

    def standing(self, status: str) -> Self:
        """By how they stand now, whether or not it is written yet."""
        match status:
            case Approval.Status.PENDING:
                return self.waiting()
            case Approval.Status.EXPIRED:
                return self.filter(
                    Q(status=Approval.Status.EXPIRED)
                    | Q(status=Approval.Status.PENDING, expires_at__lte=timezone.now())
                )
        return self.filter(status=status)


class Approval(models.Model):
    """A tool call that a person has to confirm where the agent has nobody to ask: this very call, once."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        DENIED = "denied"
        EXPIRED = "expired"

    call_hash = models.CharField(max_length=64, editable=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING, editable=False)
    agent = models.CharField(max_length=limits.KEPT_OF_CALLER["agent"], blank=True, editable=False)
    session_id = models.CharField(max_length=limits.KEPT_OF_CALLER["session_id"], blank=True, editable=False)
    tool_name = models.CharField(max_length=limits.LONGEST_TOOL, editable=False)
    tool_input = JSONField(editable=False)
    told = models.TextField("call", editable=False, help_text="All that would run.")
    cwd = models.TextField("folder", blank=True, editable=False)
    rule = models.TextField(blank=True, editable=False)
    reason = models.TextField(blank=True, editable=False, help_text="Why a person is asked.")
    asked_by = models.CharField(max_length=255, editable=False, help_text="The key or the account it came from.")
    asked_for = models.CharField(max_length=255, blank=True, editable=False, help_text="Whose key that is.")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    times = models.PositiveIntegerField("times asked", default=1, editable=False)
    expires_at = models.DateTimeField(editable=False, help_text="Until when it can be answered.")
    decided_by = models.CharField(max_length=255, blank=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    note = models.CharField(max_length=LONGEST_WHY, blank=True, editable=False, help_text="What the agent is told.")
    counts_until = models.DateTimeField(null=True, editable=False, help_text="Until when the answer counts.")
    used_at = models.DateTimeField(null=True, editable=False)
    used_by = models.CharField(max_length=limits.KEPT_OF_CALLER["tool_use_id"], blank=True, editable=False)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = "approval"
        ordering = ["-id"]
        permissions = [("answer_approval", "Can answer what agents wait for")]
        indexes = [
            models.Index(fields=["call_hash", "-id"], name="approval_call"),
            models.Index(fields=["status", "-id"], name="approval_status"),
            models.Index(fields=["session_id", "-id"], name="approval_session"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["call_hash"], condition=Q(status="pending"), name="approval_once"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.agent or self.asked_by})"

    @property
    def standing(self) -> str:
        """How it stands now: nobody need have written that it is over."""
        return self.Status.EXPIRED if self.is_overdue else self.Status(self.status)

    @property
    def is_overdue(self) -> bool:
        return self.status == self.Status.PENDING and self.expires_at <= timezone.now()

    def counts_for(self, tool_use_id: str) -> bool:
        """Whether it still says something of its call: it waits, or the answer holds and was not used before."""
        now = timezone.now()
        if self.status == self.Status.PENDING:
            return now < self.expires_at
        if self.counts_until is None or self.counts_until <= now:
            return False
        return self.used_at is None or self._is_used_by(tool_use_id, now)

    def _is_used_by(self, tool_use_id: str, now: datetime) -> bool:
        """Some agents ask of one call under two events, not all with its id."""
        is_other = bool(tool_use_id and self.used_by) and tool_use_id != self.used_by
        return self.used_at is not None and now - self.used_at < SAME_CALL and not is_other

    def close(self, status: str, *, counts_for: timedelta, by: str = "", note: str = "") -> None:
        """Say how it ended; whoever calls saves it."""
        now = timezone.now()
        self.status, self.decided_by, self.note = status, by, note
        self.decided_at, self.counts_until = now, now + counts_for

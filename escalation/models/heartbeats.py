"""Heartbeats: programs that report by asking for an address, and are missed when they do not."""

import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from escalation.models.bugs import Impact

Standing = Literal["new", "up", "late", "down", "paused"]


def new_ping_key() -> str:
    return secrets.token_hex(16)


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def missed(self, *, at: datetime) -> Self:
        """Whose time and grace are over, and of which nobody knows yet."""
        return self.filter(due_at__lte=at)

    def down(self) -> Self:
        """Missed, or failed; each has a bug. A pause hides it."""
        return self.filter(down_since__isnull=False, is_paused=False)


class Heartbeat(models.Model):
    """Something that reports every so often. `due_at` is when it is missed; null while it is paused, down, or new."""

    name = models.SlugField(max_length=64, unique=True)
    ping_key = models.CharField(max_length=32, unique=True, default=new_ping_key, editable=False)
    period_minutes = models.PositiveIntegerField(help_text="How often it reports.")
    grace_minutes = models.PositiveIntegerField(default=5, help_text="How much later it may be.")
    bug_impact = models.CharField(
        max_length=16, choices=Impact.choices, default=Impact.HIGH, help_text="Of the bug it opens when it is missed."
    )
    is_paused = models.BooleanField(default=False)
    last_ping_at = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    down_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["due_at"], name="heartbeat_due", condition=Q(due_at__isnull=False))]
        constraints = [
            models.CheckConstraint(condition=Q(period_minutes__gte=1), name="heartbeat_period"),
            models.CheckConstraint(condition=Q(bug_impact__in=Impact.values), name="heartbeat_impact_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        if self.is_paused:
            return "paused"
        if self.down_since is not None:
            return "down"
        if self.last_ping_at is None:
            return "new"
        return "late" if timezone.now() > self.last_ping_at + timedelta(minutes=self.period_minutes) else "up"

    def expect(self, *, since: datetime) -> None:
        """Say when it is missed, if nothing comes after `since`."""
        span = timedelta(minutes=self.period_minutes + self.grace_minutes)
        waits = not self.is_paused and self.down_since is None and self.last_ping_at is not None
        self.due_at = since + span if waits else None

    def state(self) -> dict[str, Any]:
        """What the trail keeps, without the key: whoever reads it need not be able to report."""
        names = ("name", "period_minutes", "grace_minutes", "bug_impact", "is_paused")
        return {name: getattr(self, name) for name in names}

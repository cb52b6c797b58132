"""What was learnt and is to be known later: facts, what a session is about, and ways of working that succeeded."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7


class MemoryQuerySet(models.QuerySet["Memory"]):
    def live(self) -> Self:
        """What holds now: neither superseded nor past its time."""
        return self.filter(superseded_by=None).in_time()

    def in_time(self) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def expired(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def known_in(self, session_id: str) -> Self:
        """All but what is of other sessions alone."""
        return self.filter(~Q(tier=Memory.Tier.SHORT) | Q(session_id=session_id) if session_id else _LASTING)


class Memory(models.Model):
    class Tier(models.TextChoices):
        SHORT = "short", "short-term: of one session, for 30 minutes"
        LONG = "long", "long-term"
        PATTERN = "pattern", "a way of working that succeeded again and again"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    tier = models.CharField(max_length=8, choices=Tier, default=Tier.LONG)
    text = models.TextField(help_text="What is to be known, as a fact. Secrets in it are taken out.")
    project = models.CharField(max_length=255, blank=True, default="", help_text="Where it holds; blank: everywhere.")
    agent = models.CharField(max_length=100, blank=True, default="", help_text="Who learnt it.")
    session_id = models.CharField(max_length=128, blank=True, default="")
    task_id = models.CharField(max_length=255, blank=True, default="", help_text="What was being done.")
    tags = JSONField(default=list, blank=True)
    is_explicit = models.BooleanField(default=True, help_text="Saved on purpose; it stands before what was noted.")
    success = models.BooleanField(null=True, blank=True, help_text="How the task ended that it tells of.")
    superseded_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="supersedes"
    )
    usage_count = models.PositiveIntegerField(default=0, editable=False, help_text="How often it was recalled.")
    tried = models.PositiveIntegerField(default=0, editable=False, help_text="Tasks a pattern rests on.")
    succeeded = models.PositiveIntegerField(default=0, editable=False, help_text="Of these, how many succeeded.")
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)

    objects = MemoryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "memories"
        indexes = [
            models.Index(fields=["project", "agent", "-id"], name="memory_project"),
            models.Index(fields=["agent", "-id"], name="memory_agent"),
            models.Index(fields=["task_id", "-id"], name="memory_task"),
            models.Index(fields=["tier", "-id"], name="memory_tier"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="memory_has_text"),
            models.CheckConstraint(condition=~Q(tier="short", session_id=""), name="memory_short_has_session"),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 80 else f"{self.text[:77]}..."

    @property
    def success_rate(self) -> float | None:
        return round(self.succeeded / self.tried, 6) if self.tried else None

    @property
    def is_superseded(self) -> bool:
        return self.superseded_by_id is not None

    def state(self) -> dict[str, Any]:
        """What the trail keeps of it."""
        told = ("tier", "text", "project", "agent", "session_id", "task_id", "tags", "is_explicit", "success")
        return {name: getattr(self, name) for name in told}


_LASTING = ~Q(tier=Memory.Tier.SHORT)

"""Policies, and each time one of them runs for a bug."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.database.json_column import JSONField
from config.identifiers import uuid7
from escalation.models.bugs import Bug, Priority
from escalation.models.maintenance import Maintenance
from escalation.models.projects import Project


def urgent() -> list[str]:
    return [Priority.CRITICAL.value, Priority.HIGH.value]


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_order(self) -> Self:
        """The first that fits a bug is the one that runs."""
        return self.order_by("position", "id")

    def calling(self, kind: str, name: str) -> list[str]:
        """The names of those with a step that calls a channel, a person, a team or a schedule."""
        return [policy.name for policy in self if {kind: name} in policy.targets()]


class Policy(models.Model):
    """Whom to call about a bug that waits for somebody, after how long, and how often again."""

    name = models.SlugField(max_length=64, unique=True)
    position = models.PositiveSmallIntegerField(default=100, help_text="Of several that fit, the lowest runs.")
    is_active = models.BooleanField(default=True)
    projects = models.ManyToManyField(Project, blank=True, related_name="policies")
    priorities = JSONField(default=urgent, help_text="Of bugs of these priorities.")
    steps = JSONField(help_text="Each: after how many minutes, and whom it calls.")
    repeat = models.PositiveSmallIntegerField(default=0, help_text="How often the steps begin anew.")
    renotify_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="After the last step: how often its targets are called again."
    )
    ack_timeout_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="How long an acknowledged bug may wait for work on it before it calls again."
    )
    quiet = JSONField(null=True, blank=True, help_text="Hours in which it waits, but for some priorities.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name

    def targets(self) -> list[dict[str, str]]:
        return [target for step in self.steps for target in step["targets"]]

    def rules(self) -> dict[str, Any]:
        """What a run of it follows to its end, whatever becomes of the policy meanwhile."""
        names = ("name", "steps", "repeat", "renotify_minutes", "ack_timeout_minutes", "quiet")
        return {name: getattr(self, name) for name in names}

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        slugs = sorted(project.slug for project in self.projects.all())
        placed = {"position": self.position, "is_active": self.is_active, "priorities": self.priorities}
        return self.rules() | placed | {"projects": slugs}


class EscalationState(models.TextChoices):
    RUNNING = "running"
    UNANSWERED = "unanswered"
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def running(self) -> Self:
        return self.filter(state=EscalationState.RUNNING)

    def due(self, *, at: datetime) -> Self:
        """With something to do now: a step, or an acknowledgement that timed out. A muted bug's wait."""
        quiet = Q(bug__muted_until__gt=at)
        return self.exclude(state=EscalationState.ENDED).filter(due_at__lte=at).exclude(quiet)


class Escalation(models.Model):
    """A policy that runs for a bug: at which step it is and when the next is due. The row is the timer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="escalations")
    policy = models.ForeignKey(Policy, null=True, on_delete=models.SET_NULL, related_name="escalations")
    rules = JSONField(help_text="The policy as it was when this began.")
    state = models.CharField(max_length=16, choices=EscalationState.choices, default=EscalationState.RUNNING)
    step = models.PositiveSmallIntegerField(default=0, help_text="The next to be made, from 0 on.")
    round = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    held_by = models.ForeignKey(
        Maintenance, null=True, on_delete=models.SET_NULL, related_name="held", help_text="For which it waits."
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=255, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], name="run_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["bug", "-id"], name="run_bug"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["bug"], condition=~Q(state="ended"), name="run_once_a_bug"),
            models.CheckConstraint(condition=Q(state__in=EscalationState.values), name="run_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rules.get('name', '')} for {self.bug_id}"

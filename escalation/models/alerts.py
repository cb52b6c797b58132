"""Alerts: rules over the trail, what each counted lately, and how far the trail was looked at."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.database.json_column import JSONField
from escalation.models.bugs import Impact


class Alert(models.Model):
    """Which events of the trail open a bug or send a message, and after how many of them."""

    name = models.SlugField(max_length=64, unique=True)
    event_type = models.CharField(max_length=100, help_text="Such as backup.failed, or backup.* for all of them.")
    where = JSONField(default=dict, blank=True, help_text="What an event must say, by path.")
    per = models.CharField(max_length=100, blank=True, help_text="The path of what is counted apart; empty: together.")
    count = models.PositiveIntegerField(default=1, help_text="How many events it takes.")
    window_minutes = models.PositiveIntegerField(default=10, help_text="In how many minutes.")
    message = models.CharField(max_length=500, help_text="What people read; {path} stands for what the event says.")
    bug_impact = models.CharField(
        max_length=16, choices=Impact.choices, blank=True, help_text="Of the bug it opens; empty: it opens none."
    )
    channels = JSONField(default=list, blank=True, help_text="Names of channels that get a message.")
    again_after_minutes = models.PositiveIntegerField(
        default=60, help_text="How long it sends no further message about the same."
    )
    is_active = models.BooleanField(default=True)
    last_fired_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(bug_impact__in=["", *Impact.values]), name="alert_impact_known"),
            models.CheckConstraint(condition=Q(count__gte=1), name="alert_of_some_events"),
        ]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        names = ("event_type", "where", "per", "count", "window_minutes", "message", "bug_impact", "channels")
        return {name: getattr(self, name) for name in (*names, "again_after_minutes", "is_active")}


class AlertTallyQuerySet(models.QuerySet["AlertTally"]):
    def untouched_since(self, moment: datetime) -> Self:
        """Of no use any more, if that is longer ago than any alert looks back."""
        return self.filter(touched_at__lt=moment)


class AlertTally(models.Model):
    """What an alert counted of one subject lately: at most as many moments as it takes."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="tallies")
    subject = models.CharField(max_length=64, help_text="The hash of what is counted apart.")
    moments = JSONField(default=list, help_text="Seconds since 1970, the oldest first.")
    said_at = models.DateTimeField(null=True, help_text="When a message about it was last sent.")
    touched_at = models.DateTimeField(db_index=True)

    objects = AlertTallyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "subject"], name="alert_one_tally")]

    def __str__(self) -> str:
        return f"{len(self.moments)} of {self.alert_id}"


class TrailPosition(models.Model):
    """The last event that alerts looked at. It moves in the transaction of what they made of the events before it."""

    tx = models.BigIntegerField(default=-1)
    event_id = models.BigIntegerField(default=-1)

    def __str__(self) -> str:
        return f"{self.tx}/{self.event_id}"

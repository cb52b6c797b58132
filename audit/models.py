"""The trail: one append-only row for every change of state."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.utils import timezone

from config.identifiers import uuid7


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, entity_type: str, entity_id: str) -> Self:
        """The events of one entity."""
        return self.filter(entity_type=entity_type, entity_id=entity_id)

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Events from `start` on and before `end`."""
        found = self if start is None else self.filter(timestamp__gte=start)
        return found if end is None else found.filter(timestamp__lt=end)

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")


class Event(models.Model):
    """Something happened to an entity. Written once, in the transaction of the change, and never altered."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    timestamp = models.DateTimeField(default=timezone.now, help_text="When it happened, UTC.")
    event_type = models.CharField(max_length=50)
    entity_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=255)
    old_value = models.JSONField(null=True)
    new_value = models.JSONField(null=True)
    changes = models.JSONField(default=list, help_text="The differences between old and new, path by path.")
    user = models.CharField(max_length=255, null=True, help_text="On whose behalf, as the caller says.")  # noqa: DJ001
    actor = models.CharField(max_length=255, help_text="The authenticated caller.")
    correlation_id = models.CharField(max_length=128, blank=True, help_text="Shared by all events of one request.")
    context = models.JSONField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["entity_type", "entity_id", "-timestamp", "-id"], name="event_entity"),
            models.Index(fields=["timestamp", "id"], name="event_time"),
            models.Index(fields=["event_type", "-id"], name="event_type"),
            models.Index(fields=["actor", "-id"], name="event_actor"),
            models.Index(fields=["user", "-id"], name="event_user"),
            models.Index(fields=["correlation_id"], name="event_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.entity_type} {self.entity_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Events are append-only: record another event instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only: retention removes them by age, nothing else does.")

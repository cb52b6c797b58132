"""Times in which nobody is called: planned once, or every week."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.database.json_column import JSONField
from escalation.models.projects import Project


class MaintenanceQuerySet(models.QuerySet["Maintenance"]):
    def due(self, *, at: datetime) -> Self:
        """Those that begin or end now."""
        return self.filter(due_at__lte=at)

    def within(self, *, at: datetime) -> Self:
        """Those that may be on: their first and last day are around it."""
        return self.filter(Q(ends_at__gt=at) | Q(ends_at__isnull=True), starts_at__lte=at)


class Maintenance(models.Model):
    """A time in which bugs are counted and call nobody. `due_at` is when it next begins or ends."""

    name = models.SlugField(max_length=64, unique=True)
    reason = models.CharField(max_length=500, help_text="What is done; whoever gets the notice reads it.")
    projects = models.ManyToManyField(Project, blank=True, related_name="maintenance")
    starts_at = models.DateTimeField(blank=True, help_text="By default now.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it comes again until it is removed.")
    hours = JSONField(null=True, blank=True, help_text="Of the week, in which it is on between the two.")
    channels = JSONField(default=list, blank=True, help_text="Are told when it begins, and when it ends.")
    began_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Since when it is on.")
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MaintenanceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = verbose_name_plural = "maintenance"
        indexes = [models.Index(fields=["due_at"], name="maintenance_due", condition=Q(due_at__isnull=False))]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="maintenance_takes_time"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        names = ("name", "reason", "hours", "channels")
        times = {name: at.isoformat() if (at := getattr(self, name)) else None for name in ("starts_at", "ends_at")}
        slugs = sorted(project.slug for project in self.projects.all())
        return {name: getattr(self, name) for name in names} | times | {"projects": slugs}

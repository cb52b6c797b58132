"""What is counted of a bug beside its frequency: by the hour, by release and environment, by user; and its groups."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Max, Min, Sum

from escalation.models.bugs import Bug
from escalation.models.projects import Project


class HourlyCountQuerySet(models.QuerySet["HourlyCount"]):
    def since(self, moment: datetime) -> Self:
        """The hour of that moment and later ones, the oldest first."""
        return self.filter(hour__gt=moment - timedelta(hours=1)).order_by("hour")


class SightingQuerySet(models.QuerySet["Sighting"]):
    def by_release(self) -> models.QuerySet["Sighting", dict[str, Any]]:
        """Each release that was named, with its reports and their times; that seen last comes first."""
        return self._by("release")

    def by_environment(self) -> models.QuerySet["Sighting", dict[str, Any]]:
        return self._by("environment")

    def _by(self, field: str) -> models.QuerySet["Sighting", dict[str, Any]]:
        named: Any = self.order_by().exclude(**{field: ""}).values(name=F(field))
        times = {"first_at": Min("first_seen_at"), "last_at": Max("last_seen_at")}
        found: models.QuerySet[Sighting, dict[str, Any]]
        found = named.annotate(reports=Sum("count"), **times).order_by("-last_at", "name")
        return found


class HourlyCount(models.Model):
    """How many reports of a bug came within an hour."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    count = models.PositiveBigIntegerField()

    objects = HourlyCountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bug", "hour"], name="hourly_count_once")]
        indexes = [models.Index(fields=["hour"], name="hourly_count_hour")]

    def __str__(self) -> str:
        return f"{self.count} at {self.hour:%Y-%m-%d %H:00}"


class Sighting(models.Model):
    """Where a bug was seen: a release and an environment, each empty when reports did not say."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="sightings")
    release = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=64, blank=True)
    count = models.PositiveBigIntegerField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    objects = SightingQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["bug", "release", "environment"], name="sighting_once")]

    def __str__(self) -> str:
        return f"{self.release or 'no release'} in {self.environment or 'no environment'}"


class Release(models.Model):
    """A release of a project, in the order they were first seen."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases")
    version = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="release_once")]

    def __str__(self) -> str:
        return self.version


class AffectedUser(models.Model):
    """A user who met a bug, as a hash: how many there are is asked, who they are is not."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="affected_users")
    user_hash = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bug", "user_hash"], name="affected_user_once")]

    def __str__(self) -> str:
        return self.user_hash


class Group(models.Model):
    """A fingerprint, fine or coarse, that leads to a bug. What people merged and split stands here too."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="groups")
    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="groups")
    key = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    by_hand = models.BooleanField(default=False, help_text="A person said so; no rule moves it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="group_key_once")]

    def __str__(self) -> str:
        return self.key

"""People who are called, the teams they are in, and who of them is on call when."""

from datetime import datetime
from typing import Any, Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q
from django.utils import timezone as clock

from config.database.json_column import JSONField
from config.identifiers import uuid7


class PersonQuerySet(models.QuerySet["Person"]):
    def reachable(self) -> Self:
        """Whose account is in use."""
        return self.filter(user__is_active=True)

    def named(self, name: str) -> Self:
        return self.filter(user__username=name)


class Person(models.Model):
    """A user of this service who can be called, and how."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    channels = JSONField(default=list, help_text="Names of the channels that reach nobody else.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["user__username"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.user.get_username()

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        return {"name": self.name, "channels": self.channels}


class Team(models.Model):
    """People who are called together, and whose a bug can be."""

    name = models.SlugField(max_length=64, unique=True)
    members = models.ManyToManyField(Person, related_name="teams", blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        return {"name": self.name, "members": self.member_names}

    @property
    def member_names(self) -> list[str]:
        return sorted(person.name for person in self.members.all())


class Schedule(models.Model):
    """Who of several people is on call at which time."""

    name = models.SlugField(max_length=64, unique=True)
    timezone = models.CharField(max_length=64, default="UTC", help_text="By whose clocks people take turns.")
    rotations = JSONField(help_text="Who take turns, since when, how long; a later one goes before an earlier one.")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        return {"name": self.name, "timezone": self.timezone, "rotations": self.rotations}


class OverrideQuerySet(models.QuerySet["Override"]):
    def within(self, since: datetime, until: datetime) -> Self:
        """Those that matter for a time, the oldest first: a newer one goes before it."""
        return self.filter(starts_at__lt=until, ends_at__gt=since).order_by("created_at", "id")


class Override(models.Model):
    """Somebody who stands in, whoever's turn it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="overrides")
    starts_at = models.DateTimeField(blank=True, help_text="By default now.")
    ends_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [models.Index(fields=["schedule", "ends_at"], name="override_time")]
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="override_takes_time")]

    def __str__(self) -> str:
        return f"{self.person} from {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"

    def state(self) -> dict[str, Any]:
        """What the trail keeps."""
        return {
            "person": self.person.name,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
        }

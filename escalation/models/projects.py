"""Projects, which report errors, and the keys they report with."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from escalation.grouping import RULE

DEFAULT = "default"
"""The slug of the project that bugs belong to which nobody reported for another."""


def new_public_key() -> str:
    return secrets.token_hex(16)


class ProjectQuerySet(models.QuerySet["Project"]):
    def default(self) -> "Project":
        """Whose bugs they are that nobody reported for another."""
        return self.get_or_create(slug=DEFAULT, defaults={"name": "Default"})[0]


class Project(models.Model):
    """A program that reports its errors; groups, releases and figures are its own."""

    id = models.AutoField(primary_key=True, help_text="The number that stands in a DSN.")
    name = models.CharField(max_length=255)
    slug = models.SlugField(max_length=64, unique=True, help_text="How lists name it.")
    created_at = models.DateTimeField(default=timezone.now)
    per_minute = models.PositiveIntegerField(
        default=3000, help_text="Events it may send a minute; more are refused until the next."
    )
    rule = models.PositiveSmallIntegerField(default=RULE, help_text="The rule its errors are grouped by.")
    rule_before = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The rule of before, if another.")
    rule_before_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when groups of the rule before are still looked for."
    )

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(per_minute__gte=1), name="project_some_a_minute")]

    def __str__(self) -> str:
        return self.slug

    def state(self) -> dict[str, object]:
        """What the trail keeps, without the keys: whoever reads it need not be able to report."""
        active = sum(key.is_active for key in self.keys.all())
        return {"name": self.name, "slug": self.slug, "per_minute": self.per_minute, "active_keys": active}

    def in_transition(self, *, at: datetime) -> bool:
        return self.rule_before is not None and self.rule_before_until is not None and self.rule_before_until > at

    @property
    def dsn(self) -> str:
        """What an SDK is given to report here, by the newest key that is in use; empty without one."""
        newest = max((key for key in self.keys.all() if key.is_active), key=lambda key: key.id, default=None)
        return newest.dsn if newest else ""


class ProjectKey(models.Model):
    """A public key: it stands in the code of pages, so it may report and nothing else."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="keys")
    public_key = models.CharField(max_length=32, unique=True, default=new_public_key)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.public_key[:6]}..."

    @property
    def dsn(self) -> str:
        scheme, _, host = settings.PUBLIC_URL.partition("://")
        return f"{scheme}://{self.public_key}@{host}/{self.project_id}"

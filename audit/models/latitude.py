"""What people set beside the rules, for an agent, a project or everybody."""

from datetime import timedelta
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit.models.permissions import lock_rules
from config.identifiers import uuid7

LONGEST_PROJECT, LONGEST_RULE_ID, LONGEST_WHY = 500, 64, 1000
_PROJECT_HELP = "A folder, with all below it; empty for every project."
_AGENT_HELP = "Such as claude; empty for every agent."


Row = TypeVar("Row", bound=models.Model)


class LatitudeQuerySet(models.QuerySet[Row]):
    def locked(self) -> Self:
        """To be changed in this transaction."""
        lock_rules()
        return self.select_for_update()


class PermissionPosture(models.Model):
    """How much is answered of what no rule speaks of. The one for everybody also says that the packs decide."""

    class Posture(models.TextChoices):
        STRICT = "strict"
        BALANCED = "balanced"
        OPEN = "open"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    agent = models.CharField(max_length=32, blank=True, help_text=_AGENT_HELP)
    project = models.CharField(max_length=LONGEST_PROJECT, blank=True, help_text=_PROJECT_HELP)
    posture = models.CharField(
        max_length=8,
        choices=Posture,
        help_text="strict asks what no rule allows; balanced leaves what no rule speaks of to the agent's own"
        " permissions; open answers only what is denied.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LatitudeQuerySet["PermissionPosture"].as_manager()

    class Meta:
        verbose_name = "posture"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["agent", "project"], name="posture_once")]

    def __str__(self) -> str:
        return f"{self.posture} for {whom(self.agent, self.project)}"


class PermissionException(models.Model):
    """A rule that does not hold for an agent, a project or everybody, for ever or until a time."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    rule_id = models.CharField(
        "rule",
        max_length=LONGEST_RULE_ID,
        help_text="The id in a refusal, such as git.reset; a pack, such as containers; or the uid of a rule of yours.",
    )
    agent = models.CharField(max_length=32, blank=True, help_text=_AGENT_HELP)
    project = models.CharField(max_length=LONGEST_PROJECT, blank=True, help_text=_PROJECT_HELP)
    until = models.DateTimeField(null=True, blank=True, help_text="When the rule holds again; empty for never.")
    reason = models.CharField(max_length=LONGEST_WHY, blank=True, help_text="Why, for whoever looks later.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LatitudeQuerySet["PermissionException"].as_manager()

    class Meta:
        verbose_name = "exception"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["rule_id", "agent", "project"], name="exception_once")]

    def __str__(self) -> str:
        return f"{self.rule_id} does not hold for {whom(self.agent, self.project)}"

    @property
    def is_over(self) -> bool:
        """Whether the rule holds again."""
        return self.until is not None and self.until <= timezone.now()


SAME_CALL = timedelta(seconds=10)
"""Some agents ask of one call under two events."""


class OnceQuerySet(LatitudeQuerySet["PermissionOnce"]):
    def usable(self) -> Self:
        """In time, and not used before the call that is made now."""
        now = timezone.now()
        return self.filter(Q(used_at=None) | Q(used_at__gt=now - SAME_CALL), until__gt=now)


class PermissionOnce(models.Model):
    """A call that a person has allowed beforehand: this very one, once, until a time."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    call_hash = models.CharField(max_length=64, editable=False)
    code = models.CharField(max_length=8, help_text="As the refusal has it.")
    told = models.TextField("call", editable=False, help_text="What may run.")
    project = models.CharField(max_length=LONGEST_PROJECT, editable=False)
    agent = models.CharField(max_length=100, editable=False)
    until = models.DateTimeField(editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OnceQuerySet.as_manager()

    class Meta:
        verbose_name = "allowance"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["call_hash"], name="once_once")]

    def __str__(self) -> str:
        return f"{self.told[:200]} may run once"


def whom(agent: str, project: str) -> str:
    """For whom something is set, in words."""
    return " in ".join(filter(None, [agent or ("" if project else "everybody"), project]))

"""The rules agents are held to."""

from typing import Self
from uuid import uuid4

from django.db import models

from config.identifiers import uuid7


def lock_rules() -> None:
    """Every change of what decides writes the version, so changes queue there first: two that held rows of one another
    would wait there for ever."""
    RulesVersion.objects.select_for_update().first()


class RuleQuerySet(models.QuerySet["PermissionRule"]):
    def enabled(self) -> Self:
        """The rules that decide."""
        return self.filter(is_enabled=True)

    def locked(self) -> Self:
        """To be changed in this transaction."""
        lock_rules()
        return self.select_for_update()


class PermissionRule(models.Model):
    """What an agent may do, must not do, or must ask a person for: `Tool(specifier)` with a decision."""

    class Verdict(models.TextChoices):
        ALLOW = "allow"
        DENY = "deny"
        CONFIRM = "confirm"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    agent = models.CharField(max_length=32, blank=True, help_text="Such as claude; empty for every agent.")
    tool = models.CharField(max_length=128, help_text="Bash, Read, Edit, WebFetch, SQL, mcp__server__tool, ...")
    specifier = models.CharField(max_length=500, blank=True, help_text="Such as `git push *` or `./.env`.")
    decision = models.CharField(max_length=7, choices=Verdict)
    reason = models.CharField(max_length=1000, blank=True, help_text="What the agent and its owner are told.")
    match = models.JSONField(default=list, blank=True, help_text="Examples the rule must fit.")
    not_match = models.JSONField(default=list, blank=True, help_text="Examples it must not fit.")
    is_enabled = models.BooleanField(default=True)
    source = models.CharField(max_length=32, blank=True, editable=False, help_text="Where it was imported from.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = "permission rule"
        ordering = ["-id"]
        indexes = [models.Index(fields=["decision", "-id"], name="rule_decision")]
        constraints = [
            models.UniqueConstraint(fields=["agent", "tool", "specifier", "decision"], name="rule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.text}"

    @property
    def text(self) -> str:
        """The rule in Claude Code's syntax."""
        return f"{self.tool}({self.specifier})" if self.specifier else self.tool


class RulesVersion(models.Model):
    """One row whose value is another after each change of a rule or of what is set beside them;
    `audit.permissions.version` has the triggers."""

    version = models.UUIDField(default=uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="rules_version_once")]

    def __str__(self) -> str:
        return str(self.version)

"""Sessions of agents, summed up from the trail."""

from typing import Any, Self

from django.db import models

from audit import limits

LONGEST_SESSION = limits.KEPT_OF_CALLER["session_id"]


class AgentSessionQuerySet(models.QuerySet["AgentSession"]):
    def newest_first(self) -> Self:
        return self.order_by("-last_at", "-id")


class AgentSession(models.Model):
    """One run of an agent, from its first call to its last. The trail says what happened; this is its sum."""

    session_id = models.CharField(max_length=LONGEST_SESSION, unique=True, help_text="As the agent names it.")
    agent = models.CharField(max_length=limits.KEPT_OF_CALLER["agent"], blank=True)
    person = models.CharField(max_length=255, help_text="Whose key or login asked for it.")
    project = models.CharField(max_length=limits.LONGEST_FOLDER, blank=True, help_text="The folder it works in.")
    started_at = models.DateTimeField()
    last_at = models.DateTimeField(help_text="Of the last call.")
    calls = models.PositiveIntegerField(help_text="Tool calls that were judged.")
    allowed = models.PositiveIntegerField()
    denied = models.PositiveIntegerField()
    asked = models.PositiveIntegerField(help_text="Those a person had to be asked about, or the agent itself.")
    run = models.PositiveIntegerField(help_text="Calls that the agent said it had run.")
    last_event = models.BigIntegerField(editable=False, help_text="The newest of its events that is counted here.")

    objects = AgentSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-id"]
        verbose_name = "session"
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="session_newest"),
            models.Index(fields=["agent", "-last_at"], name="session_agent"),
            models.Index(fields=["person", "-last_at"], name="session_person"),
            models.Index(fields=["last_event"], name="session_last_event"),
        ]

    def __str__(self) -> str:
        return f"{self.agent or 'session'} {self.session_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.project = self.project[: limits.LONGEST_FOLDER]
        super().save(*args, **kwargs)

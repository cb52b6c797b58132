"""Sessions of agents: summed up from the trail, and what their models took."""

from typing import Any, Self

from django.db import models
from django.db.models import F

from audit import limits
from audit.cost import Tokens
from audit.models.prices import LONGEST_MODEL
from config.commandline.amounts import dollars

LONGEST_SESSION = limits.KEPT_OF_CALLER["session_id"]
LONGEST_RESPONSE = 200  # of an id that a vendor gives
MOST_TOKENS = 100_000_000
"""Of one response and kind: a hundred times what any model takes at once."""


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
    calls = models.PositiveIntegerField(default=0, help_text="Tool calls that were judged.")
    allowed = models.PositiveIntegerField(default=0)
    denied = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(
        default=0, help_text="Those a person had to be asked about, or the agent itself."
    )
    run = models.PositiveIntegerField(default=0, help_text="Calls that the agent said it had run.")
    last_event = models.BigIntegerField(
        default=0, editable=False, help_text="The newest of its events that is counted here."
    )
    model = models.CharField(max_length=LONGEST_MODEL, blank=True, help_text="Of several the one that wrote most.")
    responses = models.PositiveIntegerField(default=0, help_text="Answers of models that the agent told the tokens of.")
    unpriced = models.PositiveIntegerField(default=0, help_text="Those of them whose price is not known.")
    tokens = models.PositiveBigIntegerField(null=True, help_text="Read, written and cached; null where it is unknown.")
    cost_micros = models.PositiveBigIntegerField(
        null=True, help_text="Micro-dollars; null where the price of any of its tokens is unknown."
    )
    known_cost_micros = models.PositiveBigIntegerField(default=0, help_text="Of the tokens whose price is known.")

    objects = AgentSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-id"]
        verbose_name = "session"
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="session_newest"),
            models.Index(fields=["agent", "-last_at"], name="session_agent"),
            models.Index(fields=["person", "-last_at"], name="session_person"),
            models.Index(fields=["model", "-last_at"], name="session_model"),
            models.Index(fields=["last_event"], name="session_last_event"),
        ]

    def __str__(self) -> str:
        return f"{self.agent or 'session'} {self.session_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.project = self.project[: limits.LONGEST_FOLDER]
        super().save(*args, **kwargs)

    @property
    def cost_told(self) -> str:
        """In words: a sum that a price is missing of is not the whole; nothing where no response is known."""
        if not self.responses:
            return ""
        if self.cost_micros is not None:
            return dollars(self.cost_micros)
        return f"over {dollars(self.known_cost_micros)}" if self.known_cost_micros else "unknown"


class SessionUsageQuerySet(models.QuerySet["SessionUsage"]):
    def of(self, session_id: str) -> Self:
        return self.filter(session_id=session_id)


class SessionUsage(models.Model):
    """What one response of a model took in a session, by the agent's own account of it."""

    session_id = models.CharField(max_length=LONGEST_SESSION)
    response_id = models.CharField(max_length=LONGEST_RESPONSE, help_text="As the vendor or the agent names it.")
    agent_id = models.CharField(max_length=LONGEST_SESSION, blank=True, help_text="Of a sub-agent.")
    model = models.CharField(max_length=LONGEST_MODEL, blank=True)
    at = models.DateTimeField(help_text="When it came.")
    input_tokens = models.PositiveIntegerField()
    output_tokens = models.PositiveIntegerField()
    cache_read_tokens = models.PositiveIntegerField()
    cache_write_tokens = models.PositiveIntegerField()
    cache_write_hour_tokens = models.PositiveIntegerField()
    cost_micros = models.PositiveBigIntegerField(null=True, help_text="By the price of its time; null without one.")

    objects = SessionUsageQuerySet.as_manager()

    TOKENS = tuple(f"{kind}_tokens" for kind in Tokens._fields)
    ALL_TOKENS = (
        F("input_tokens")
        + F("output_tokens")
        + F("cache_read_tokens")
        + F("cache_write_tokens")
        + F("cache_write_hour_tokens")
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session_id", "response_id"], name="usage_once")]
        indexes = [models.Index(fields=["at", "id"], name="usage_time")]

    def __str__(self) -> str:
        return f"{self.model or 'a model'} in {self.session_id}"

    @property
    def used(self) -> Tokens:
        return Tokens(*(getattr(self, name) for name in self.TOKENS))

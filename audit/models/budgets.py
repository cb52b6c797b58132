"""What sessions of agents may take, and when that was passed."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit import limits
from audit.models.latitude import LONGEST_PROJECT, LatitudeQuerySet
from audit.models.sessions import LONGEST_SESSION
from config.commandline.amounts import dollars
from config.identifiers import uuid7

LONGEST_PERSON = 255


class BudgetQuerySet(LatitudeQuerySet["Budget"]):
    """Locked as rules are, since a budget that is passed may deny calls."""


class Budget(models.Model):
    """The most that sessions may take together in a day, or each of them by itself."""

    class Period(models.TextChoices):
        DAY = "day"
        SESSION = "session"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    period = models.CharField(
        max_length=7,
        choices=Period,
        help_text="day: all they take from midnight to midnight, UTC; session: what each takes by itself.",
    )
    agent = models.CharField(max_length=limits.LONGEST_AGENT, blank=True, help_text="Empty for every agent.")
    project = models.CharField(
        max_length=LONGEST_PROJECT, blank=True, help_text="A folder, with all below it; empty for every project."
    )
    person = models.CharField(
        max_length=LONGEST_PERSON, blank=True, help_text="Whose key or login it is; empty for everybody together."
    )
    most_cost_micros = models.PositiveBigIntegerField(null=True, blank=True, help_text="Micro-dollars.")
    most_tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text="Read, written and cached.")
    denies = models.BooleanField(default=False, help_text="Whether calls of tools are denied once it is passed.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "budget"
        constraints = [
            models.UniqueConstraint(fields=["period", "agent", "project", "person"], name="budget_once"),
            models.CheckConstraint(
                condition=Q(most_cost_micros__isnull=False) | Q(most_tokens__isnull=False),
                name="budget_of_something",
                violation_error_message="Say how much money or how many tokens they may take.",
            ),
        ]

    def __str__(self) -> str:
        most = [] if self.most_cost_micros is None else [dollars(self.most_cost_micros)]
        most += [] if self.most_tokens is None else [f"{self.most_tokens:,} tokens"]
        whose = [*filter(None, [self.agent, self.person]), *([f"in {self.project}"] if self.project else [])]
        return f"{' or '.join(most)} a {self.period} for {' '.join(whose) or 'everybody'}"

    def is_for(self, *, agent: str, project: str, person: str) -> bool:
        below = not self.project or f"{project}/".startswith(f"{self.project.rstrip('/')}/")
        return self.agent in ("", agent) and self.person in ("", person) and below


class PassingQuerySet(models.QuerySet["BudgetPassing"]):
    def denying(self) -> Self:
        """Those by which calls are denied now."""
        now = timezone.now()
        return self.filter(Q(until=None) | Q(until__gt=now), budget__denies=True)


class BudgetPassing(models.Model):
    """A budget that was passed, by a session or on a day; once for each."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="passings")
    session_id = models.CharField(max_length=LONGEST_SESSION, blank=True)
    until = models.DateTimeField(null=True, help_text="The end of the day; null for a session, which stays over it.")
    at = models.DateTimeField(default=timezone.now)
    cost_micros = models.PositiveBigIntegerField(help_text="What had been taken by then, as far as it is known.")
    tokens = models.PositiveBigIntegerField()

    objects = PassingQuerySet.as_manager()

    class Meta:
        verbose_name = "passing"
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "session_id"], name="passing_of_session", condition=Q(until__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["budget", "until"], name="passing_of_day", condition=Q(until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget}, passed by {self.session_id or f'{self.at:%Y-%m-%d}'}"


def day_of(moment: datetime) -> tuple[datetime, datetime]:
    """Midnight before and after, UTC."""
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)

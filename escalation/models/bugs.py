"""Bugs, each report of them, the tickets they are linked to and their tags."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from config.canonical import compute_hash
from config.database.json_column import JSONField
from config.secrets import known_as
from escalation.models.projects import Project
from escalation.priority import Score, calculate_priority, next_change


class Impact(models.TextChoices):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Priority(models.TextChoices):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Status(models.TextChoices):
    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"


class System(models.TextChoices):
    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    JIRA = "jira", "Jira"
    LINEAR = "linear", "Linear"
    SYNCROMSP = "syncromsp", "SyncroMSP"
    AUTOTASK = "autotask", "Autotask"
    CONNECTWISE = "connectwise", "ConnectWise"
    OTHER = "other", "Other"


class LinkType(models.TextChoices):
    RELATED = "related"
    RESOLVES = "resolves"
    DOCUMENTS = "documents"


OPEN = (Status.PENDING, Status.ACKNOWLEDGED, Status.INVESTIGATING)
URGENT = (Priority.HIGH, Priority.CRITICAL)
SHOWN_CYCLES = 20


class Tag(models.Model):
    """A word to find bugs by. Its links go with the bug or with the tag."""

    name = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BugQuerySet(models.QuerySet["Bug"]):
    def less_urgent_than(self, score: int, id_: int) -> Self:
        """What comes behind a place, the most urgent first."""
        return self.filter(Q(score__lt=score) | Q(id__lt=id_), score__lte=score)

    def brief(self) -> Self:
        """For a list, which shows none of what is left in the database.

        Its projects are asked for apart: beside a join SQLite would rather read every bug than use an index.
        """
        return self.prefetch_related("project").defer("stack_trace", "metadata", "fingerprint_parts")

    def called(self, bug_id: str) -> Self:
        """The bug of an id; one that holds a secret is kept as its keyed hash."""
        return self.filter(bug_id__in=known_as(bug_id))

    def open(self) -> Self:
        """Named, not "all but resolved": an index beginning with the status leads to these."""
        return self.filter(status__in=OPEN)

    def unresolved(self) -> Self:
        """The same bugs as `open`, for a list by urgency: the index bug_open_urgent has these alone."""
        return self.filter(resolved_at__isnull=True)

    def muted(self, *, at: datetime) -> Self:
        return self.filter(muted_until__gt=at)

    def overdue(self, *, at: datetime) -> Self:
        """Open past the deadline."""
        return self.open().filter(deadline_at__lt=at)

    def due_for_weighing(self, *, at: datetime) -> Self:
        """Open bugs whose score the passing of time alone has changed."""
        return self.open().filter(weigh_again_at__lt=at)

    def counts(self, field: str, values: Iterable[str]) -> dict[str, int]:
        """How many bugs have each value, zero included."""
        found = dict(self.order_by().values_list(field).annotate(count=Count("*")))
        return {value: found.get(value, 0) for value in values}


class Bug(models.Model):
    """Something that goes wrong, however often; it shows its latest report, its occurrences hold the rest."""

    bug_id = models.CharField(max_length=255, unique=True, help_text="The reporter's key, or one made of the error.")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="bugs")
    fingerprint = models.CharField(max_length=64, help_text="Equal for the same error in the same place.")
    fingerprint_parts = JSONField(default=list, help_text="What the fingerprint was made of.")
    error_type = models.CharField(max_length=255)
    error_message = models.TextField(blank=True)
    stack_trace = models.TextField(null=True, blank=True)  # noqa: DJ001 — none given is not an empty trace
    metadata = JSONField(default=dict, blank=True)

    status = models.CharField(max_length=16, choices=Status.choices)
    user_impact = models.CharField(max_length=16, choices=Impact.choices, default=Impact.MEDIUM)
    frequency = models.PositiveIntegerField(default=1, help_text="How often it was reported.")
    users = models.PositiveIntegerField(default=0, help_text="How many users met it, of those who were told.")
    first_release = models.CharField(max_length=200, blank=True, help_text="Of its first report that named one.")
    last_release = models.CharField(max_length=200, blank=True, help_text="Of its newest report that named one.")
    priority = models.CharField(max_length=16, choices=Priority.choices)
    score = models.PositiveSmallIntegerField(help_text="The sum of the factors' points.")
    priority_factors = JSONField(default=list)
    deadline_at = models.DateTimeField(null=True, blank=True)
    weigh_again_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the deadline or the end of muting matters next."
    )

    first_seen_at = models.DateTimeField()
    began_at = models.DateTimeField(help_text="When its present cycle began: first report, or last return.")
    last_seen_at = models.DateTimeField()
    escalated_at = models.DateTimeField(help_text="Since when it waits for somebody: first report, return, or rise.")
    acknowledged_at = models.DateTimeField(null=True, blank=True, help_text="When somebody took notice.")
    acknowledged_by = models.CharField(
        max_length=255, blank=True, help_text="The person who took notice; empty while only programs or nobody did."
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    # Written at the move, so that a mean over all bugs reads one narrow index: computed anew it took 400 ms of 100,000.
    acknowledge_ms = models.PositiveBigIntegerField(null=True, editable=False, help_text="From escalated to noticed.")
    resolve_ms = models.PositiveBigIntegerField(null=True, editable=False, help_text="From its beginning to resolved.")
    resolution = models.TextField(blank=True)
    resolved_by = models.CharField(max_length=255, blank=True)
    holds_from_next_release = models.BooleanField(
        default=False, help_text="Whether reports of releases that were there when it was resolved leave it so."
    )
    assignee = models.CharField(max_length=255, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)
    muted_past_reports = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The frequency that ends its muting."
    )
    muted_past_users = models.PositiveIntegerField(
        null=True, blank=True, help_text="The number of users that ends its muting."
    )
    muted_until_unusual = models.BooleanField(
        default=False, help_text="Whether an hour with more reports than usual ends its muting."
    )
    tags = models.ManyToManyField(Tag, related_name="bugs", blank=True)

    objects = BugQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "-id"], name="bug_status"),
            models.Index(fields=["priority", "-id"], name="bug_priority"),
            models.Index(fields=["error_type", "-id"], name="bug_error_type"),
            models.Index(fields=["assignee", "-id"], name="bug_assignee"),
            models.Index(fields=["fingerprint"], name="bug_fingerprint"),
            models.Index(fields=["project", "-id"], name="bug_project"),
            models.Index(fields=["weigh_again_at"], name="bug_weigh", condition=Q(weigh_again_at__isnull=False)),
            # The first four answer the counts of the summary by themselves: no row is read for them.
            models.Index(fields=["status", "priority"], name="bug_grid"),
            models.Index(fields=["status", "deadline_at"], name="bug_overdue"),
            models.Index(fields=["assignee", "status"], name="bug_unassigned"),
            models.Index(fields=["muted_until", "status"], name="bug_muted", condition=Q(muted_until__isnull=False)),
            models.Index(fields=["-score", "-id"], name="bug_urgent"),
            # Open ones alone, told by the time they were resolved: SQLite has to see the index's very condition in a
            # statement, and sees no values of `status IN (?, ?, ?)`.
            models.Index(fields=["-score", "-id"], name="bug_open_urgent", condition=Q(resolved_at__isnull=True)),
            # A report moves a bug in this one anyway; with the frequency in it, all reports are summed from it.
            models.Index(fields=["-last_seen_at", "-id", "frequency"], name="bug_latest"),
            # With the times until something was done in them, means over a window are told from these alone.
            models.Index(fields=["first_seen_at", "acknowledge_ms"], name="bug_first_seen"),
            models.Index(
                fields=["resolved_at", "resolve_ms"], name="bug_resolved", condition=Q(resolved_at__isnull=False)
            ),
            models.Index(fields=["acknowledge_ms"], name="bug_ack_ms", condition=Q(acknowledge_ms__isnull=False)),
            models.Index(fields=["resolve_ms"], name="bug_resolve_ms", condition=Q(resolve_ms__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(frequency__gte=1), name="bug_frequency_from_1"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="bug_status_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="bug_priority_known"),
            models.CheckConstraint(condition=Q(user_impact__in=Impact.values), name="bug_impact_known"),
            models.CheckConstraint(
                condition=Q(status=Status.RESOLVED, resolved_at__isnull=False)
                | Q(~Q(status=Status.RESOLVED), resolved_at__isnull=True),
                name="bug_resolved_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.bug_id

    @property
    def is_open(self) -> bool:
        return self.status != Status.RESOLVED

    @property
    def is_urgent(self) -> bool:
        return self.priority in URGENT

    def is_muted(self, *, at: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > at

    def unmute(self) -> None:
        self.muted_until = self.muted_past_reports = self.muted_past_users = None
        self.muted_until_unusual = False

    def take_notice(self, *, at: datetime) -> None:
        """Somebody or something looks at it for the first time in this cycle."""
        self.acknowledged_at, self.acknowledge_ms = at, _milliseconds(self.escalated_at, at)

    @property
    def awaits_a_person(self) -> bool:
        """Whether a program took it on, and no person took notice."""
        taken_on = self.status in (Status.ACKNOWLEDGED, Status.INVESTIGATING)
        return taken_on and self.acknowledged_at is not None and not self.acknowledged_by

    @property
    def still_calls(self) -> bool:
        """Whether it waits for a person, who has to take notice."""
        return self.status == Status.PENDING or self.awaits_a_person

    def end(self, *, at: datetime) -> None:
        """Its present cycle is over."""
        self.resolved_at, self.resolve_ms = at, _milliseconds(self.began_at, at)

    def begin_again(self, *, at: datetime) -> None:
        """A new cycle, which nobody has looked at."""
        self.began_at = self.escalated_at = at
        self.acknowledged_at = self.acknowledge_ms = self.resolved_at = self.resolve_ms = None
        self.acknowledged_by = ""

    def newest_cycles(self) -> Sequence["Cycle"]:
        return list(self.cycles.all()[:SHOWN_CYCLES])

    def weigh(self, *, at: datetime) -> None:
        """Compute the priority anew, as it is at a moment."""
        hours = None if self.deadline_at is None else (self.deadline_at - at).total_seconds() / 3600
        score: Score = calculate_priority(
            error_type=self.error_type,
            user_impact=self.user_impact,
            frequency=self.frequency,
            deadline_hours=hours,
        )
        self.priority, self.score = score.priority, score.score
        self.priority_factors = [factor.as_dict() for factor in score.factors]
        moments = [next_change(deadline_at=self.deadline_at, now=at)]
        moments += [self.muted_until] if self.is_muted(at=at) else []
        self.weigh_again_at = min((moment for moment in moments if moment is not None), default=None)

    def state(self) -> dict[str, object]:
        """What the trail keeps of a bug: all that changes, without traces and metadata."""
        return {
            "error_type": self.error_type,
            "error_message": self.error_message[:1000],
            "status": self.status,
            "priority": self.priority,
            "score": self.score,
            "frequency": self.frequency,
            "user_impact": self.user_impact,
            "deadline_at": _text(self.deadline_at),
            "assignee": self.assignee,
            "acknowledged_by": self.acknowledged_by,
            "muted_until": _text(self.muted_until),
            "resolution": self.resolution,
            "resolved_by": self.resolved_by,
            "holds_from_next_release": self.holds_from_next_release,
            "tags": sorted(tag.name for tag in self.tags.all()),
            "tickets": [ticket.state() for ticket in self.tickets.all()],
            "metadata_hash": compute_hash(self.metadata)[:16] if self.metadata else "",
        }


class Cycle(models.Model):
    """A time from a report to a resolution that did not hold; the bug itself has the times of its present cycle."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="cycles")
    began_at = models.DateTimeField(help_text="First report, or the return that began it.")
    escalated_at = models.DateTimeField(help_text="Since when it waited for somebody.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField()
    reopened_at = models.DateTimeField()
    acknowledge_ms = models.PositiveBigIntegerField(null=True, editable=False)
    resolve_ms = models.PositiveBigIntegerField(editable=False)

    TIMES = ("began_at", "escalated_at", "acknowledged_at", "resolved_at", "acknowledge_ms", "resolve_ms")
    """What it keeps of the bug whose cycle it was."""

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bug", "-id"], name="cycle_bug"),
            models.Index(fields=["resolved_at"], name="cycle_resolved"),
            models.Index(fields=["acknowledge_ms"], name="cycle_ack_ms", condition=Q(acknowledge_ms__isnull=False)),
            models.Index(fields=["resolve_ms"], name="cycle_resolve_ms"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} to {self.resolved_at:%Y-%m-%d %H:%M}"


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def expired(self, *, before: datetime) -> Self:
        """Older than `before`, except each bug's first, which tells how it began."""
        first = self.model.objects.filter(bug=models.OuterRef("bug")).order_by("id").values("id")[:1]
        return self.filter(seen_at__lt=before).exclude(id=models.Subquery(first))


class Occurrence(models.Model):
    """One report of a bug, as it came. Written once; retention removes the old ones."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="occurrences")
    seen_at = models.DateTimeField(default=timezone.now)
    error_type = models.CharField(max_length=255)
    error_message = models.TextField(blank=True)
    stack_trace = models.TextField(null=True, blank=True)  # noqa: DJ001
    user_impact = models.CharField(max_length=16, choices=Impact.choices)
    metadata = JSONField(default=dict, blank=True)
    fingerprint = models.CharField(max_length=64)
    reporter = models.CharField(max_length=255, help_text="The caller who reported it.")
    correlation_id = models.CharField(max_length=128, blank=True)
    event_id = models.CharField(max_length=32, blank=True, help_text="Of the event of an SDK.")
    release = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=64, blank=True)
    event = models.BinaryField(null=True, help_text="The event of an SDK without its secrets, as compressed JSON.")

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["bug", "-id"], name="occurrence_bug"),
            models.Index(fields=["event_id"], name="occurrence_event", condition=~Q(event_id="")),
            models.Index(fields=["seen_at"], name="occurrence_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.error_type} at {self.seen_at:%Y-%m-%d %H:%M:%S}"


class TicketLink(models.Model):
    """A bug's ticket in another system."""

    bug = models.ForeignKey(Bug, on_delete=models.CASCADE, related_name="tickets")
    system = models.CharField(max_length=16, choices=System.choices)
    ticket_id = models.CharField(max_length=255)
    url = models.CharField(max_length=2048, blank=True, help_text="http or https.")
    link_type = models.CharField(max_length=16, choices=LinkType.choices, default=LinkType.RELATED)
    status = models.CharField(max_length=50, blank=True, help_text="As the other system calls it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["bug", "system", "ticket_id"], name="ticket_link_once"),
            models.CheckConstraint(condition=Q(system__in=System.values), name="ticket_link_system_known"),
            models.CheckConstraint(condition=Q(link_type__in=LinkType.values), name="ticket_link_type_known"),
        ]
        indexes = [models.Index(fields=["system", "ticket_id"], name="ticket_link_ticket")]

    def __str__(self) -> str:
        return f"{self.system} {self.ticket_id}"

    def state(self) -> dict[str, str]:
        """What the trail keeps of a link."""
        return {name: getattr(self, name) for name in ("system", "ticket_id", "url", "link_type", "status")}


def _milliseconds(start: datetime, end: datetime) -> int:
    """A clock that was set back makes no time negative."""
    return max(0, (end - start) // timedelta(milliseconds=1))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

"""The trail: one append-only row for every change of state."""

from datetime import datetime
from typing import Any, Literal, Self, cast

from django.db import connections, models
from django.db.models import Q
from django.utils import timezone

from audit import limits
from audit.leaves import ENVELOPE
from audit.verdicts import MADE
from config.database.json_column import JSONField
from config.identifiers import uuid7
from config.secrets import blank, known_as


class CurrentTransaction(models.Func):
    """PostgreSQL's id of the writing transaction; SQLite has one writer at a time, so the order of ids is enough."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[str | int, ...]]:
        return "0", ()


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, entity_type: str, entity_id: str) -> Self:
        """The events of one entity."""
        return self.where(entity_type=entity_type, entity_id=entity_id)

    def where(self, **wanted: str) -> Self:
        """Events by what identifies them; an id with a secret in it is kept as its keyed hash, and found by both."""
        return self.filter(**{f"{name}__in": known_as(value) for name, value in wanted.items()})

    def by_user(self, user: str) -> Self:
        """Events on behalf of a user, whose name is kept without secrets."""
        return self.filter(user__in=[user, blank(user)[:255]])

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Events from `start` on and before `end`."""
        found = self if start is None else self.filter(timestamp__gte=start)
        return found if end is None else found.filter(timestamp__lt=end)

    def in_order(self) -> Self:
        """In the ledger's order."""
        return self.order_by(*self._order())

    def after(self, tx: int, id_: int) -> Self:
        """Events behind a place in the ledger's order."""
        if self._order() == ("id",):
            return self.filter(id__gt=id_)
        # A row's comparison: with an OR the index leads to the transaction only, which may have a million events.
        behind = self.extra(where=['("audit_event"."tx", "audit_event"."id") > (%s, %s)'], params=[tx, id_])
        return cast("Self", behind).filter(tx__gt=0)

    def up_to(self, tx: int, id_: int) -> Self:
        """Events up to a place in the ledger's order, itself included."""
        if self._order() == ("id",):
            return self.filter(id__lte=id_)
        return self.filter(Q(tx__lt=tx) | Q(id__lte=id_), tx__lte=tx)

    def _order(self) -> tuple[str, ...]:
        """On SQLite every tx is 0. There, naming it leads away from the key: the events behind a place took 60 ms."""
        return ("tx", "id") if connections[self.db].vendor == "postgresql" else ("id",)

    def joined_by(self, column: Literal["agent", "session_id", "tool_use_id"], value: str) -> Self:
        """The events of an agent, a session or a tool call.

        The indexes leave out blanks, and SQLite uses one only where the statement itself says that there are none.
        """
        told = self.extra(where=[f'NOT ("audit_event"."{column}" = \'\')'])  # noqa: S610  -- one of three names
        return cast("Self", told).where(**{column: value})

    def decided(self, decision: str = "") -> Self:
        """The decisions on tool calls, all or those that say `decision`."""
        return self.filter(decision=decision) if decision else self.filter(event_type=MADE)

    def older_than(self, timestamp: datetime, id_: int) -> Self:
        """What comes behind a place, newest first."""
        return self.filter(Q(timestamp__lt=timestamp) | Q(id__lt=id_), timestamp__lte=timestamp)

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")


class Event(models.Model):
    """Something happened to an entity. Written once, in the transaction of the change, and never altered."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    timestamp = models.DateTimeField(default=timezone.now, help_text="When it happened, UTC.")
    event_type = models.CharField(max_length=limits.LONGEST_TYPE)
    entity_type = models.CharField(max_length=limits.LONGEST_TYPE)
    entity_id = models.CharField(max_length=limits.LONGEST_ID)
    old_value = JSONField(null=True)
    new_value = JSONField(null=True)
    changes = JSONField(default=list, help_text="The differences between old and new, path by path.")
    user = models.CharField(max_length=limits.LONGEST_USER, null=True, help_text="On whose behalf, as the caller says.")  # noqa: DJ001
    actor = models.CharField(max_length=255, help_text="The authenticated caller.")
    correlation_id = models.CharField(max_length=128, blank=True, help_text="Shared by all events of one request.")
    context = JSONField(null=True)
    # Which agent did it, in which session and tool call: columns, since decisions and executions are joined by them.
    agent = models.CharField(max_length=limits.KEPT_OF_CALLER["agent"], blank=True)
    session_id = models.CharField(max_length=limits.KEPT_OF_CALLER["session_id"], blank=True)
    tool_use_id = models.CharField(max_length=limits.KEPT_OF_CALLER["tool_use_id"], blank=True)
    decision = models.CharField(  # noqa: DJ001 -- null is no decision, and what is null is in no index
        max_length=7,
        null=True,
        editable=False,
        help_text="allow, deny or confirm, as new_value of a decided call says; left where the agent decides.",
    )
    idempotency_key = models.CharField(max_length=limits.LONGEST_KEY, null=True, editable=False)  # noqa: DJ001
    salt = models.CharField(max_length=32, blank=True, editable=False, help_text="Blank once the payload is erased.")
    payload_hash = models.CharField(max_length=64, editable=False)
    leaf_hash = models.CharField(max_length=64, editable=False)
    tx = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = EventQuerySet.as_manager()

    PROVEN = ("timestamp", *ENVELOPE)
    """The columns the ledger's leaf is made of."""

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The id first: it finds an entity as well, and serves those who know the id alone.
            models.Index(fields=["entity_id", "entity_type", "-timestamp", "-id"], name="event_entity"),
            models.Index(fields=["entity_type", "-id"], name="event_entity_type"),
            models.Index(fields=["timestamp", "id"], name="event_time"),
            models.Index(fields=["event_type", "-id"], name="event_type"),
            models.Index(fields=["actor", "-id"], name="event_actor"),
            models.Index(fields=["user", "-id"], name="event_user"),
            models.Index(fields=["correlation_id"], name="event_correlation"),
            models.Index(fields=["agent", "-id"], name="event_agent", condition=~Q(agent="")),
            models.Index(fields=["session_id", "-id"], name="event_session", condition=~Q(session_id="")),
            models.Index(fields=["decision", "-id"], name="event_decision", condition=Q(decision__isnull=False)),
            models.Index(fields=["tool_use_id"], name="event_tool_use", condition=~Q(tool_use_id="")),
            # On SQLite every tx is 0 and ids alone are the order: nothing is indexed there.
            models.Index(fields=["tx", "id"], name="event_seal_order", condition=Q(tx__gt=0)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"], name="event_once_a_key", condition=Q(idempotency_key__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.entity_type} {self.entity_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Events are append-only: record another event instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Events are append-only: retention removes them by age, nothing else does.")


class DecisionManager(models.Manager["Decision"]):
    def get_queryset(self) -> Any:
        return EventQuerySet(self.model, using=self._db).decided()


class Decision(Event):
    """The event of a decision on a tool call: a view of the trail that is looked at by itself."""

    objects = DecisionManager()  # type: ignore[assignment, misc]  # narrower than the trail's

    class Meta:
        proxy = True
        verbose_name = "decision"

    def __str__(self) -> str:
        return f"{self.decision or 'no verdict'} {self.entity_id}"

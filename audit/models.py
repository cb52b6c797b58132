"""The trail, one append-only row for every change of state, and the ledger that proves it."""

from datetime import datetime
from typing import Any, Literal, Self, cast

from django.db import models
from django.db.models import Q
from django.utils import timezone

from audit.fields import JSONField
from audit.leaves import ENVELOPE
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

    def after(self, tx: int, id_: int) -> Self:
        """Events behind a place in the ledger's order."""
        return self.filter(Q(tx__gt=tx) | Q(tx=tx, id__gt=id_))

    def up_to(self, tx: int, id_: int) -> Self:
        """Events up to a place in the ledger's order, itself included."""
        return self.filter(Q(tx__lt=tx) | Q(tx=tx, id__lte=id_))

    def joined_by(self, column: Literal["agent", "session_id", "tool_use_id"], value: str) -> Self:
        """The events of an agent, a session or a tool call.

        The indexes leave out blanks, and SQLite uses one only where the statement itself says that there are none.
        """
        told = self.extra(where=[f'NOT ("audit_event"."{column}" = \'\')'])  # noqa: S610  -- one of three names
        return cast("Self", told).where(**{column: value})

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")


class Event(models.Model):
    """Something happened to an entity. Written once, in the transaction of the change, and never altered."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    timestamp = models.DateTimeField(default=timezone.now, help_text="When it happened, UTC.")
    event_type = models.CharField(max_length=50)
    entity_type = models.CharField(max_length=50)
    entity_id = models.CharField(max_length=255)
    old_value = JSONField(null=True)
    new_value = JSONField(null=True)
    changes = JSONField(default=list, help_text="The differences between old and new, path by path.")
    user = models.CharField(max_length=255, null=True, help_text="On whose behalf, as the caller says.")  # noqa: DJ001
    actor = models.CharField(max_length=255, help_text="The authenticated caller.")
    correlation_id = models.CharField(max_length=128, blank=True, help_text="Shared by all events of one request.")
    context = JSONField(null=True)
    # Which agent did it, in which session and tool call: columns, since decisions and executions are joined by them.
    agent = models.CharField(max_length=100, blank=True)
    session_id = models.CharField(max_length=128, blank=True)
    tool_use_id = models.CharField(max_length=128, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, editable=False)  # noqa: DJ001
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
            models.Index(fields=["entity_type", "entity_id", "-timestamp", "-id"], name="event_entity"),
            models.Index(fields=["timestamp", "id"], name="event_time"),
            models.Index(fields=["event_type", "-id"], name="event_type"),
            models.Index(fields=["actor", "-id"], name="event_actor"),
            models.Index(fields=["user", "-id"], name="event_user"),
            models.Index(fields=["correlation_id"], name="event_correlation"),
            models.Index(fields=["agent", "-id"], name="event_agent", condition=~Q(agent="")),
            models.Index(fields=["session_id", "-id"], name="event_session", condition=~Q(session_id="")),
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


class Tile(models.Model):
    """Up to 256 leaves of the ledger's Merkle tree, in their order; 256 are a full subtree with its root."""

    SIZE = 256

    number = models.PositiveBigIntegerField(primary_key=True)
    size = models.PositiveSmallIntegerField()
    first_tx = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_tx = models.BigIntegerField()
    last_id = models.BigIntegerField()
    ids = models.BinaryField(help_text="The events' ids, 8 bytes each, big-endian.")
    hashes = models.BinaryField(help_text="Their leaf hashes, 32 bytes each.")
    root = models.BinaryField(null=True, help_text="The subtree's root, once full.")

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["first_tx", "first_id"], name="tile_order")]

    def __str__(self) -> str:
        return f"leaves {self.number * self.SIZE} to {self.number * self.SIZE + self.size - 1}"


class Checkpoint(models.Model):
    """The tree's size and root at a time, signed; the same text is kept outside the database."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    note = models.TextField(help_text="C2SP tlog-checkpoint with its Ed25519 signature.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"{self.size} leaves, root {self.root[:16]}"


class RemovalPermit(models.Model):
    """A row in here lets the triggers pass: retention, erasure and rebasing insert one for their own transaction."""

    reason = models.CharField(max_length=255)

    class Meta:
        verbose_name = "removal permit"

    def __str__(self) -> str:
        return self.reason


class StreamQuerySet(models.QuerySet["StreamPosition"]):
    def free(self, now: datetime) -> Self:
        """The place, unless a sender is at it."""
        return self.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))


class StreamPosition(models.Model):
    """Up to which event the SIEM has confirmed the trail, in the ledger's order; there is one row."""

    tx = models.BigIntegerField(default=-1)
    event_id = models.BigIntegerField("event", default=-1)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=255, blank=True, help_text="Why the last try failed.")
    leased_until = models.DateTimeField(null=True, help_text="Until then a sender is at it.")

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = "stream to the SIEM"
        verbose_name_plural = "stream to the SIEM"

    def __str__(self) -> str:
        return f"up to event {self.event_id}" if self.sent_at else "nothing sent yet"


class TransactionBase(models.Model):
    """What PostgreSQL's transaction ids are raised by, so that they go on rising after a restore elsewhere."""

    base = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.base)

    @classmethod
    def current(cls) -> int:
        return cls.objects.values_list("base", flat=True).first() or 0


class StagedChange(models.Model):
    """A row that a trigger saw change; `capture.collect` makes an event of it."""

    table = models.CharField(max_length=63)
    operation = models.CharField(max_length=6)
    entity_id = models.CharField(max_length=255)
    old_value = models.JSONField(null=True)
    new_value = models.JSONField(null=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=255, blank=True)
    correlation_id = models.CharField(max_length=128, blank=True)
    database_user = models.CharField(max_length=63)

    def __str__(self) -> str:
        return f"{self.operation} {self.table} {self.entity_id}"


class CaptureBy(models.Model):
    """Who writes to a captured table in the present transaction, where the database has no session settings."""

    actor = models.CharField(max_length=255)
    correlation_id = models.CharField(max_length=128, blank=True)

    def __str__(self) -> str:
        return self.actor


class BackupRun(models.Model):
    """A backup that was asked for: what became of it, and whether it was seen to restore."""

    class Kind(models.TextChoices):
        DAILY = "daily"
        WEEKLY = "weekly"
        MONTHLY = "monthly"
        MANUAL = "manual"
        PRE_MIGRATION = "pre-migration"
        PRE_RESTORE = "pre-restore"

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"

    class Verification(models.TextChoices):
        NOT_VERIFIED = "not_verified"
        PASSED = "passed"
        FAILED = "failed"

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=13, choices=Kind, default=Kind.MANUAL)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=255, blank=True)
    host = models.CharField(max_length=255, blank=True, help_text="Where it is made: the file lies there.")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=255, blank=True, help_text="Its name in BACKUP_DIR.")
    size_bytes = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    ledger_size = models.PositiveBigIntegerField(null=True, help_text="Leaves of the audit ledger inside.")
    ledger_root = models.CharField(max_length=64, blank=True)
    verification = models.CharField(max_length=12, choices=Verification, default=Verification.NOT_VERIFIED)
    verified_at = models.DateTimeField(null=True)
    detail = models.TextField(blank=True, help_text="Why it failed, or what the verification found.")
    removed_at = models.DateTimeField(null=True, help_text="When retention removed the file.")

    class Meta:
        verbose_name = "backup"
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "status", "-id"], name="backup_kind")]

    def __str__(self) -> str:
        return self.file or f"{self.kind} backup, {self.status}"

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


class RuleQuerySet(models.QuerySet["PermissionRule"]):
    def enabled(self) -> Self:
        """The rules that decide."""
        return self.filter(is_enabled=True)


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

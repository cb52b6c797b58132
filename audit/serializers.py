"""The shapes of events, histories and rollbacks in JSON."""

from typing import ClassVar

from django.conf import settings
from rest_framework import serializers

from audit import limits
from audit.models import BackupRun, Checkpoint, Event
from audit.trail import MAX_BATCH
from config.rest.times import TimeField
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer, WholeNumberField


class EventSerializer(StrictModelSerializer):
    """An event; what a caller may say of it is writable, the rest is computed."""

    class Meta:
        model = Event
        fields = [
            "uid",
            "timestamp",
            "event_type",
            "entity_type",
            "entity_id",
            "old_value",
            "new_value",
            "changes",
            "user",
            "actor",
            "correlation_id",
            "context",
            "agent",
            "session_id",
            "tool_use_id",
            "leaf_hash",
            "erased_at",
        ]
        read_only_fields = ["uid", "changes", "actor", "correlation_id", "leaf_hash", "erased_at"]


_SIZE = (
    f"old_value, new_value and context have together at most {settings.MAX_EVENT_BYTES:,} bytes as JSON "
    "(MAX_EVENT_BYTES), else 413."
)


class NewEventSerializer(EventSerializer):
    """The body of a new event."""

    timestamp = TimeField(required=False, help_text="When it happened; by default now.")
    user = serializers.CharField(
        required=False, allow_null=True, max_length=limits.LONGEST_USER, help_text="On whose behalf."
    )
    context = serializers.DictField(required=False, allow_null=True, help_text=_SIZE)  # type: ignore[assignment]  # a field of that name

    idempotency_key = serializers.CharField(
        required=False, max_length=255, help_text="A second event of this caller with the same key is not recorded."
    )

    class Meta(EventSerializer.Meta):
        fields = [
            "event_type",
            "entity_type",
            "entity_id",
            "old_value",
            "new_value",
            "user",
            "context",
            "timestamp",
            "agent",
            "session_id",
            "tool_use_id",
            "idempotency_key",
        ]
        read_only_fields: list[str] = []
        extra_kwargs: ClassVar = {"old_value": {"help_text": _SIZE}, "new_value": {"help_text": _SIZE}}


class BatchSerializer(StrictSerializer):
    """Many new events, recorded all or none."""

    events = NewEventSerializer(many=True, min_length=1, max_length=MAX_BATCH)  # type: ignore[call-arg]


class RecordedSerializer(StrictSerializer):
    """The events of a batch, in its order."""

    events = EventSerializer(many=True)


class HistorySerializer(StrictModelSerializer):
    """One step in an entity's history."""

    class Meta:
        model = Event
        fields = ["uid", "timestamp", "event_type", "user", "old_value", "new_value"]


class ProofQuery(QuerySerializer):
    size = WholeNumberField(required=False, min_value=1, max_value=limits.LAST_LEAF, help_text="Checkpoint.")


class HistoryQuery(QuerySerializer):
    limit = WholeNumberField(
        default=limits.USUALLY_SHOWN, min_value=1, max_value=limits.MOST_SHOWN, help_text="At most so many."
    )


class StateQuery(QuerySerializer):
    at = TimeField(required=False, help_text="By default now.")


class ChangeSerializer(StrictSerializer):
    path = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(["added", "removed", "changed"])
    old = serializers.JSONField()
    new = serializers.JSONField()


class StateSerializer(StrictSerializer):
    """What an entity was at a time."""

    at = serializers.DateTimeField()
    state = serializers.JSONField(help_text="The new_value of the last event up to then.")
    event = serializers.UUIDField()


class RollbackSerializer(StrictSerializer):
    """What to go back to."""

    to = serializers.UUIDField(
        required=False, help_text="The event whose state comes back; by default the state before the last change."
    )
    based_on = serializers.UUIDField(
        required=False, help_text="The last event the caller knows of; a later one makes the rollback a conflict."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would change.")
    force = serializers.BooleanField(default=False, help_text="Overwrite an entity that is not as the trail left it.")
    reason = serializers.CharField(required=False, default="", max_length=limits.LONGEST_REASON, allow_blank=True)


class GroupRollbackSerializer(StrictSerializer):
    """Undo everything of one request, command or job."""

    correlation_id = serializers.CharField(max_length=128)
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would change.")
    force = serializers.BooleanField(default=False, help_text="Overwrite entities that are not as the trail left them.")
    reason = serializers.CharField(required=False, default="", max_length=limits.LONGEST_REASON, allow_blank=True)


class PatchSerializer(StrictSerializer):
    """An RFC 6902 operation."""

    op = serializers.ChoiceField(["add", "remove", "replace", "test"])
    path = serializers.CharField(allow_blank=True)
    value = serializers.JSONField(required=False)


class PlanSerializer(StrictSerializer):
    """What a rollback would do, or did."""

    entity_type = serializers.CharField()
    entity_id = serializers.CharField()
    based_on = serializers.UUIDField(source="based_on.uid")
    restores = serializers.CharField(allow_blank=True)
    reverts = serializers.ListField(child=serializers.CharField())
    current = serializers.JSONField()
    target = serializers.JSONField()
    changes = ChangeSerializer(many=True)
    patch = PatchSerializer(many=True)
    conflicts = ChangeSerializer(many=True, help_text="Where the entity is not as the trail left it.")
    in_place = serializers.BooleanField(help_text="Whether Handrail writes the entity itself.")


class RolledBackSerializer(StrictSerializer):
    """A plan, and the recorded rollback; null for a dry run."""

    plan = PlanSerializer()
    event = EventSerializer(allow_null=True)


class GroupRolledBackSerializer(StrictSerializer):
    plans = PlanSerializer(many=True)
    events = EventSerializer(many=True, help_text="The recorded rollbacks; empty for a dry run.")


class CheckpointSerializer(StrictModelSerializer):
    """A signed statement of the tree's size and root."""

    class Meta:
        model = Checkpoint
        fields = ["size", "root", "note", "created_at"]


class CheckpointsSerializer(StrictSerializer):
    public_key = serializers.CharField(help_text="The verifier key of the notes.")
    unsealed = serializers.IntegerField(help_text="Events no checkpoint holds yet.")
    seconds_unsealed = serializers.FloatField(help_text="Age of the oldest of them.")


class VerifySerializer(StrictSerializer):
    """What to check; by default everything."""

    since = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=limits.LAST_LEAF, help_text="First leaf."
    )
    until = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=limits.LAST_LEAF
    )
    checkpoint = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=10_000, trim_whitespace=False, help_text="A note."
    )


class FaultSerializer(StrictSerializer):
    kind = serializers.CharField()
    detail = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    uid = serializers.CharField(allow_blank=True)


class VerdictSerializer(StrictSerializer):
    """What a check of the trail found."""

    valid = serializers.BooleanField()
    events = serializers.IntegerField()
    removed = serializers.IntegerField()
    checkpoints = serializers.IntegerField()
    size = serializers.IntegerField()
    fault = FaultSerializer(allow_null=True)


class ProofSerializer(StrictSerializer):
    """What `audit/ledger/verify_proof.py` checks without this service."""

    format = serializers.CharField()
    envelope = serializers.DictField()
    payload = serializers.DictField(allow_null=True)
    salt = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    inclusion = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField()


class BackupSerializer(StrictModelSerializer):
    """A backup in the log."""

    duration_seconds = serializers.FloatField(read_only=True, allow_null=True)

    class Meta:
        model = BackupRun
        fields = [
            "uid",
            "kind",
            "status",
            "created_at",
            "created_by",
            "host",
            "started_at",
            "completed_at",
            "duration_seconds",
            "file",
            "size_bytes",
            "sha256",
            "ledger_size",
            "ledger_root",
            "verification",
            "verified_at",
            "detail",
            "removed_at",
        ]


class StandingSerializer(serializers.Serializer[object]):
    """Where the stream to the SIEM stands."""

    receiver = serializers.CharField(help_text="Its address; empty when AUDIT_STREAM_URL is not set.")
    waiting = serializers.IntegerField(help_text="Sealed events it has not confirmed.")
    last_sent_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(help_text="Why the last try failed; empty after one that did not.")


class SendSerializer(StrictSerializer):
    restart = serializers.BooleanField(default=False, help_text="Begin at the first event again.")


class NewBackupSerializer(StrictSerializer):
    """Which kind of backup to make."""

    kind = serializers.ChoiceField(BackupRun.Kind.choices, default=BackupRun.Kind.MANUAL)

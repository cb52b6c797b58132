"""The shapes of sessions in JSON."""

from typing import Any

from rest_framework import serializers

from audit.models import AgentSession
from audit.sessions.steps import MOST, beside, steps_of, touched
from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer, StrictSerializer

_FIELDS = [
    *("session_id", "agent", "person", "project", "started_at", "last_at"),
    *("calls", "allowed", "denied", "asked", "run"),
]


class SessionSerializer(StrictModelSerializer):
    """A session summed up, at most a minute behind the trail."""

    started_at = TimeField(read_only=True)
    last_at = TimeField(read_only=True)

    class Meta:
        model = AgentSession
        fields = _FIELDS
        read_only_fields = fields


class StepSerializer(StrictSerializer):
    """One tool call of a session."""

    event = serializers.UUIDField(help_text="What the trail has of it.")
    timestamp = TimeField()
    tool = serializers.CharField()
    input = serializers.JSONField(allow_null=True, help_text="As asked, without secrets and cut to a readable size.")
    decision = serializers.CharField(
        allow_null=True, help_text="null where the agent told of a call it never asked about."
    )
    rule = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    outcome = serializers.CharField(allow_null=True, help_text="`ran` or `failed`; null where the agent did not say.")
    duration_ms = serializers.FloatField(allow_null=True)


class BesideSerializer(StrictSerializer):
    """What happened in a session that was no tool call, such as what it was told when it began."""

    event = serializers.UUIDField(source="uid")
    timestamp = TimeField()
    event_type = serializers.CharField()
    new_value = serializers.JSONField(allow_null=True)


class SessionPageSerializer(SessionSerializer):
    """A session with its calls."""

    steps = StepSerializer(many=True, read_only=True, help_text=f"Its first {MOST} calls, in order.")
    files = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="That its editing tools named."
    )
    beside = BesideSerializer(many=True, read_only=True, help_text="What else happened in it, in order.")

    class Meta(SessionSerializer.Meta):
        fields = [*_FIELDS, "steps", "files", "beside"]
        read_only_fields = fields

    def to_representation(self, instance: AgentSession) -> dict[str, Any]:
        steps = steps_of(instance)
        known = SessionSerializer(instance).data
        others = BesideSerializer(beside(instance), many=True).data
        return {
            **known,
            "steps": StepSerializer(steps, many=True).data,
            "files": touched(steps),
            "beside": others,
        }

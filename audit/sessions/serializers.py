"""The shapes of sessions in JSON."""

from typing import Any

from rest_framework import serializers

from audit import limits
from audit.cost import Tokens
from audit.models import AgentSession
from audit.models.prices import LONGEST_MODEL
from audit.models.sessions import LONGEST_RESPONSE, MOST_TOKENS
from audit.sessions.steps import MOST, beside, prompts_of, steps_of, touched
from audit.sessions.usage import MOST_AT_ONCE, Response, parts_of
from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer, StrictSerializer

_FIELDS = [
    *("session_id", "agent", "person", "project", "started_at", "last_at"),
    *("calls", "allowed", "denied", "asked", "run"),
    *("model", "responses", "unpriced", "tokens", "cost_micros", "known_cost_micros"),
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
    agent_id = serializers.CharField(help_text="Of the sub-agent that made it; empty for the agent itself.")
    agent_type = serializers.CharField(help_text="What that sub-agent is for, in the agent's words.")


class ModelUsageSerializer(StrictSerializer):
    """What a model took for the agent or one of its sub-agents."""

    model = serializers.CharField()
    agent_id = serializers.CharField(help_text="Of the sub-agent; empty for the agent itself.")
    responses = serializers.IntegerField()
    input_tokens = serializers.IntegerField(help_text="Read anew, without those of a cache.")
    output_tokens = serializers.IntegerField()
    cache_read_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    cache_write_hour_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(allow_null=True, help_text="null where a price is unknown.")


class PromptSerializer(StrictSerializer):
    """What a person asked of the agent."""

    event = serializers.UUIDField(help_text="What the trail has of it.")
    timestamp = TimeField()
    text = serializers.CharField(help_text="Without secrets, and cut to a readable size.")


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
    prompts = PromptSerializer(many=True, read_only=True, help_text="Where the agent's hook tells them.")
    usage = ModelUsageSerializer(many=True, read_only=True, help_text="By model and sub-agent, the dearest first.")

    class Meta(SessionSerializer.Meta):
        fields = [*_FIELDS, "steps", "files", "prompts", "usage", "beside"]
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
            "prompts": PromptSerializer(prompts_of(instance), many=True).data,
            "usage": ModelUsageSerializer(parts_of(instance), many=True).data,
        }


def _count(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(default=0, min_value=0, max_value=MOST_TOKENS, help_text=help_text)


class ResponseSerializer(StrictSerializer):
    """What one response of a model took."""

    id = serializers.CharField(max_length=LONGEST_RESPONSE, help_text="The vendor's or the agent's; counts once.")
    model = serializers.CharField(default="", allow_blank=True, max_length=LONGEST_MODEL)
    at = TimeField(default=None, allow_null=True, help_text="When it came; null for now, which a later time is too.")
    agent_id = serializers.CharField(
        default="", allow_blank=True, max_length=LONGEST_RESPONSE, help_text="Of a sub-agent."
    )
    input_tokens = _count("Read anew, without those of a cache.")
    output_tokens = _count("Written, with those it thought in.")
    cache_read_tokens = _count("Read from a cache.")
    cache_write_tokens = _count("Put into a cache.")
    cache_write_hour_tokens = _count("Put into a cache for an hour.")


class UsageSerializer(StrictSerializer):
    """What responses of a session took, in numbers alone."""

    agent = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=limits.KEPT_OF_CALLER["agent"],
        help_text="Where the trail has no call of the session yet.",
    )
    responses = ResponseSerializer(many=True, min_length=1, max_length=MOST_AT_ONCE)  # type: ignore[call-arg]

    def validate_responses(self, told: list[dict[str, Any]]) -> list[Response]:
        """As the operation takes them."""
        kinds = [f"{kind}_tokens" for kind in Tokens._fields]
        return [
            Response(
                tokens=Tokens(*(each[kind] for kind in kinds)),
                **{name: value for name, value in each.items() if name not in kinds},
            )
            for each in told
        ]


class TakenSerializer(StrictSerializer):
    """What became of what was told."""

    added = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="Known before, with less.")
    known = serializers.IntegerField(help_text="That said nothing new.")
    total = serializers.IntegerField(help_text="Responses of the session that are known now.")

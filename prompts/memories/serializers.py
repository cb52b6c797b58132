"""Memories, in JSON."""

from typing import Any

from rest_framework import serializers

from config.limits import LINE, TAG
from config.rest.views import StrictModelSerializer, StrictSerializer
from prompts.memories import limits
from prompts.models import Memory


def name_field(longest: int = limits.LONGEST_NAME, **options: Any) -> serializers.RegexField:
    return serializers.RegexField(LINE, required=False, default="", allow_blank=True, max_length=longest, **options)


class MemorySerializer(StrictModelSerializer):
    id = serializers.UUIDField(source="uid", read_only=True)
    text = serializers.CharField(
        max_length=limits.LONGEST_TEXT, help_text="What is to be known, as a fact. Secrets in it are taken out."
    )
    project = name_field(help_text="Where it holds; blank: everywhere.")
    agent = name_field(limits.LONGEST_AGENT, help_text="Who learnt it.")
    session_id = name_field(limits.LONGEST_SESSION, help_text="A short-term memory is of one session.")
    task_id = name_field(help_text="What was being done.")
    tags = serializers.ListField(
        child=serializers.RegexField(TAG, max_length=limits.LONGEST_TAG),
        required=False,
        default=list,
        max_length=limits.MOST_TAGS,
    )
    tier = serializers.ChoiceField(Memory.Tier.choices, default=Memory.Tier.LONG)
    is_explicit = serializers.BooleanField(default=True, help_text="Saved on purpose; false: noted by itself.")
    success = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="How the task ended that it tells of."
    )
    success_rate = serializers.FloatField(read_only=True, allow_null=True)
    superseded_by = serializers.UUIDField(source="superseded_by.uid", read_only=True, default=None, allow_null=True)

    class Meta:
        model = Memory
        fields = [
            *("id", "tier", "text", "project", "agent", "session_id", "task_id", "tags", "is_explicit", "success"),
            *("superseded_by", "usage_count", "tried", "success_rate", "last_used_at", "expires_at"),
            *("created_at", "created_by"),
        ]
        read_only_fields = ["usage_count", "tried", "last_used_at", "expires_at", "created_at", "created_by"]


class RememberSerializer(StrictSerializer):
    """A memory to be kept."""

    def get_fields(self) -> dict[str, Any]:
        fields = MemorySerializer().get_fields()
        supersedes = serializers.UUIDField(
            required=False, allow_null=True, default=None, help_text="The memory whose place it takes."
        )
        return {name: field for name, field in fields.items() if not field.read_only} | {"supersedes": supersedes}


class CorrectSerializer(StrictSerializer):
    """What may be changed of a memory."""

    def get_fields(self) -> dict[str, Any]:
        fields = MemorySerializer().get_fields()
        return {name: fields[name] for name in ("text", "project", "agent", "task_id", "tags", "success")}


class RecallSerializer(StrictSerializer):
    """What is to be recalled."""

    query = serializers.CharField(max_length=limits.LONGEST_QUERY, help_text="Words; any of them counts.")
    project = name_field(help_text="Its memories and those that hold everywhere; blank: all.")
    agent = name_field(limits.LONGEST_AGENT, help_text="Who learnt it.")
    session_id = name_field(limits.LONGEST_SESSION, help_text="Whose short-term memories are found too.")
    task_id = name_field()
    success = serializers.BooleanField(required=False, allow_null=True, default=None)
    superseded = serializers.BooleanField(default=False, help_text="Also what no longer holds, marked.")
    max_tokens = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=limits.FEWEST_TOKENS,
        max_value=limits.MOST_TOKENS,
        help_text="Of all texts together; the last is compressed to what is left.",
    )
    limit = serializers.IntegerField(default=limits.USUAL_LIMIT, min_value=1, max_value=limits.MOST_RECALLED)


class HitSerializer(StrictSerializer):
    """A memory that fits."""

    id = serializers.UUIDField(source="memory.uid")
    text = serializers.CharField()
    score = serializers.FloatField(help_text="Beside the best, which has about 1.")
    why = serializers.CharField()
    tokens = serializers.IntegerField()
    tier = serializers.CharField(source="memory.tier")
    project = serializers.CharField(source="memory.project")
    agent = serializers.CharField(source="memory.agent")
    task_id = serializers.CharField(source="memory.task_id")
    tags = serializers.ListField(source="memory.tags", child=serializers.CharField())
    success = serializers.BooleanField(source="memory.success", allow_null=True)
    superseded_by = serializers.UUIDField(source="memory.superseded_by.uid", default=None, allow_null=True)
    created_at = serializers.DateTimeField(source="memory.created_at")


class RecalledSerializer(StrictSerializer):
    results = HitSerializer(many=True)
    tokens = serializers.IntegerField(help_text="Of the texts together.")
    more = serializers.BooleanField(help_text="Whether others fit that limit or budget left out.")

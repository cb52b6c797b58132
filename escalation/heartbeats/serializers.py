"""The shapes of heartbeats in JSON."""

from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.heartbeats.heartbeats import LONGEST_PERIOD, ping_url
from escalation.models import Heartbeat, Impact


class HeartbeatFieldsSerializer(StrictSerializer):
    """What a heartbeat says."""

    period_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_PERIOD, help_text="How often it reports.")
    grace_minutes = serializers.IntegerField(
        min_value=1, max_value=LONGEST_PERIOD, default=5, help_text="How much later it may be."
    )
    bug_impact = serializers.ChoiceField(
        Impact.choices, default=Impact.HIGH, help_text="Of the bug it opens when it is missed."
    )
    is_paused = serializers.BooleanField(default=False, help_text="Paused, it is not missed.")


class NewHeartbeatSerializer(HeartbeatFieldsSerializer):
    """A heartbeat to add."""

    name = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")


class HeartbeatUpdateSerializer(HeartbeatFieldsSerializer):
    """What is left out stays."""


class HeartbeatSerializer(StrictModelSerializer):
    """A heartbeat."""

    standing = serializers.ChoiceField(
        ["new", "up", "late", "down", "paused"],
        read_only=True,
        help_text="new never reported, late is within its grace, down has an open bug.",
    )
    ping_url = serializers.SerializerMethodField(help_text="What the program asks for; with /fail where it failed.")

    class Meta:
        model = Heartbeat
        fields = [
            "name",
            "period_minutes",
            "grace_minutes",
            "bug_impact",
            "is_paused",
            "standing",
            "ping_url",
            "last_ping_at",
            "due_at",
            "down_since",
            "created_at",
        ]
        read_only_fields = fields

    def get_ping_url(self, heartbeat: Heartbeat) -> str:
        return ping_url(heartbeat)

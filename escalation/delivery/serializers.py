"""The shapes of channels and deliveries in JSON. What of a channel is secret is only ever written."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.models import Attempt, Channel, Delivery, Kind

DETAILS_HELP = "What its kind takes; docs/escalation.md has each. What of it is secret is sealed and not shown again."


class NewChannelSerializer(StrictSerializer):
    """A channel to add."""

    name = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")
    kind = serializers.ChoiceField(Kind.choices)
    details = serializers.DictField(help_text=DETAILS_HELP)


class ChannelUpdateSerializer(StrictSerializer):
    """What is left out stays, an empty secret too."""

    AT_LEAST_ONE = ("details", "is_active")
    details = serializers.DictField(required=False, help_text=DETAILS_HELP)
    is_active = serializers.BooleanField(required=False, help_text="true also turns on one that failed too long.")


class ChannelSerializer(StrictModelSerializer):
    """A channel without its secrets."""

    details = serializers.DictField(read_only=True)
    secrets = serializers.SerializerMethodField(help_text="Those that are set, each with its last four characters.")

    class Meta:
        model = Channel
        fields = [
            "name",
            "kind",
            "details",
            "secrets",
            "is_active",
            "off_because",
            "failing_since",
            "last_sent_at",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_secrets(self, channel: Channel) -> dict[str, str]:
        return dict(channel.last_fours)


class DeliverySummarySerializer(StrictModelSerializer):
    """A message in a list."""

    channel = serializers.CharField(source="channel.name")
    bug = serializers.CharField(source="bug.bug_id", default=None, allow_null=True, help_text="The bug's id, if any.")
    title = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "channel",
            "bug",
            "purpose",
            "recipient",
            "title",
            "state",
            "attempts",
            "next_attempt_at",
            "error",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields

    def get_title(self, delivery: Delivery) -> str:
        return str(delivery.notice.get("title", ""))


class AttemptSerializer(StrictModelSerializer):
    """One try: what was sent and what came back, without secrets."""

    request = serializers.DictField()
    response = serializers.DictField(allow_null=True)

    class Meta:
        model = Attempt
        fields = ["began_at", "duration_ms", "succeeded", "status", "error", "request", "response"]
        read_only_fields = fields


class DeliverySerializer(DeliverySummarySerializer):
    """A message with all its tries."""

    tries = AttemptSerializer(many=True)

    class Meta(DeliverySummarySerializer.Meta):
        fields = [*DeliverySummarySerializer.Meta.fields, "tries"]
        read_only_fields: Any = fields

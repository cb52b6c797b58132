"""The shapes of alerts in JSON."""

from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation.alerts.alerts import LONGEST_MESSAGE, MOST_CHANNELS
from escalation.alerts.matching import LONGEST_PATH, LONGEST_WINDOW, MOST_EVENTS, TYPE_PATTERN
from escalation.delivery.serializers import DeliverySummarySerializer
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.models import Alert, Impact

WHERE_HELP = 'What an event must say, by path, such as {"decision": "deny", "context.kind": ["a", "b"]}.'


class AlertFieldsSerializer(StrictSerializer):
    """What an alert says."""

    event_type = serializers.RegexField(
        TYPE_PATTERN, max_length=LONGEST_PATH, help_text="Such as backup.failed, or backup.* for all of them."
    )
    message = serializers.CharField(
        max_length=LONGEST_MESSAGE, help_text="What people read; {path} stands for what the event says there."
    )
    where = serializers.DictField(default=dict, help_text=WHERE_HELP)
    per = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=LONGEST_PATH,
        help_text="The path of what is counted apart, such as session_id; empty: all together.",
    )
    count = serializers.IntegerField(min_value=1, max_value=MOST_EVENTS, default=1, help_text="How many events.")
    window_minutes = serializers.IntegerField(
        min_value=1, max_value=LONGEST_WINDOW, default=10, help_text="In how many minutes."
    )
    bug_impact = serializers.ChoiceField(
        Impact.choices, default="", allow_blank=True, help_text="Of the bug it opens; empty: it opens none."
    )
    channels = serializers.ListField(
        child=serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG),
        max_length=MOST_CHANNELS,
        default=list,
        help_text="Names of channels that get a message.",
    )
    again_after_minutes = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_WINDOW,
        default=60,
        help_text="How long it sends no further message about the same.",
    )
    is_active = serializers.BooleanField(default=True)


class NewAlertSerializer(AlertFieldsSerializer):
    """An alert to add."""

    name = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")


class AlertUpdateSerializer(AlertFieldsSerializer):
    """What is left out stays; `where` and `channels` replace all."""


class AlertSerializer(StrictModelSerializer):
    """An alert."""

    where = serializers.DictField(read_only=True)
    channels = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Alert
        fields = [
            "name",
            "event_type",
            "where",
            "per",
            "count",
            "window_minutes",
            "message",
            "bug_impact",
            "channels",
            "again_after_minutes",
            "is_active",
            "last_fired_at",
            "created_at",
        ]
        read_only_fields = fields


class TriedSerializer(StrictSerializer):
    """What a test of an alert set off."""

    bug = serializers.CharField(source="bug.bug_id", default=None, allow_null=True, help_text="The bug it opened.")
    deliveries = DeliverySummarySerializer(many=True, help_text="What is on its way.")

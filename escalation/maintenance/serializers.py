"""The shapes of maintenance in JSON."""

from rest_framework import serializers

from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.maintenance.maintenance import LONGEST_REASON, MOST_CHANNELS
from escalation.models import Maintenance
from escalation.policies.serializers import MOST_PROJECTS
from escalation.projects import SLUG_PATTERN

HOURS_HELP = 'Such as {"from": "02:00", "until": "04:00", "timezone": "Europe/Berlin", "days": ["sun"]}: every week.'


class MaintenanceFieldsSerializer(StrictSerializer):
    """What a maintenance says."""

    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="What is done.")
    starts_at = TimeField(required=False, help_text="By default now.")
    ends_at = TimeField(default=None, allow_null=True, help_text="null: it comes again until it is removed.")
    hours = serializers.DictField(default=None, allow_null=True, help_text=HOURS_HELP)
    projects = serializers.ListField(
        child=serializers.RegexField(SLUG_PATTERN, max_length=LONGEST_SLUG),
        max_length=MOST_PROJECTS,
        default=list,
        help_text="Slugs; without one it is for bugs of all projects.",
    )
    channels = serializers.ListField(
        child=serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG),
        max_length=MOST_CHANNELS,
        default=list,
        help_text="Are told when it begins, and when it ends.",
    )


class NewMaintenanceSerializer(MaintenanceFieldsSerializer):
    """A maintenance to plan."""

    name = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")


class MaintenanceUpdateSerializer(MaintenanceFieldsSerializer):
    """What is left out stays; `projects` and `channels` replace all."""


class MaintenanceSerializer(StrictModelSerializer):
    """A maintenance."""

    hours = serializers.DictField(allow_null=True)
    channels = serializers.ListField(child=serializers.CharField())
    projects = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = Maintenance
        fields = [
            "name",
            "reason",
            "starts_at",
            "ends_at",
            "hours",
            "projects",
            "channels",
            "began_at",
            "due_at",
            "created_at",
        ]
        read_only_fields = fields

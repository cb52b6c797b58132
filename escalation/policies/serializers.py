"""The shapes of policies in JSON."""

from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation.calling.steps import LONGEST_DELAY, MOST_REPEATS, MOST_STEPS
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.models import Policy, Priority
from escalation.models.escalations import urgent
from escalation.projects import SLUG_PATTERN

MOST_PROJECTS = 100
STEPS_HELP = 'In order, such as {"delay_minutes": 5, "targets": [{"channel": "ops-mail"}]}.'
QUIET_HELP = 'Such as {"from": "22:00", "until": "07:00", "timezone": "Europe/Berlin", "except": ["critical"]}.'


class PolicyFieldsSerializer(StrictSerializer):
    """What a policy says."""

    steps = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_STEPS, help_text=STEPS_HELP
    )
    projects = serializers.ListField(
        child=serializers.RegexField(SLUG_PATTERN, max_length=LONGEST_SLUG),
        max_length=MOST_PROJECTS,
        default=list,
        help_text="Slugs; without one it is for bugs of all projects.",
    )
    priorities = serializers.ListField(
        child=serializers.ChoiceField(Priority.choices),
        min_length=1,
        max_length=len(Priority.values),
        default=urgent,
        help_text="Of bugs of these priorities.",
    )
    repeat = serializers.IntegerField(
        min_value=0, max_value=MOST_REPEATS, default=0, help_text="How often the steps begin anew."
    )
    renotify_minutes = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_DELAY,
        default=None,
        allow_null=True,
        help_text="After the last step: how often its targets are called again.",
    )
    ack_timeout_minutes = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_DELAY,
        default=None,
        allow_null=True,
        help_text="How long an acknowledged bug may wait for work on it before it calls again.",
    )
    quiet = serializers.DictField(default=None, allow_null=True, help_text=QUIET_HELP)
    position = serializers.IntegerField(
        min_value=0, max_value=32767, default=100, help_text="Of several that fit a bug, the lowest runs."
    )
    is_active = serializers.BooleanField(default=True)


class NewPolicySerializer(PolicyFieldsSerializer):
    """A policy to add."""

    name = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")


class PolicyUpdateSerializer(PolicyFieldsSerializer):
    """What is left out stays; `steps` and `projects` replace all."""


class PolicySerializer(StrictModelSerializer):
    """A policy."""

    steps = serializers.ListField(child=serializers.DictField())
    priorities = serializers.ListField(child=serializers.CharField())
    quiet = serializers.DictField(allow_null=True)
    projects = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = Policy
        fields = [
            "name",
            "steps",
            "projects",
            "priorities",
            "repeat",
            "renotify_minutes",
            "ack_timeout_minutes",
            "quiet",
            "position",
            "is_active",
            "created_at",
        ]
        read_only_fields = fields

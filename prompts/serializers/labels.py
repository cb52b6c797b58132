"""Labels, in JSON."""

from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from prompts import fields as limits
from prompts.models import Label


class LabelSerializer(StrictModelSerializer):
    label = serializers.CharField(source="name", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True, help_text="Which holds it.")

    class Meta:
        model = Label
        fields = ["label", "version", "protected", "moved_at", "moved_by"]
        read_only_fields = fields


class MoveLabelSerializer(StrictSerializer):
    version = serializers.IntegerField(min_value=limits.FIRST_VERSION, max_value=limits.LAST_VERSION)
    protected = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Whether it can be taken away from now on; left out, that stays as it is.",
    )

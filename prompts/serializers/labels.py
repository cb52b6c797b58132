"""Labels, in JSON."""

from rest_framework import serializers

from config.rest.contract import NOT_BLANK
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer, WholeNumberField
from prompts import fields as limits
from prompts.models import Label, LabelApproval
from prompts.serializers.runs import VerdictSerializer


class LabelSerializer(StrictModelSerializer):
    label = serializers.CharField(source="name", read_only=True)  # type: ignore[assignment]
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
        help_text="Whether it moves only through the gate from now on; left out, that stays as it is.",
    )


class GateQuery(QuerySerializer):
    version = WholeNumberField(min_value=limits.FIRST_VERSION)


class RulingSerializer(StrictSerializer):
    """What the gate of a label says of a version."""

    is_open = serializers.BooleanField(help_text="Whether the label may move to it by evidence alone.")
    why = serializers.CharField(help_text="What holds it back; empty where nothing does.")
    verdict = VerdictSerializer(help_text="Of the version against the one that holds the label.")


class ApproveSerializer(StrictSerializer):
    version = serializers.IntegerField(min_value=limits.FIRST_VERSION, max_value=limits.LAST_VERSION)
    reason = serializers.RegexField(NOT_BLANK, max_length=limits.LONGEST_PURPOSE, help_text="The trail keeps it.")


class ApprovalSerializer(StrictModelSerializer):
    label = serializers.CharField(source="label.name")  # type: ignore[assignment]
    version = serializers.IntegerField(source="version.number")
    against_version = serializers.IntegerField(source="against.number", help_text="Which holds the label now.")

    class Meta:
        model = LabelApproval
        fields = ["label", "version", "against_version", "reason", "approved_by", "approved_at"]
        read_only_fields = fields

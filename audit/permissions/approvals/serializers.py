"""The shapes of what agents wait for in JSON."""

from rest_framework import serializers

from audit.models import Approval
from audit.models.latitude import LONGEST_WHY
from config.rest.views import StrictModelSerializer, StrictSerializer


class ApprovalSerializer(StrictModelSerializer):
    """A tool call that a person has to confirm, and what became of that."""

    status = serializers.ChoiceField(
        Approval.Status.choices,
        source="standing",
        read_only=True,
        help_text="pending can be answered; approved lets the call run once; expired counts as denied.",
    )
    call = serializers.CharField(source="told", read_only=True, help_text="All that would run, as a person reads it.")
    tool_input = serializers.DictField(read_only=True, help_text="As the agent sent it.")

    class Meta:
        model = Approval
        fields = [
            "id",
            "status",
            "agent",
            "session_id",
            "tool_name",
            "tool_input",
            "call",
            "cwd",
            "rule",
            "reason",
            "asked_by",
            "asked_at",
            "times",
            "expires_at",
            "decided_by",
            "decided_at",
            "note",
            "counts_until",
            "used_at",
        ]
        read_only_fields = fields


class AnswerSerializer(StrictSerializer):
    """A person's word."""

    note = serializers.CharField(
        default="", allow_blank=True, max_length=LONGEST_WHY, help_text="Why, for the agent that waits."
    )

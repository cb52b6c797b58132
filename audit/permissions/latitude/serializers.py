"""The shapes of postures, exceptions and explanations in JSON."""

from rest_framework import serializers

from audit import limits
from audit.models import PermissionException, PermissionOnce, PermissionPosture
from audit.models.latitude import LONGEST_PROJECT, LONGEST_RULE_ID, LONGEST_WHY
from audit.permissions.bounds import CODE_LENGTH
from audit.permissions.once import MAX_HOURS, USUAL_HOURS
from audit.permissions.posture import POSTURES
from audit.permissions.rules import AGENT_PATTERN, AGENT_RULE
from audit.permissions.serializers import AskedSerializer, PartSerializer
from audit.verdicts import VERDICTS
from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer, StrictSerializer

PROJECT_PATTERN = rf"^/[^\x00-\x1f\x7f]{{0,{LONGEST_PROJECT - 1}}}\Z"


def for_agent() -> serializers.RegexField:
    return serializers.RegexField(
        AGENT_PATTERN,
        default="",
        allow_blank=True,
        max_length=limits.LONGEST_AGENT,
        error_messages={"invalid": AGENT_RULE},
        help_text="For this agent; empty for every one.",
    )


def in_project() -> serializers.RegexField:
    return serializers.RegexField(
        PROJECT_PATTERN,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=LONGEST_PROJECT,
        error_messages={"invalid": "Must be a folder's whole path, such as /srv/shop."},
        help_text="For this folder and all below it; empty for every one.",
    )


class PostureSerializer(StrictModelSerializer):
    """How much is answered of what no rule speaks of, and for whom."""

    agent, project = for_agent(), in_project()
    posture = serializers.ChoiceField(
        POSTURES,
        help_text="strict asks what no rule allows, balanced leaves what no rule speaks of to the agent's own"
        " permissions, open answers only what is denied.",
    )

    class Meta:
        model = PermissionPosture
        fields = ["uid", "agent", "project", "posture", "created_at", "updated_at"]
        read_only_fields = ["uid", "created_at", "updated_at"]
        validators: list[object] = []


class ExceptionSerializer(StrictModelSerializer):
    """A rule that does not hold for somebody, for ever or until a time."""

    rule_id = serializers.CharField(
        max_length=LONGEST_RULE_ID,
        help_text="The id in a refusal, such as git.reset; a pack, such as containers; the uid of a rule of yours.",
    )
    agent, project = for_agent(), in_project()
    until = TimeField(default=None, allow_null=True, help_text="When the rule holds again; null for never.")
    reason = serializers.CharField(default="", allow_blank=True, max_length=LONGEST_WHY)

    class Meta:
        model = PermissionException
        fields = ["uid", "rule_id", "agent", "project", "until", "reason", "is_over", "created_at"]
        read_only_fields = ["uid", "is_over", "created_at"]
        validators: list[object] = []


class AllowanceSerializer(StrictModelSerializer):
    """A call that was refused and may run once, exactly as it was, where it was."""

    code = serializers.RegexField(
        r"^[0-9a-fA-F]{8}\Z",
        max_length=CODE_LENGTH,
        help_text="The code in the refusal.",
        error_messages={"invalid": "Must be 8 hex digits."},
    )
    hours = serializers.IntegerField(
        default=USUAL_HOURS, min_value=1, max_value=MAX_HOURS, write_only=True, help_text="How long it counts."
    )
    call = serializers.CharField(source="told", read_only=True, help_text="What may run.")

    class Meta:
        model = PermissionOnce
        fields = ["uid", "code", "hours", "call", "project", "agent", "until", "used_at", "created_at"]
        read_only_fields = ["uid", "project", "agent", "until", "used_at", "created_at"]
        validators: list[object] = []


class ExplainSerializer(AskedSerializer):
    """A tool call to explain the decision on."""

    mode = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=limits.LONGEST_AGENT,
        help_text="How much the agent asks, in its own word, such as bypassPermissions.",
    )


class SpeakingSerializer(StrictSerializer):
    """A rule that is about a part of the call."""

    rule_id = serializers.CharField(help_text="As an exception names it.")
    decision = serializers.ChoiceField(VERDICTS)
    rule = serializers.CharField()
    part = serializers.CharField()
    is_sure = serializers.BooleanField(help_text="False where a part that is only known when it runs decides.")
    is_excepted = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    safer = serializers.CharField(allow_blank=True, help_text="What to do instead.")


class ExplainedSerializer(StrictSerializer):
    """A decision, what an agent is told of it, and the rules behind it, the strictest first."""

    decision = serializers.ChoiceField(VERDICTS)
    answer = serializers.ChoiceField([*VERDICTS, "nothing"], help_text="What an agent is told.")
    posture = serializers.ChoiceField(POSTURES)
    open = serializers.BooleanField()
    rule = serializers.CharField(allow_null=True)
    rule_id = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    safer = serializers.CharField(allow_blank=True)
    part = serializers.CharField()
    commands = PartSerializer(many=True)
    rules = SpeakingSerializer(many=True)

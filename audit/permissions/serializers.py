"""The shapes of rules and decisions in JSON."""

from typing import Any

from rest_framework import serializers

from audit import limits
from audit.models import PermissionRule
from audit.permissions import hooks
from audit.permissions.approvals.serializers import ApprovalSerializer
from audit.permissions.formats import FORMATS
from audit.permissions.rules import (
    AGENT_PATTERN,
    AGENT_RULE,
    MAX_EXAMPLE,
    MAX_EXAMPLES,
    MAX_SPECIFIER,
    MAX_TOOL,
    SPECIFIER_PATTERN,
    SPECIFIER_RULE,
    TOOL_PATTERN,
    TOOL_RULE,
)
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer


def _examples(help_text: str) -> serializers.ListField:
    example = serializers.CharField(max_length=MAX_EXAMPLE, trim_whitespace=False)
    return serializers.ListField(child=example, required=False, max_length=MAX_EXAMPLES, help_text=help_text)


def _agent(**options: Any) -> serializers.RegexField:
    return serializers.RegexField(
        AGENT_PATTERN,
        required=False,
        allow_blank=True,
        max_length=limits.LONGEST_AGENT,
        error_messages={"invalid": AGENT_RULE},
        **options,
    )


class RuleSerializer(StrictModelSerializer):
    """A rule: `tool` and `specifier` as in Claude Code's `Tool(specifier)`."""

    rule = serializers.CharField(source="text", read_only=True, help_text="In Claude Code's syntax.")
    agent = _agent(help_text="Empty for every agent.")
    tool = serializers.RegexField(TOOL_PATTERN, max_length=MAX_TOOL, error_messages={"invalid": TOOL_RULE})
    specifier = serializers.RegexField(
        SPECIFIER_PATTERN,
        required=False,
        allow_blank=True,
        max_length=MAX_SPECIFIER,
        trim_whitespace=False,
        error_messages={"invalid": SPECIFIER_RULE},
    )
    match = _examples("Examples the rule must fit; checked when it is saved.")
    not_match = _examples("Examples it must not fit.")

    class Meta:
        model = PermissionRule
        fields = [
            "uid",
            "rule",
            "agent",
            "tool",
            "specifier",
            "decision",
            "reason",
            "match",
            "not_match",
            "is_enabled",
            "source",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["uid", "source", "created_at", "updated_at"]
        validators: list[object] = []  # the operation says which rule is there already, as a conflict


class RuleFileSerializer(StrictSerializer):
    """A file of rules."""

    format = serializers.ChoiceField(FORMATS)
    text = serializers.CharField(max_length=1_000_000, trim_whitespace=False)
    agent = _agent(default="")
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would be imported.")
    replace = serializers.BooleanField(
        default=False, help_text="Remove what earlier files of this format brought and this one does not."
    )


class ImportedSerializer(StrictSerializer):
    """What an import did, or would do."""

    created = serializers.ListField(child=serializers.CharField())
    known = serializers.IntegerField(help_text="Rules that were there already.")
    removed = serializers.IntegerField(help_text="Rules of earlier files that are gone.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What in the file is no rule of ours.")


class ExportQuery(QuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="claude", help_text="Whose file it is.")
    agent = serializers.CharField(
        default="", allow_blank=True, help_text="With the rules for this agent, not only those for all."
    )


class ExportedSerializer(StrictSerializer):
    """Rules as a file of another program."""

    format = serializers.ChoiceField(FORMATS)
    text = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField(), help_text="Rules the format cannot say.")


class AskedSerializer(StrictSerializer):
    """A tool call that is asked about."""

    tool_name = serializers.CharField(max_length=limits.LONGEST_TOOL)
    tool_input = serializers.DictField(help_text=f"At most {hooks.MAX_BYTES:,} bytes as JSON, else 413.")
    agent = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_AGENT)
    cwd = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_FOLDER)


class CallSerializer(AskedSerializer):
    """A tool call to decide on."""

    session_id = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_ID)
    tool_use_id = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_ID)


class PartSerializer(StrictSerializer):
    """One thing the call would do, and what the rules say of it."""

    kind = serializers.ChoiceField(["line", "command", "read", "write", "url", "sql", "tool", "doubt"])
    text = serializers.CharField()
    via = serializers.ListField(child=serializers.CharField(), help_text="The wrappers it was found through.")
    decision = serializers.ChoiceField(PermissionRule.Verdict.choices)
    rule = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DecisionSerializer(StrictSerializer):
    """The strictest judgement of all parts."""

    decision = serializers.ChoiceField(PermissionRule.Verdict.choices)
    open = serializers.BooleanField(
        help_text="Beside `confirm`: no rule speaks of it, and the posture leaves it to the agent's own permissions."
    )
    rule = serializers.CharField(allow_null=True, help_text="The rule that decided; null when none matches.")
    rule_id = serializers.CharField(allow_null=True, help_text="As an exception names the rule, such as git.reset.")
    reason = serializers.CharField()
    safer = serializers.CharField(allow_blank=True, help_text="What to do instead.")
    part = serializers.CharField(help_text="The part of the call that decided.")
    commands = PartSerializer(many=True)
    event = serializers.UUIDField(help_text="The decision in the trail.")
    approval = ApprovalSerializer(
        allow_null=True, help_text="The request that waits for a person, or was answered; null where nobody is asked."
    )


class ReplaySerializer(StrictSerializer):
    """Rules to try on recorded decisions: today's, these instead of them, or these beside them."""

    rules = RuleSerializer(many=True, required=False, help_text="Instead of today's rules.")
    add = RuleSerializer(many=True, required=False, help_text="Beside them.")
    limit = serializers.IntegerField(default=limits.USUALLY_REPLAYED, min_value=1, max_value=limits.MOST_REPLAYED)


class ReplayedSideSerializer(StrictSerializer):
    decision = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    reason = serializers.CharField(required=False)


class DifferenceSerializer(StrictSerializer):
    event = serializers.UUIDField()
    timestamp = serializers.DateTimeField()
    part = serializers.CharField()
    before = ReplayedSideSerializer()
    after = ReplayedSideSerializer()


class ReplayedSerializer(StrictSerializer):
    """What would have been decided otherwise."""

    total = serializers.IntegerField()
    same = serializers.IntegerField()
    not_replayable = serializers.IntegerField(help_text="Recorded with a part of their input left out.")
    changed = DifferenceSerializer(many=True)


class HookSerializer(serializers.Serializer[object]):
    """Whatever the agent sends; its dialect is read by audit.permissions.hooks."""

    hook_event_name = serializers.CharField(required=False)
    tool_name = serializers.CharField(required=False)
    tool_input = serializers.DictField(required=False)
    session_id = serializers.CharField(required=False)
    tool_use_id = serializers.CharField(required=False)
    cwd = serializers.CharField(required=False)

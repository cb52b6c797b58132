"""Prompts, their versions and what a render makes of them, in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.rest.contract import ANYTHING, NOT_BLANK, TEXT
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer
from prompts import fields as limits
from prompts.cases import MAX_TEXT
from prompts.content import MAX_MESSAGES
from prompts.models import FOLDER, LABEL, PRODUCTION, PROMPT_ID_RULE, TAG, Prompt, Version
from prompts.templates import ROLES


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "maxLength": MAX_TEXT, "pattern": TEXT},
            {"type": "object", "propertyNames": {"pattern": TEXT}, "additionalProperties": ANYTHING},
        ]
    }
)
class Input(serializers.JSONField):
    """A text, which is the variable `input`, or the variables by name."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str | dict):
            raise serializers.ValidationError("Must be a string or an object {variable: value}.", code="wrong-type")
        return super().to_internal_value(data)  # type: ignore[arg-type]


_FOLDER = f"^{FOLDER}$"


def _tags(**options: Any) -> serializers.ListField:
    tag = serializers.RegexField(f"^{TAG}$", max_length=limits.LONGEST_TAG)
    return serializers.ListField(child=tag, max_length=limits.MOST_TAGS, help_text="Words to find it by.", **options)


class PromptSerializer(StrictModelSerializer):
    active_version = serializers.IntegerField(read_only=True, allow_null=True, help_text="Its number.")
    folder = serializers.RegexField(_FOLDER, required=False, allow_blank=True, max_length=limits.LONGEST_FOLDER)
    tags = _tags(required=False)
    latest_version = serializers.IntegerField(source="latest_number", read_only=True, help_text="0 before the first.")

    class Meta:
        model = Prompt
        fields = [
            "prompt_id",
            "description",
            "folder",
            "tags",
            "active_version",
            "latest_version",
            "created_at",
            "created_by",
        ]
        read_only_fields = ["created_at", "created_by"]
        # Whether the id is free is answered by the operation, with 409.
        extra_kwargs: dict[str, Any] = {"prompt_id": {"validators": [PROMPT_ID_RULE]}}


class PromptUpdateSerializer(StrictSerializer):
    description = serializers.CharField(allow_blank=True, max_length=10_000)
    folder = serializers.RegexField(
        _FOLDER,
        required=False,
        allow_blank=True,
        max_length=limits.LONGEST_FOLDER,
        help_text="Such as support/triage.",
    )
    tags = _tags(required=False)


class MessageSerializer(StrictSerializer):
    role = serializers.ChoiceField(ROLES)
    content = serializers.CharField(allow_blank=True, trim_whitespace=False, help_text="A template.")


def _messages(**options: Any) -> serializers.BaseSerializer[Any]:
    return MessageSerializer(many=True, min_length=1, max_length=MAX_MESSAGES, **options)  # type: ignore[call-arg]


class FetchQuery(QuerySerializer):
    label = serializers.CharField(  # type: ignore[assignment]
        required=False,
        max_length=limits.LONGEST_LABEL,
        help_text="Such as production or latest: the version that holds it instead of the prompt.",
    )


class VersionSerializer(StrictModelSerializer):
    prompt_id = serializers.CharField(source="prompt.prompt_id", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    messages = MessageSerializer(many=True, read_only=True, allow_null=True)
    variables = serializers.ListField(child=serializers.CharField(), source="variables.names", read_only=True)
    parts = serializers.DictField(
        child=serializers.CharField(), source="contains", read_only=True, help_text="What it includes: name, version."
    )
    labels = serializers.ListField(
        child=serializers.CharField(), source="label_names", read_only=True, help_text="Which it holds."
    )
    is_active = serializers.BooleanField(read_only=True, help_text="Whether it holds production.")

    class Meta:
        model = Version
        fields = [
            "prompt_id",
            "version",
            "branch",
            "prompt_text",
            "messages",
            "purpose",
            "notes",
            "settings",
            "variables",
            "parts",
            "tokens",
            "content_hash",
            "test_results",
            "labels",
            "is_active",
            "created_at",
            "created_by",
        ]
        read_only_fields = fields


class NewVersionSerializer(StrictSerializer):
    """Either prompt_text or messages; both are templates with `{{ name }}`."""

    EXACTLY_ONE = ("prompt_text", "messages")
    prompt_text = serializers.RegexField(NOT_BLANK, required=False, trim_whitespace=False)
    messages = _messages(required=False)
    purpose = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=limits.LONGEST_PURPOSE, help_text="What it is for."
    )
    notes = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=limits.LONGEST_NOTES, help_text="What changed and why."
    )
    settings = serializers.DictField(required=False, help_text="model, temperature, seed, max_tokens, ...")
    variables = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="When given, the template must use exactly these."
    )
    branch = serializers.RegexField(
        f"^{LABEL}$",
        required=False,
        default="",
        allow_blank=True,
        max_length=limits.LONGEST_LABEL,
        help_text="A try beside the line, by name; `latest` stays what it is.",
    )
    activate = serializers.BooleanField(required=False, default=False)


class RenderSerializer(StrictSerializer):
    version = serializers.IntegerField(
        required=False,
        min_value=limits.FIRST_VERSION,
        max_value=limits.LAST_VERSION,
        help_text="By default the active one.",
    )
    label = serializers.CharField(  # type: ignore[assignment]
        required=False,
        default=PRODUCTION,
        max_length=limits.LONGEST_LABEL,
        help_text="Instead of a version: the one that holds it.",
    )
    input = Input(required=False, allow_null=True, default=None, help_text="A text, or {variable: value}.")
    model = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_MODEL)


class RenderedSerializer(StrictSerializer):
    prompt_id = serializers.CharField()
    version = serializers.IntegerField()
    messages = MessageSerializer(many=True)
    settings = serializers.JSONField()
    tokens = serializers.IntegerField()
    exact = serializers.BooleanField(help_text="Whether the tokens are counted or estimated.")

"""Counting and compressing, in JSON."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.canonical import LARGEST_INTEGER
from config.rest.views import QuerySerializer, StrictSerializer, WholeNumberField
from prompts import fields as limits
from prompts.serializers.prompts import MessageSerializer
from prompts.tokens import MAX_BYTES, MAX_COUNTED


@extend_schema_field({"type": "string", "maxLength": MAX_BYTES, "description": "At most 1 MiB of UTF-8, else 413."})
class BoundedTextField(serializers.CharField):
    """Its limit is the operation's, which counts bytes and answers 413."""


class CountSerializer(StrictSerializer):
    """Either a text or messages, 1 MiB at most."""

    EXACTLY_ONE = ("text", "messages")
    text = BoundedTextField(required=False, allow_blank=True, trim_whitespace=False)
    # A list says how long it may be before each of its items is looked at.
    messages = MessageSerializer(many=True, required=False, max_length=MAX_COUNTED)  # type: ignore[call-arg]
    model = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=limits.LONGEST_MODEL,
        help_text="A model or an encoding.",
    )


class CountedSerializer(StrictSerializer):
    tokens = serializers.IntegerField()
    encoding = serializers.CharField()
    exact = serializers.BooleanField(help_text="False where the model's tokenizer is not public: an estimate.")


class CompressSerializer(StrictSerializer):
    text = BoundedTextField(allow_blank=True, trim_whitespace=False)
    max_tokens = serializers.IntegerField(min_value=0, max_value=LARGEST_INTEGER)
    language = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=limits.LONGEST_LANGUAGE,
        help_text="python, javascript, ...; else guessed.",
    )
    model = serializers.CharField(required=False, default="", allow_blank=True, max_length=limits.LONGEST_MODEL)


class StepSerializer(StrictSerializer):
    name = serializers.ChoiceField(["whitespace", "comments", "folding", "summary", "truncation"])
    tokens = serializers.IntegerField(help_text="Left after it.")


class CompressedSerializer(StrictSerializer):
    text = serializers.CharField()
    tokens = serializers.IntegerField()
    original_tokens = serializers.IntegerField()
    language = serializers.CharField()
    encoding = serializers.CharField()
    exact = serializers.BooleanField()
    steps = StepSerializer(many=True)
    dropped = serializers.ListField(child=serializers.CharField())
    hash = serializers.CharField(help_text="Of `compressions/{hash}`, which has the whole text; empty if it is here.")


class LinesQuery(QuerySerializer):
    first_line = WholeNumberField(min_value=1, default=1, help_text="From 1.")
    last_line = WholeNumberField(min_value=1, required=False, help_text="The last one wanted; else all.")


class KeptTextSerializer(StrictSerializer):
    hash = serializers.CharField()
    text = serializers.CharField()
    first_line = serializers.IntegerField()
    last_line = serializers.IntegerField()
    lines = serializers.IntegerField(help_text="Of the whole text.")
    expires_at = serializers.DateTimeField()

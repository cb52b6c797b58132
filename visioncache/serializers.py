"""The JSON of the vision cache."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.canonical import LARGEST_INTEGER
from config.limits import TRIMMED_LINE
from config.rest.contract import ANYTHING, NOT_BLANK, NUMBER, TEXT, as_declared
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer
from visioncache.identity import DEFAULT_NAMESPACE, HASH_PATTERN, MAX_IMAGES, NAMESPACE_PATTERN
from visioncache.images import IMAGE_PATTERN, MAX_IMAGE_TEXT
from visioncache.leases import LEASE_SECONDS, MAX_LEASE_SECONDS
from visioncache.models import Entry
from visioncache.terms import (
    DEFAULT_TTL_HOURS,
    MAX_MODEL_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    MAX_TTL_HOURS,
    MAX_URL_LENGTH,
)

# An answer with content; `terms.read_data` also refuses one whose every leaf is empty.
_DATA: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "minProperties": 1, "propertyNames": {"pattern": TEXT}, "additionalProperties": ANYTHING},
        {"type": "array", "minItems": 1, "items": ANYTHING},
        {"type": "string", "pattern": NOT_BLANK},
        NUMBER,
        {"type": "boolean"},
    ],
    "description": "What the model read. Empty and error answers are refused: they are not worth a day.",
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": TEXT},
    "additionalProperties": ANYTHING,
    "description": "Prompt, parameters, whatever was asked; all of it counts but how it travels.",
}


@extend_schema_field(_DATA)
class DataField(serializers.JSONField):
    """What a model read from an image."""


@extend_schema_field(_REQUEST)
class RequestField(serializers.JSONField):
    """What the model was asked."""


@extend_schema_field({"type": "string", "pattern": as_declared(IMAGE_PATTERN)})
class ImageField(serializers.CharField):
    """An image as base64, or as a data URL."""


def text(limit: int, **options: Any) -> serializers.RegexField:
    return serializers.RegexField(TRIMMED_LINE, max_length=limit, trim_whitespace=False, **options)


class ImageSerializer(StrictSerializer):
    """The images of a request, named in exactly one way."""

    EXACTLY_ONE = ("image_hash", "image", "image_hashes")
    image_hash = serializers.RegexField(HASH_PATTERN, required=False, help_text="SHA-256 of the image's bytes, hex.")
    image = ImageField(
        required=False,
        trim_whitespace=False,
        help_text=f"Or the image itself as base64 (at most {MAX_IMAGE_TEXT} characters); only its hash is kept.",
    )
    image_hashes = serializers.ListField(
        child=serializers.RegexField(HASH_PATTERN),
        required=False,
        min_length=1,
        max_length=MAX_IMAGES,
        help_text="Or the hashes of several images, in the order the model sees them.",
    )


class EntryInSerializer(ImageSerializer):
    """An answer to store."""

    model_version = text(MAX_MODEL_LENGTH, help_text="The resolved model, never an alias.")
    extracted_data = DataField()
    confidence_score = serializers.FloatField(min_value=0, max_value=1)
    request = RequestField(required=False, allow_null=True)
    namespace = serializers.RegexField(NAMESPACE_PATTERN, default=DEFAULT_NAMESPACE)
    ttl_hours = serializers.FloatField(
        default=DEFAULT_TTL_HOURS,
        allow_null=True,
        min_value=0,
        max_value=MAX_TTL_HOURS,
        help_text="0 expires at once, null never.",
    )
    image_url = text(MAX_URL_LENGTH, required=False, allow_null=True)
    tags = serializers.ListField(child=text(MAX_TAG_LENGTH), default=list, max_length=MAX_TAGS)
    cost_micros = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=LARGEST_INTEGER, help_text="Cost of the model call."
    )
    latency_ms = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=LARGEST_INTEGER, help_text="Duration of the model call."
    )


class UseSerializer(StrictModelSerializer):
    """How often an entry answered and what that saved."""

    hit_count = serializers.IntegerField(read_only=True)
    last_hit_at = serializers.DateTimeField(read_only=True, allow_null=True)
    saved_ms = serializers.IntegerField(read_only=True)
    saved_cost_micros = serializers.IntegerField(read_only=True)


class EntrySerializer(UseSerializer):
    """An entry of the cache, with its figures."""

    id = serializers.UUIDField(source="uid", read_only=True)
    extracted_data = DataField()
    request = RequestField()
    image_hashes = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())
    age_seconds = serializers.IntegerField(read_only=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "key",
            "namespace",
            "image_hash",
            "image_hashes",
            "image_url",
            "model_version",
            "request",
            "extracted_data",
            "confidence_score",
            "tags",
            "created_at",
            "stored_at",
            "expires_at",
            "age_seconds",
            "hit_count",
            "last_hit_at",
            "cost_micros",
            "latency_ms",
            "saved_ms",
            "saved_cost_micros",
        ]
        read_only_fields = fields


class LookupInSerializer(ImageSerializer):
    """A request to answer from the cache."""

    model_version = text(
        MAX_MODEL_LENGTH, required=False, allow_null=True, help_text="Without it, the newest answer of any model."
    )
    request = RequestField(required=False, allow_null=True)
    namespace = serializers.RegexField(NAMESPACE_PATTERN, default=DEFAULT_NAMESPACE)
    lease = serializers.BooleanField(
        default=False, help_text="On a miss, let one caller compute the answer while the others wait."
    )
    lease_seconds = serializers.IntegerField(default=LEASE_SECONDS, min_value=1, max_value=MAX_LEASE_SECONDS)


class LeaseSerializer(StrictSerializer):
    status = serializers.ChoiceField(["granted", "wait"])
    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()
    retry_after_seconds = serializers.IntegerField()


class DifferenceSerializer(StrictSerializer):
    part = serializers.CharField()
    asked = serializers.JSONField(allow_null=True)
    stored = serializers.JSONField(allow_null=True)


class NearestSerializer(StrictSerializer):
    id = serializers.UUIDField(source="uid")
    model_version = serializers.CharField()
    stored_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class WhyMissSerializer(StrictSerializer):
    reason = serializers.ChoiceField(["unknown-image", "expired", "differs"])
    detail = serializers.CharField()
    nearest = NearestSerializer(allow_null=True)
    differences = DifferenceSerializer(many=True)


class LookupSerializer(StrictSerializer):
    hit = serializers.BooleanField()
    match = serializers.ChoiceField(["exact", "pixels", "near"], allow_null=True)
    entry = EntrySerializer(allow_null=True)
    lease = LeaseSerializer(allow_null=True)
    why_miss = WhyMissSerializer(allow_null=True)


class InvalidateInSerializer(StrictSerializer):
    """Which entries to remove: those that meet all conditions given; at least one is."""

    AT_LEAST_ONE = ("id", "image_hash", "image", "model_version", "tag", "namespace")
    AT_MOST_ONE = ("image_hash", "image")
    id = serializers.UUIDField(source="entry_id", required=False)
    image_hash = serializers.RegexField(HASH_PATTERN, required=False)
    image = ImageField(required=False, trim_whitespace=False)
    model_version = text(MAX_MODEL_LENGTH, required=False)
    tag = text(MAX_TAG_LENGTH, required=False)
    namespace = serializers.RegexField(
        NAMESPACE_PATTERN, required=False, help_text=f"By default {DEFAULT_NAMESPACE!r}; alone, all of the namespace."
    )
    all_namespaces = serializers.BooleanField(default=False)
    dry_run = serializers.BooleanField(default=False, help_text="Only count.")


class InvalidationSerializer(StrictSerializer):
    matched = serializers.IntegerField()
    removed = serializers.IntegerField()
    dry_run = serializers.BooleanField()


class EntryFiguresSerializer(UseSerializer):
    """The figures of one entry."""

    id = serializers.UUIDField(source="uid", read_only=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "namespace",
            "image_hash",
            "model_version",
            "confidence_score",
            "hit_count",
            "last_hit_at",
            "saved_ms",
            "saved_cost_micros",
            "expires_at",
        ]
        read_only_fields = fields


class StatsQuery(QuerySerializer):
    namespace = serializers.RegexField(NAMESPACE_PATTERN, required=False)
    image_hash = serializers.RegexField(HASH_PATTERN, required=False)


class StatsSerializer(StrictSerializer):
    total_entries = serializers.IntegerField(help_text="Stored now, expired ones included.")
    live_entries = serializers.IntegerField()
    total_hits = serializers.IntegerField(help_text="Of all time, like misses, waits and savings.")
    total_misses = serializers.IntegerField()
    total_waits = serializers.IntegerField(help_text="Look-ups that were told to wait for another caller's answer.")
    hit_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; null before the first look-up.")
    avg_confidence = serializers.FloatField(allow_null=True, help_text="Of live entries.")
    saved_ms = serializers.IntegerField()
    saved_cost_micros = serializers.IntegerField()
    bytes = serializers.IntegerField()
    entries = EntryFiguresSerializer(many=True, help_text="The most used live entries.")

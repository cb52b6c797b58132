"""Endpoints, in JSON. A key is only ever written."""

from typing import Any

from rest_framework import serializers

from config.rest.views import StrictModelSerializer, StrictSerializer
from prompts import fields as limits
from prompts.models import LABEL, Api, Endpoint

_KEY = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?\Z"


def _address(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=limits.LONGEST_ADDRESS, help_text="Ends in the API's /v1.", **options)


def _key(**options: Any) -> serializers.RegexField:
    said = "Sealed, and not shown again."
    bounds: dict[str, Any] = {"allow_blank": True, "max_length": limits.LONGEST_KEY}
    return serializers.RegexField(_KEY, required=False, help_text=said, **bounds, **options)


def _timeout(**options: Any) -> serializers.FloatField:
    return serializers.FloatField(required=False, min_value=0.1, max_value=limits.LONGEST_TIMEOUT_SECONDS, **options)


class NewEndpointSerializer(StrictSerializer):
    """A model that can be asked as `name/model`."""

    name = serializers.RegexField(f"^{LABEL}$", max_length=limits.LONGEST_LABEL)
    base_url = _address()
    model = serializers.CharField(max_length=limits.LONGEST_MODEL, help_text="Which `name/` asks.")
    api = serializers.ChoiceField(Api.choices, required=False, default=Api.OPENAI)
    key = _key()
    timeout_seconds = _timeout(default=limits.USUAL_TIMEOUT_SECONDS)


class EndpointUpdateSerializer(StrictSerializer):
    """What is left out stays; an empty key takes it away, another address asks for the key anew."""

    base_url = _address(required=False)
    model = serializers.CharField(required=False, max_length=limits.LONGEST_MODEL)
    api = serializers.ChoiceField(Api.choices, required=False)
    key = _key()
    timeout_seconds = _timeout()


class EndpointSerializer(StrictModelSerializer):
    has_key = serializers.BooleanField(source="sealed_key")

    class Meta:
        model = Endpoint
        fields = [
            "name",
            "api",
            "base_url",
            "model",
            "has_key",
            "key_ends",
            "timeout_seconds",
            "created_at",
            "created_by",
            "tried_at",
            "problem",
        ]
        read_only_fields = fields


class TryEndpointSerializer(StrictSerializer):
    model = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=limits.LONGEST_MODEL, help_text="By default its own."
    )


class TriedSerializer(StrictSerializer):
    """What the endpoint answered to one short question."""

    text = serializers.CharField()
    model = serializers.CharField()
    finish_reason = serializers.CharField(allow_blank=True)
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.IntegerField()

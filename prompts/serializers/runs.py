"""Test cases, runs of them and their results, in JSON."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.canonical import LARGEST_INTEGER
from config.rest.contract import ANYTHING
from config.rest.views import StrictModelSerializer, StrictSerializer
from prompts import fields as limits
from prompts.assertions import LONGEST_METRIC, MAX_ASSERTIONS, TYPES
from prompts.cases import MAX_TEXT
from prompts.models import Run, RunResult, TestCase
from prompts.serializers.prompts import Input
from prompts.statistics import Call, Reason
from prompts.testing import MAX_CASES, MAX_CONCURRENCY, MAX_REPEATS

_AMOUNT = {"type": ["number", "null"], "minimum": 0, "maximum": LARGEST_INTEGER}
ASSERTION = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "enum": sorted(f"{sign}{name}" for sign in ("", "not-") for name in TYPES)},
        "value": ANYTHING,
        "threshold": _AMOUNT,
        "weight": _AMOUNT,
        "metric": {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_METRIC},
    },
}


@extend_schema_field({"type": "array", "maxItems": MAX_ASSERTIONS, "items": ASSERTION})
class Assertions(serializers.JSONField):
    """Read by prompts.assertions, which knows what the value of each type may be."""


def concurrency_field() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, default=limits.USUAL_CONCURRENCY, min_value=1, max_value=MAX_CONCURRENCY
    )


def repeats_field() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, default=1, min_value=1, max_value=MAX_REPEATS, help_text="How often each case is asked."
    )


def threshold_field() -> serializers.FloatField:
    return serializers.FloatField(
        required=False, default=1.0, min_value=0.01, max_value=1, help_text="The share of its repeats a case must pass."
    )


def reuse_field() -> serializers.BooleanField:
    said = "Ask only what was never asked: the same version, input, model, settings and repeat."
    return serializers.BooleanField(required=False, default=False, help_text=said)


class TestCaseSerializer(StrictModelSerializer):
    """Without assertions the whole output equals expected_output after trimming."""

    __test__ = False
    id = serializers.UUIDField(source="uid", read_only=True)
    input = Input(help_text="A text, or {variable: value}.")
    expected_output = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False, max_length=MAX_TEXT
    )
    threshold = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1, help_text="The weighted score that is enough."
    )
    assertions = Assertions(required=False, help_text="[{type, value, threshold?, weight?, metric?}]")

    class Meta:
        model = TestCase
        fields = [
            "id",
            "name",
            "type",
            "input",
            "expected_output",
            "assertions",
            "threshold",
            "must_pass",
            "created_at",
            "created_by",
        ]
        read_only_fields = ["created_at", "created_by"]
        validators: list[Any] = []


class GivenCaseSerializer(TestCaseSerializer):
    """A case that is only of one run."""

    name = serializers.CharField(required=False, max_length=120)

    class Meta(TestCaseSerializer.Meta):
        fields = ["name", "type", "input", "expected_output", "assertions", "threshold"]


class TestSerializer(StrictSerializer):
    """What to test a version with."""

    __test__ = False
    test_cases = GivenCaseSerializer(  # type: ignore[call-arg]
        many=True,
        required=False,
        min_length=1,
        max_length=MAX_CASES,
        help_text="Instead of the prompt's own; no verdict rests on these.",
    )
    model = serializers.CharField(
        required=False, default="", max_length=limits.LONGEST_MODEL, help_text="Instead of the version's."
    )
    concurrency = concurrency_field()
    repeats = repeats_field()
    threshold = threshold_field()
    reuse = reuse_field()


class VerdictSerializer(StrictSerializer):
    call = serializers.ChoiceField(get_args(Call))
    lost = serializers.IntegerField(help_text="Cases that passed before and fail now.")
    won = serializers.IntegerField()
    common = serializers.IntegerField(help_text="Cases both could judge.")
    missing = serializers.IntegerField(default=0, help_text="Cases of the suite one run or both have no answer for.")
    comparable = serializers.BooleanField(
        default=True, help_text="False when the runs differ in cases, model or settings; then nothing is called."
    )
    reason = serializers.ChoiceField(get_args(Reason), default="", help_text="Why nothing, or little, can be called.")
    p_value = serializers.FloatField(allow_null=True, help_text="Exact McNemar test, two-sided.")
    needed = serializers.IntegerField(
        allow_null=True, default=None, help_text="About how many cases would tell, where these do not."
    )
    blocked = serializers.ListField(
        child=serializers.CharField(), default=list, help_text="Cases that must pass, and do not: by name."
    )
    note = serializers.CharField()


class RunVerdictSerializer(VerdictSerializer):
    against_version = serializers.IntegerField(allow_null=True)
    against_run = serializers.UUIDField(allow_null=True)


class OutcomeSerializer(StrictSerializer):
    type = serializers.CharField()
    passed = serializers.BooleanField()
    score = serializers.FloatField()
    weight = serializers.FloatField()
    detail = serializers.CharField(allow_blank=True)
    metric = serializers.CharField(allow_blank=True, default="", help_text="What it measures, where it says so.")


class ResultSerializer(StrictModelSerializer):
    checks = OutcomeSerializer(many=True)
    passed = serializers.SerializerMethodField()
    test_case = serializers.UUIDField(source="test_case.uid", allow_null=True, default=None)

    class Meta:
        model = RunResult
        fields = [
            "position",
            "repeat",
            "name",
            "type",
            "test_case",
            "input",
            "expected_output",
            "outcome",
            "reused",
            "passed",
            "output",
            "score",
            "checks",
            "error",
            "latency_ms",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "finish_reason",
        ]

    def get_passed(self, result: RunResult) -> bool | None:
        return None if result.outcome == RunResult.Outcome.PENDING else result.outcome == RunResult.Outcome.PASSED


class RunSerializer(StrictModelSerializer):
    """A run without its results, as lists have it."""

    id = serializers.UUIDField(source="uid", read_only=True)
    prompt_id = serializers.CharField(source="version.prompt.prompt_id")
    version = serializers.IntegerField(source="version.number")
    success_rate = serializers.FloatField(allow_null=True, help_text="Passed of those answered, 0 to 1.")
    verdict = RunVerdictSerializer(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)
    evaluation = serializers.UUIDField(source="evaluation.uid")

    class Meta:
        model = Run
        fields = [
            "id",
            "evaluation",
            "prompt_id",
            "version",
            "status",
            "model",
            "settings",
            "ad_hoc",
            "suite_hash",
            "concurrency",
            "total",
            "passed",
            "failed",
            "errors",
            "success_rate",
            "verdict",
            "error",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "duration_ms",
            "created_at",
            "created_by",
            "started_at",
            "finished_at",
        ]


class RunDetailSerializer(RunSerializer):
    results = ResultSerializer(many=True)

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "results"]

"""The shapes of prompts, versions, cases and runs in JSON."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.rest.contract import ANYTHING, NOT_BLANK, TEXT
from config.rest.parsers import LARGEST_INTEGER
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer, WholeNumberField
from prompts import fields as limits
from prompts.assertions import MAX_ASSERTIONS, TYPES
from prompts.cases import MAX_TEXT
from prompts.content import MAX_MESSAGES
from prompts.models import PROMPT_ID_RULE, Prompt, Run, RunResult, TestCase, Version
from prompts.statistics import Call, Reason
from prompts.templates import ROLES
from prompts.testing import MAX_CASES, MAX_CONCURRENCY
from prompts.tokens import MAX_BYTES, MAX_COUNTED


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


class PromptSerializer(StrictModelSerializer):
    active_version = serializers.IntegerField(read_only=True, allow_null=True, help_text="Its number.")
    latest_version = serializers.IntegerField(source="latest_number", read_only=True, help_text="0 before the first.")

    class Meta:
        model = Prompt
        fields = ["prompt_id", "description", "active_version", "latest_version", "created_at", "created_by"]
        read_only_fields = ["created_at", "created_by"]
        # Whether the id is free is answered by the operation, with 409.
        extra_kwargs: dict[str, Any] = {"prompt_id": {"validators": [PROMPT_ID_RULE]}}


class PromptUpdateSerializer(StrictSerializer):
    description = serializers.CharField(allow_blank=True, max_length=10_000)


class MessageSerializer(StrictSerializer):
    role = serializers.ChoiceField(ROLES)
    content = serializers.CharField(allow_blank=True, trim_whitespace=False, help_text="A template.")


def _messages(**options: Any) -> serializers.BaseSerializer[Any]:
    return MessageSerializer(many=True, min_length=1, max_length=MAX_MESSAGES, **options)  # type: ignore[call-arg]


class VersionSerializer(StrictModelSerializer):
    prompt_id = serializers.CharField(source="prompt.prompt_id", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    messages = MessageSerializer(many=True, read_only=True, allow_null=True)
    variables = serializers.ListField(child=serializers.CharField(), source="variables.names", read_only=True)

    class Meta:
        model = Version
        fields = [
            "prompt_id",
            "version",
            "prompt_text",
            "messages",
            "purpose",
            "notes",
            "settings",
            "variables",
            "tokens",
            "content_hash",
            "test_results",
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
    activate = serializers.BooleanField(required=False, default=False)


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
    },
}


@extend_schema_field({"type": "array", "maxItems": MAX_ASSERTIONS, "items": ASSERTION})
class Assertions(serializers.JSONField):
    """Read by prompts.assertions, which knows what the value of each type may be."""


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
    assertions = Assertions(required=False, help_text="[{type, value, threshold?, weight?}]")

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
    concurrency = serializers.IntegerField(
        required=False, default=limits.USUAL_CONCURRENCY, min_value=1, max_value=MAX_CONCURRENCY
    )


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


class ResultSerializer(StrictModelSerializer):
    checks = OutcomeSerializer(many=True)
    passed = serializers.SerializerMethodField()
    test_case = serializers.UUIDField(source="test_case.uid", allow_null=True, default=None)

    class Meta:
        model = RunResult
        fields = [
            "position",
            "name",
            "type",
            "test_case",
            "input",
            "expected_output",
            "outcome",
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

    class Meta:
        model = Run
        fields = [
            "id",
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


class ChangeSerializer(StrictSerializer):
    path = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(["added", "removed", "changed"])
    old = serializers.JSONField()
    new = serializers.JSONField()


class SideSerializer(StrictSerializer):
    """One version in a comparison."""

    version = serializers.IntegerField(source="number")
    purpose = serializers.CharField()
    notes = serializers.CharField()
    settings = serializers.JSONField()
    tokens = serializers.IntegerField()
    is_active = serializers.BooleanField()


class CaseChangeSerializer(StrictSerializer):
    name = serializers.CharField()
    before = serializers.ChoiceField(["passed", "failed"])
    after = serializers.ChoiceField(["passed", "failed"])


class ResultsSerializer(StrictSerializer):
    before = serializers.JSONField(source="results_before", allow_null=True)
    after = serializers.JSONField(source="results_after", allow_null=True)


class ComparisonQuery(QuerySerializer):
    def get_fields(self) -> dict[str, Any]:
        return {
            name: WholeNumberField(min_value=limits.FIRST_VERSION) for name in ("from", "to")
        }  # no attribute may be called `from`


class ComparisonSerializer(StrictSerializer):
    before = SideSerializer()
    after = SideSerializer()
    text_diff = serializers.CharField(help_text="Unified.")
    settings_changes = ChangeSerializer(many=True)
    results = ResultsSerializer(source="*")
    cases = CaseChangeSerializer(many=True, help_text="Cases both were tested with.")
    verdict = VerdictSerializer()


class VersionRowSerializer(StrictSerializer):
    version = serializers.IntegerField(source="version.number")
    purpose = serializers.CharField(source="version.purpose")
    is_active = serializers.BooleanField(source="version.is_active")
    run = serializers.UUIDField(source="run.uid", allow_null=True, default=None)
    total = serializers.IntegerField(source="run.total", allow_null=True, default=None)
    passed = serializers.IntegerField(source="run.passed", allow_null=True, default=None)
    missing = serializers.IntegerField(
        source="run.errors", allow_null=True, default=None, help_text="Cases without an answer."
    )
    ad_hoc = serializers.BooleanField(
        source="run.ad_hoc", allow_null=True, default=None, help_text="No run of the stored cases; none is compared."
    )
    success_rate = serializers.FloatField(source="run.success_rate", allow_null=True, default=None)
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="95 %, Wilson.")
    against = serializers.IntegerField(allow_null=True)
    verdict = VerdictSerializer()


class ReportSerializer(StrictSerializer):
    """Every version, oldest first, and the newest tested one against the active one."""

    prompt_id = serializers.CharField()
    newest = serializers.IntegerField(allow_null=True)
    against = serializers.IntegerField(allow_null=True)
    verdict = VerdictSerializer()
    versions = VersionRowSerializer(many=True, source="rows")


class RenderSerializer(StrictSerializer):
    version = serializers.IntegerField(
        required=False,
        min_value=limits.FIRST_VERSION,
        max_value=limits.LAST_VERSION,
        help_text="By default the active one.",
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
    name = serializers.ChoiceField(["whitespace", "comments", "summary", "truncation"])
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

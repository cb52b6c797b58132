"""Evaluations, in JSON: versions by models, and each case in each of their runs."""

from typing import Any

from rest_framework import serializers

from config.canonical import LARGEST_INTEGER
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer
from prompts import evaluations
from prompts import fields as limits
from prompts.models import PROMPT_ID_RULE, Evaluation, Run
from prompts.reports import FORMATS
from prompts.serializers.runs import GivenCaseSerializer, concurrency_field, repeats_field, reuse_field, threshold_field
from prompts.testing import MAX_CASES, MAX_RUNS


class NewEvaluationSerializer(StrictSerializer):
    """Each version on each model."""

    prompt_id = serializers.CharField(max_length=128, validators=[PROMPT_ID_RULE])
    versions = serializers.ListField(
        child=serializers.IntegerField(min_value=limits.FIRST_VERSION, max_value=limits.LAST_VERSION),
        required=False,
        max_length=MAX_RUNS,
        help_text="By default the active one.",
    )
    models = serializers.ListField(
        child=serializers.CharField(max_length=limits.LONGEST_MODEL),
        required=False,
        max_length=MAX_RUNS,
        help_text="Instead of the one each version would be asked of.",
    )
    test_cases = GivenCaseSerializer(  # type: ignore[call-arg]
        many=True,
        required=False,
        min_length=1,
        max_length=MAX_CASES,
        help_text="Instead of the prompt's own; no verdict rests on these.",
    )
    concurrency = concurrency_field()
    repeats = repeats_field()
    threshold = threshold_field()
    reuse = reuse_field()
    max_tokens = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST_INTEGER, help_text="Of all runs."
    )
    max_cost_micros = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=LARGEST_INTEGER,
        help_text="Micro-dollars of all runs; needs the prices of their models.",
    )


class CellSerializer(StrictSerializer):
    passed = serializers.IntegerField()
    answered = serializers.IntegerField()
    asked = serializers.IntegerField()


class RowSerializer(StrictSerializer):
    """One case in every run."""

    name = serializers.CharField()
    flipped = serializers.BooleanField(
        source="is_flipped", help_text="Whether it passes in some runs, fails in others."
    )
    cells = serializers.ListField(child=CellSerializer(allow_null=True), help_text="In the order of the runs.")


class ReliabilitySerializer(StrictSerializer):
    k = serializers.IntegerField()
    pass_any = serializers.FloatField(help_text="The chance that one of k answers passes: pass@k.")
    pass_all = serializers.FloatField(help_text="The chance that all k pass: pass^k.")


class MeasuredSerializer(StrictSerializer):
    """The assertions of one metric."""

    name = serializers.CharField()
    passed = serializers.IntegerField()
    judged = serializers.IntegerField()
    rate = serializers.FloatField()
    interval = serializers.ListField(child=serializers.FloatField(), help_text="95 % of the rate, by Wilson.")


class EvaluationRunSerializer(StrictModelSerializer):
    """A run as a column of the matrix."""

    id = serializers.UUIDField(source="uid")
    version = serializers.IntegerField(source="version.number")
    success_rate = serializers.FloatField(allow_null=True)
    call = serializers.SerializerMethodField(help_text="What its verdict calls it.")

    class Meta:
        model = Run
        fields = ["id", "version", "model", "status", "total", "passed", "failed", "errors", "success_rate", "call"]

    def get_call(self, run: Run) -> str | None:
        return (run.verdict or {}).get("call")


class EvaluationSerializer(StrictModelSerializer):
    """An evaluation without its cases, as lists have it."""

    id = serializers.UUIDField(source="uid")
    prompt_id = serializers.CharField(source="prompt.prompt_id")
    status = serializers.ChoiceField(Run.Status.choices)
    runs = EvaluationRunSerializer(many=True, source="in_order")

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "prompt_id",
            "status",
            "repeats",
            "threshold",
            "reuse",
            "max_tokens",
            "max_cost_micros",
            "created_at",
            "created_by",
            "runs",
        ]


class EvaluationDetailSerializer(EvaluationSerializer):
    cases = RowSerializer(many=True)
    reliability = serializers.ListField(
        child=ReliabilitySerializer(many=True), help_text="Of each run, for k from 1 to the repeats."
    )

    metrics = serializers.ListField(
        child=MeasuredSerializer(many=True), help_text="Of each run, by the metrics that assertions name."
    )

    class Meta(EvaluationSerializer.Meta):
        fields = [*EvaluationSerializer.Meta.fields, "cases", "reliability", "metrics"]


class ReportQuery(QuerySerializer):
    format = serializers.ChoiceField(FORMATS, default="markdown", help_text="For a CI, a browser or a comment.")


class ReportFileSerializer(StrictSerializer):
    format = serializers.ChoiceField(FORMATS)
    text = serializers.CharField()


def detail(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation with its matrix."""
    rows = evaluations.matrix(evaluation)
    evaluation.cases = rows  # type: ignore[attr-defined]
    evaluation.reliability = [  # type: ignore[attr-defined]
        evaluations.reliability(rows, place, evaluation.repeats) for place in range(len(evaluation.in_order))
    ]
    evaluation.metrics = [evaluations.measured(run) for run in evaluation.in_order]  # type: ignore[attr-defined]
    return dict(EvaluationDetailSerializer(evaluation).data)

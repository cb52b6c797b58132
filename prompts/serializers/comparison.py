"""Two versions side by side, and the report over all, in JSON."""

from typing import Any

from rest_framework import serializers

from config.rest.views import QuerySerializer, StrictSerializer, WholeNumberField
from prompts import fields as limits
from prompts.serializers.runs import VerdictSerializer


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

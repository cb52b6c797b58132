from typing import Any

from rest_framework import serializers

from config.limits import TAG
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer
from dockerdebug import fields as limits
from dockerdebug.checks import CHECKS
from dockerdebug.findings import SEVERITIES
from dockerdebug.infrastructure import TAG_RULE
from dockerdebug.insights import insights_for
from dockerdebug.models import Diagnosis, Infrastructure, Insight, Tag
from dockerdebug.targets import NAME_PATTERN, NAME_RULE


def container_name(**options: Any) -> serializers.RegexField:
    """A container's name or id; empty is this machine."""
    return serializers.RegexField(
        NAME_PATTERN,
        allow_blank=True,
        max_length=limits.LONGEST_CONTAINER,
        error_messages={"invalid": NAME_RULE},
        **options,
    )


class NewDiagnosisSerializer(StrictSerializer):
    container = container_name(
        required=False, allow_null=True, default="", help_text="Name or id; without one, this machine."
    )
    check = serializers.ChoiceField(
        list(CHECKS), required=False, allow_blank=True, allow_null=True, default="", help_text="One check; else all."
    )


class WaitQuery(QuerySerializer):
    wait = serializers.ChoiceField(["true", "false"], default="false")


class CheckSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(list(CHECKS))
    passed = serializers.BooleanField()
    status = serializers.ChoiceField(["passed", "failed", "not_run"])
    result = serializers.CharField()
    details = serializers.JSONField()


class FindingSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    severity = serializers.ChoiceField(list(SEVERITIES))
    check = serializers.CharField()
    evidence = serializers.CharField()
    cause = serializers.CharField()
    fix = serializers.CharField()
    verify = serializers.CharField()


class InsightSerializer(StrictModelSerializer):
    priority = serializers.IntegerField(
        min_value=limits.LEAST_PRIORITY, max_value=limits.MOST_PRIORITY, default=limits.USUAL_PRIORITY
    )
    confidence = serializers.ChoiceField(Insight.Confidence.choices, default=Insight.Confidence.LIKELY)

    class Meta:
        model = Insight
        fields = [
            "id",
            "category",
            "confidence",
            "priority",
            "text",
            "about",
            "finding_key",
            "created_by",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "created_by", "created_at", "updated_at"]


class RecallSerializer(StrictSerializer):
    """Which insights to recall."""

    query = serializers.CharField(default="", max_length=limits.LONGEST_QUERY, help_text="Words that all occur.")
    about = serializers.CharField(
        default="", max_length=limits.LONGEST_NAME, help_text="Container, host, service or client."
    )
    category = serializers.ChoiceField(Insight.Category.choices, default="")
    limit = serializers.IntegerField(default=10, min_value=1, max_value=limits.MOST_RECALLED)


class BriefDiagnosisSerializer(serializers.ModelSerializer[Diagnosis]):
    """A diagnosis in a list: without what each check saw."""

    check = serializers.CharField(source="only_check")
    findings = FindingSerializer(many=True)

    class Meta:
        model = Diagnosis
        fields = [
            "id",
            "status",
            "container",
            "check",
            "total_checks",
            "passed",
            "failed",
            "not_run",
            "worst",
            "summary",
            "findings",
            "image",
            "image_id",
            "duration_seconds",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class DiagnosisSerializer(BriefDiagnosisSerializer):
    checks = CheckSerializer(many=True)
    insights = serializers.SerializerMethodField()

    class Meta(BriefDiagnosisSerializer.Meta):
        fields = [*BriefDiagnosisSerializer.Meta.fields, "checks", "insights"]
        read_only_fields = fields

    def get_insights(self, diagnosis: Diagnosis) -> list[dict[str, Any]]:
        """What is known about this container and these findings."""
        return [dict(item) for item in InsightSerializer(insights_for(diagnosis), many=True).data]


class ContainerSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    image = serializers.CharField()
    state = serializers.CharField()
    status = serializers.CharField()


class KnownFindingSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    severity = serializers.ChoiceField(list(SEVERITIES))
    check = serializers.CharField()
    description = serializers.CharField()


class KnownCheckSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(list(CHECKS))
    description = serializers.CharField()
    findings = serializers.ListField(child=serializers.CharField())


class SideSerializer(StrictSerializer):
    """A stored diagnosis, or a container to diagnose now; neither is this machine."""

    diagnosis = serializers.UUIDField(required=False)
    container = container_name(required=False)

    AT_MOST_ONE = ("diagnosis", "container")


class NewComparisonSerializer(StrictSerializer):
    left = SideSerializer()
    right = SideSerializer()


class DifferenceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(["added", "removed", "changed"])
    left = serializers.CharField(allow_null=True)
    right = serializers.CharField(allow_null=True)


class ComparedSideSerializer(serializers.ModelSerializer[Diagnosis]):
    class Meta:
        model = Diagnosis
        fields = ["id", "container", "image", "summary", "created_at"]
        read_only_fields = fields


class ComparisonSerializer(serializers.Serializer[Any]):
    left = ComparedSideSerializer()
    right = ComparedSideSerializer()
    same = serializers.BooleanField()
    python = DifferenceSerializer(many=True)
    packages = DifferenceSerializer(many=True)
    variables = DifferenceSerializer(many=True)
    path = DifferenceSerializer(many=True)
    findings = DifferenceSerializer(many=True)
    not_compared = serializers.ListField(child=serializers.CharField())


class TagNamesField(serializers.ListField):
    child = serializers.RegexField(TAG, max_length=limits.LONGEST_TAG, error_messages={"invalid": TAG_RULE})

    def get_attribute(self, instance: Infrastructure) -> list[str]:
        return instance.tag_names


class InfrastructureSerializer(StrictModelSerializer):
    tags = TagNamesField(required=False, max_length=limits.MOST_TAGS)
    # uniqueness is the operation's to judge: a duplicate is a conflict (409), no invalid field
    name = serializers.CharField(max_length=limits.LONGEST_NAME)
    kind = serializers.ChoiceField(Infrastructure.Kind.choices, default=Infrastructure.Kind.CONTAINER)

    class Meta:
        model = Infrastructure
        fields = ["id", "name", "kind", "description", "tags", "created_by", "created_at", "updated_at"]
        read_only_fields = ["id", "created_by", "created_at", "updated_at"]


class TagSerializer(serializers.ModelSerializer[Tag]):
    class Meta:
        model = Tag
        fields = ["name"]
        read_only_fields = fields

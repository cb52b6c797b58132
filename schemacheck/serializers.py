from rest_framework import serializers

from config.rest.fields import DatabaseField
from config.rest.views import StrictModelSerializer, StrictSerializer
from schemacheck.bounds import IN_JOB_CHARS, IN_REQUEST_CHARS
from schemacheck.models import Check


class ValidateSerializer(StrictSerializer):
    sql = serializers.CharField(
        trim_whitespace=False,
        allow_blank=True,
        max_length=IN_JOB_CHARS,
        help_text=f"One statement or a whole script; with more than {IN_REQUEST_CHARS:,} characters in the background.",
    )
    dialect = serializers.ChoiceField(
        Check.Dialect.choices,
        required=False,
        help_text="By default that of the database: SQLite unless a PostgreSQL is configured.",
    )
    database = DatabaseField(required=False, help_text="`default` if not given.")
    proof = serializers.ChoiceField(
        Check.Proof.choices, required=False, help_text="How far to check at most; `catalog` if not given."
    )
    probe = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Also ask existing rows whether they meet new constraints, by short reads; needs scope `write`.",
    )
    background = serializers.BooleanField(
        required=False, default=False, help_text="Leave it to a worker and answer 202, for scripts of megabytes."
    )


class FindingSerializer(serializers.Serializer[object]):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(["error", "warning", "suggestion"])
    message = serializers.CharField()
    sqlstate = serializers.CharField(allow_null=True)
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    hint = serializers.CharField()
    fix = serializers.CharField()
    facts = serializers.DictField()


class IgnoredSerializer(FindingSerializer):
    reason = serializers.CharField(help_text="As the comment gives it.")


class LockSerializer(serializers.Serializer[object]):
    relation = serializers.CharField()
    mode = serializers.CharField()
    rewrites = serializers.BooleanField()
    scans = serializers.BooleanField()


class StatementSerializer(serializers.Serializer[object]):
    index = serializers.IntegerField()
    kind = serializers.CharField()
    table_name = serializers.CharField(allow_null=True)
    line = serializers.IntegerField()
    valid = serializers.BooleanField()
    proof = serializers.CharField()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]
    warnings = FindingSerializer(many=True)
    suggestions = FindingSerializer(many=True)
    locks = LockSerializer(many=True)


class ReportSerializer(serializers.Serializer[object]):
    valid = serializers.BooleanField()
    table_name = serializers.CharField(allow_null=True)
    dialect = serializers.CharField()
    proof = serializers.CharField()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]
    warnings = FindingSerializer(many=True)
    suggestions = FindingSerializer(many=True)
    ignored = IgnoredSerializer(many=True, required=False)  # reports of before have none
    statements = StatementSerializer(many=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    truncated = serializers.BooleanField()


class AnswerSerializer(ReportSerializer):
    """The answer to a check."""

    id = serializers.UUIDField(help_text="Of the check in the history.")


class CheckSummarySerializer(StrictModelSerializer):
    id = serializers.UUIDField(source="uid", read_only=True)

    class Meta:
        model = Check
        fields = [
            "id",
            "created_at",
            "requested_by",
            "door",
            "status",
            "valid",
            "table_name",
            "dialect",
            "database",
            "statements",
            "errors",
            "warnings",
            "duration_ms",
            "sql_hash",
            "correlation_id",
            "failure",
        ]
        read_only_fields = fields


class CheckSerializer(CheckSummarySerializer):
    report = ReportSerializer(read_only=True, allow_null=True)

    class Meta(CheckSummarySerializer.Meta):
        fields = [*CheckSummarySerializer.Meta.fields, "proof", "probe", "sql", "report"]
        read_only_fields = fields


class RuleSerializer(serializers.Serializer[object]):
    code = serializers.CharField()
    family = serializers.CharField()
    severity = serializers.ChoiceField(["error", "warning", "suggestion"])
    title = serializers.CharField()
    why = serializers.CharField()
    bad = serializers.CharField()
    good = serializers.CharField()
    also_bad = serializers.ListField(child=serializers.CharField())
    also_good = serializers.ListField(child=serializers.CharField())
    sqlstate = serializers.CharField(allow_null=True)
    dialect = serializers.CharField()
    rests_on = serializers.CharField(help_text="The facts of a database that decide it.")
    default = serializers.BooleanField(help_text="False where a project must select it.")


class MigrationsSerializer(StrictSerializer):
    NEEDS = {"name": "app"}
    app = serializers.CharField(required=False, max_length=100, help_text="Label of an app; by default every app.")
    name = serializers.CharField(required=False, max_length=255, help_text="A migration of the app, or its beginning.")
    database = DatabaseField(required=False, help_text="`default` if not given.")


class MigrationsCheckSerializer(MigrationsSerializer):
    proof = serializers.ChoiceField(
        Check.Proof.choices, required=False, help_text="How far to check on a PostgreSQL; `catalog` if not given."
    )
    probe = serializers.BooleanField(
        required=False, default=False, help_text="Also ask existing rows of a PostgreSQL; needs scope `write`."
    )


class AppStateSerializer(serializers.Serializer[object]):
    app = serializers.CharField()
    applied = serializers.IntegerField()
    last_applied = serializers.CharField(allow_null=True)
    unapplied = serializers.ListField(child=serializers.CharField())


class BothDirectionsSerializer(serializers.Serializer[object]):
    forwards = serializers.CharField()
    backwards = serializers.CharField()


class MigrationSerializer(AnswerSerializer):
    """The verdict on one migration; lines are those of its file."""

    migration = serializers.CharField()
    path = serializers.CharField()
    applied = serializers.BooleanField()
    atomic = serializers.BooleanField()
    irreversible = serializers.ListField(child=serializers.CharField())
    sql = BothDirectionsSerializer()


class MigrationsAnswerSerializer(serializers.Serializer[object]):
    valid = serializers.BooleanField()
    database = serializers.CharField()
    database_away = serializers.BooleanField()
    apps = AppStateSerializer(many=True)
    migrations = MigrationSerializer(many=True)


class TrialStepSerializer(serializers.Serializer[object]):
    migration = serializers.CharField()
    direction = serializers.ChoiceField(["forwards", "backwards"])
    status = serializers.ChoiceField(["done", "failed", "irreversible"])
    seconds = serializers.FloatField()
    error = serializers.CharField()


class TrialSerializer(serializers.Serializer[object]):
    passed = serializers.BooleanField()
    database = serializers.CharField()
    copy = serializers.CharField(help_text="What the copy held.")
    steps = TrialStepSerializer(many=True)
    differences = serializers.ListField(child=serializers.CharField())


class LiveSerializer(StrictSerializer):
    database = DatabaseField(required=False, help_text="`default` if not given.")

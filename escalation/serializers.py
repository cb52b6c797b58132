"""The shapes of bugs, their occurrences and tickets in JSON."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.limits import TAG
from config.rest.fields import line
from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer, StrictSerializer
from escalation import fields
from escalation.models import (
    SHOWN_CYCLES,
    Bug,
    Cycle,
    Group,
    HourlyCount,
    Impact,
    LinkType,
    Occurrence,
    Priority,
    Project,
    Status,
    System,
    TicketLink,
)
from escalation.projects import LONGEST_SLUG, SLUG_PATTERN

MOST_SEEN = 20
SHOWN_HOURS = timedelta(days=7)
SHORT_TEXT = 500
"""Characters of a message or resolution in a list: fifty whole ones could have three megabytes."""


def _tags(**options: Any) -> serializers.ListField:
    tag = serializers.RegexField(
        TAG,
        max_length=fields.LONGEST_TAG,
        error_messages={"invalid": "Must be one line without control characters or commas."},
    )
    return serializers.ListField(child=tag, max_length=fields.MOST_TAGS, **options)


class PriorityFactorSerializer(StrictSerializer):
    """One addend of a score."""

    name = serializers.CharField(help_text="error_type, user_impact, frequency or deadline.")
    value = serializers.JSONField(allow_null=True, help_text="A string, a number, or null without a deadline.")
    points = serializers.IntegerField()
    reason = serializers.CharField()


class TicketLinkSerializer(StrictModelSerializer):
    """A link to a ticket elsewhere."""

    type = serializers.ChoiceField(LinkType.choices, source="link_type", default=LinkType.RELATED)

    class Meta:
        model = TicketLink
        fields = ["system", "ticket_id", "url", "type", "status", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]


class NewTicketLinkSerializer(StrictSerializer):
    """The ticket to link; the same ticket again updates its link."""

    system = serializers.ChoiceField(System.choices)
    ticket_id = line(max_length=fields.LONGEST_NAME)
    url = serializers.RegexField(
        fields.URL_PATTERN,
        default="",
        allow_blank=True,
        max_length=fields.LONGEST_URL,
        help_text="http or https.",
        error_messages={"invalid": "Must be one line that begins with http:// or https://."},
    )
    type = serializers.ChoiceField(LinkType.choices, source="link_type", default=LinkType.RELATED)
    status = line(default="", allow_blank=True, max_length=50)


class BugFieldsSerializer(StrictModelSerializer):
    """What a bug shows everywhere."""

    priority_factors = PriorityFactorSerializer(many=True)
    project = serializers.CharField(source="project.slug", help_text="The slug of its project.")
    tags: serializers.Field[Any, Any, Any, Any] = serializers.SlugRelatedField(
        slug_field="name", many=True, read_only=True
    )

    class Meta:
        model = Bug
        fields = [
            "bug_id",
            "project",
            "error_type",
            "error_message",
            "status",
            "priority",
            "score",
            "priority_factors",
            "user_impact",
            "frequency",
            "users",
            "first_release",
            "last_release",
            "fingerprint",
            "deadline_at",
            "assignee",
            "tags",
            "muted_until",
            "muted_past_reports",
            "muted_past_users",
            "muted_until_unusual",
            "first_seen_at",
            "last_seen_at",
            "began_at",
            "escalated_at",
            "acknowledged_at",
            "acknowledged_by",
            "resolved_at",
            "resolution",
            "resolved_by",
            "holds_from_next_release",
        ]
        read_only_fields = fields


class ShortTextField(serializers.CharField):
    """The beginning of a text."""

    def to_representation(self, value: Any) -> str:
        return str(value)[:SHORT_TEXT]


class BugSummarySerializer(BugFieldsSerializer):
    """A bug in a list: long texts cut, and without its trace, metadata and tickets."""

    error_message = ShortTextField()
    resolution = ShortTextField()
    shortened = serializers.SerializerMethodField(
        help_text=f"The fields that show their first {SHORT_TEXT} characters only; the bug itself has all."
    )

    class Meta(BugFieldsSerializer.Meta):
        fields = [*BugFieldsSerializer.Meta.fields, "shortened"]
        read_only_fields = fields

    def get_shortened(self, bug: Bug) -> list[str]:
        return [name for name in ("error_message", "resolution") if len(getattr(bug, name)) > SHORT_TEXT]


class CycleSerializer(StrictModelSerializer):
    """A time from a report to a resolution that did not hold."""

    class Meta:
        model = Cycle
        fields = ["began_at", "escalated_at", "acknowledged_at", "resolved_at", "reopened_at"]
        read_only_fields = fields


class BugSerializer(BugFieldsSerializer):
    """A bug with all that is known of it."""

    fingerprint_parts = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField()
    tickets = TicketLinkSerializer(many=True)
    cycles = CycleSerializer(
        many=True,
        source="newest_cycles",
        help_text=f"The newest {SHOWN_CYCLES} that ended; the bug's own times are of the present one.",
    )

    class Meta(BugFieldsSerializer.Meta):
        more = ["stack_trace", "fingerprint_parts", "metadata", "tickets", "cycles"]
        fields = [*BugFieldsSerializer.Meta.fields, *more]
        read_only_fields = fields


class SightingSerializer(StrictSerializer):
    """Of one release or one environment of a bug."""

    name = serializers.CharField()
    reports = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class HourSerializer(StrictModelSerializer):
    """An hour in which a bug was reported."""

    class Meta:
        model = HourlyCount
        fields = ["hour", "count"]
        read_only_fields = fields


class WholeBugSerializer(BugSerializer):
    """A bug with all that is known of it, where and when it was seen too."""

    releases = serializers.SerializerMethodField(help_text=f"The {MOST_SEEN} seen last, the newest first.")
    environments = serializers.SerializerMethodField(help_text=f"The {MOST_SEEN} seen last, the newest first.")
    hours = serializers.SerializerMethodField(help_text="Of the last seven days, those with reports.")

    class Meta(BugSerializer.Meta):
        fields = [*BugSerializer.Meta.fields, "releases", "environments", "hours"]
        read_only_fields = fields

    @extend_schema_field(SightingSerializer(many=True))
    def get_releases(self, bug: Bug) -> Any:
        return SightingSerializer(bug.sightings.by_release()[:MOST_SEEN], many=True).data

    @extend_schema_field(SightingSerializer(many=True))
    def get_environments(self, bug: Bug) -> Any:
        return SightingSerializer(bug.sightings.by_environment()[:MOST_SEEN], many=True).data

    @extend_schema_field(HourSerializer(many=True))
    def get_hours(self, bug: Bug) -> Any:
        return HourSerializer(bug.hours.since(timezone.now() - SHOWN_HOURS), many=True).data


class GroupKeySerializer(StrictModelSerializer):
    """A fingerprint that leads to the bug."""

    class Meta:
        model = Group
        fields = ["key", "made_at", "by_hand"]
        read_only_fields = fields


class JudgedFrameSerializer(StrictSerializer):
    """A frame, and whether it counts for the group."""

    function = serializers.CharField(source="frame.function")
    module = serializers.CharField(source="frame.module")
    file = serializers.CharField(source="frame.file")
    line = serializers.IntegerField(source="frame.line")
    name = serializers.CharField(help_text="What it counts by.")
    why_not = serializers.CharField(help_text="Empty when it counts.")


class StackSerializer(StrictSerializer):
    """The frames of one exception, the innermost last."""

    error_type = serializers.CharField()
    frames = JudgedFrameSerializer(many=True)


class GroupingSerializer(StrictSerializer):
    """Why the reports of a bug are one bug."""

    rule = serializers.IntegerField(help_text="The number of the rule of grouping that is in force.")
    basis = serializers.CharField(help_text="What decided.")
    fingerprint = serializers.CharField()
    parts = serializers.ListField(child=serializers.CharField(), help_text="What the fingerprint is a hash of.")
    stacks = StackSerializer(many=True)
    keys = GroupKeySerializer(many=True, help_text="Fingerprints that lead to it; a coarse one begins with c.")


class BugReportSerializer(StrictSerializer):
    """A report of a bug."""

    bug_id = serializers.RegexField(
        fields.BUG_ID_PATTERN,
        required=False,
        default="",
        max_length=fields.LONGEST_NAME,
        trim_whitespace=False,
        help_text="Your key of the bug, one line without a slash; without it one is made of the error.",
        error_messages={"invalid": "Must be one line without slashes, and no blanks at its ends."},
    )
    error_type = line(max_length=fields.LONGEST_NAME, help_text="Class of the error, such as DatabaseError.")
    error_message = serializers.CharField(allow_blank=True, max_length=fields.LONGEST_TEXT, trim_whitespace=False)
    stack_trace = serializers.CharField(
        required=False,
        default=None,
        allow_null=True,
        allow_blank=True,
        max_length=fields.LONGEST_TRACE,
        trim_whitespace=False,
    )
    user_impact = serializers.ChoiceField(Impact.choices)
    deadline_hours = serializers.FloatField(
        required=False,
        default=None,
        allow_null=True,
        min_value=fields.SOONEST_HOURS,
        max_value=fields.FARTHEST_HOURS,
        help_text="Hours from now.",
    )
    frequency = serializers.IntegerField(
        default=1, min_value=1, max_value=fields.MOST_REPORTS, help_text="How many times it happened."
    )
    metadata = serializers.DictField(required=False, default=dict, allow_null=True)
    tags = _tags(default=list)


class BugBatchSerializer(StrictSerializer):
    """Many reports, taken all or none in the order they stand."""

    bugs = BugReportSerializer(many=True, min_length=1, max_length=fields.MOST_AT_ONCE)  # type: ignore[call-arg]


class ReportedBugsSerializer(StrictSerializer):
    """What became of a batch."""

    bugs = BugSummarySerializer(many=True, help_text="Each bug once, as it is after all of its reports.")
    bug_ids = serializers.ListField(child=serializers.CharField(), help_text="The bug of each report, in their order.")


class BugUpdateSerializer(StrictSerializer):
    """What to change; a field that is left out stays as it is."""

    status = serializers.ChoiceField(Status.choices, required=False)
    resolution = serializers.CharField(
        required=False, max_length=fields.LONGEST_TEXT, help_text="With the status resolved: how."
    )
    resolved_by = line(required=False, max_length=fields.LONGEST_NAME)
    user_impact = serializers.ChoiceField(Impact.choices, required=False)
    deadline_hours = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=fields.SOONEST_HOURS,
        max_value=fields.FARTHEST_HOURS,
        help_text="Hours from now; null takes the deadline away.",
    )
    assignee = line(required=False, allow_blank=True, max_length=fields.LONGEST_NAME)
    tags = _tags(required=False)
    metadata = serializers.DictField(required=False)


class NoBodySerializer(StrictSerializer):
    """No body is needed."""


class BugResolveSerializer(StrictSerializer):
    resolution = serializers.CharField(max_length=fields.LONGEST_TEXT)
    resolved_by = line(
        required=False, default="", allow_blank=True, max_length=fields.LONGEST_NAME, help_text="By default the caller."
    )
    in_next_release = serializers.BooleanField(
        default=False, help_text="true: reports of releases that are there already do not open it again."
    )


class BugReopenSerializer(StrictSerializer):
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=fields.LONGEST_TEXT)


class BugMuteSerializer(StrictSerializer):
    """What ends the muting, whichever comes first."""

    AT_LEAST_ONE = ("until", "reports", "users", "escalating")
    until = TimeField(required=False, allow_null=True, help_text="In the future; null alone ends the muting.")
    reports = serializers.IntegerField(
        required=False, min_value=1, max_value=fields.MOST_REPORTS, help_text="So many more of them."
    )
    users = serializers.IntegerField(
        required=False, min_value=1, max_value=fields.MOST_REPORTS, help_text="So many more who met it."
    )
    escalating = serializers.BooleanField(
        default=False, help_text="An hour with more reports than the week before let expect."
    )


class BugAssignSerializer(StrictSerializer):
    assignee = line(allow_blank=True, max_length=fields.LONGEST_NAME, help_text="Empty for nobody.")


class OccurrenceSerializer(StrictModelSerializer):
    """One report of a bug."""

    class Meta:
        model = Occurrence
        fields = [
            "seen_at",
            "error_type",
            "error_message",
            "stack_trace",
            "user_impact",
            "metadata",
            "fingerprint",
            "reporter",
            "correlation_id",
        ]
        read_only_fields = fields


class PriorityQuestionSerializer(StrictSerializer):
    """What to weigh; nothing is stored."""

    error_type = line(max_length=fields.LONGEST_NAME)
    user_impact = serializers.ChoiceField(Impact.choices)
    frequency = serializers.IntegerField(default=1, min_value=1, max_value=fields.MOST_REPORTS)
    deadline_hours = serializers.FloatField(
        required=False,
        default=None,
        allow_null=True,
        min_value=-fields.FARTHEST_HOURS,
        max_value=fields.FARTHEST_HOURS,
        help_text="Hours left; negative when the deadline has passed.",
    )


class PriorityScoreSerializer(StrictSerializer):
    """A priority and what it is made of."""

    priority = serializers.ChoiceField(Priority.choices)
    score = serializers.IntegerField()
    factors = PriorityFactorSerializer(many=True)


class BugCountsSerializer(StrictSerializer):
    """All bugs in one look; times are means in seconds."""

    total = serializers.IntegerField()
    open = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_priority = serializers.DictField(child=serializers.IntegerField())
    open_by_priority = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    by_error_type = serializers.DictField(child=serializers.IntegerField(), help_text="The twenty most frequent.")
    overdue = serializers.IntegerField()
    muted = serializers.IntegerField()
    unassigned = serializers.IntegerField()
    seconds_to_acknowledge = serializers.FloatField(allow_null=True)
    seconds_to_resolve = serializers.FloatField(allow_null=True)


def as_json(bug: Any, *, brief: bool = False) -> dict[str, Any]:
    """A bug as every door answers it."""
    return dict((BugSummarySerializer if brief else BugSerializer)(bug).data)


class ProjectSerializer(StrictModelSerializer):
    """A program that reports its errors."""

    dsn = serializers.CharField(help_text="What its SDK is given; it can report and nothing else.")

    class Meta:
        model = Project
        fields = ["id", "name", "slug", "dsn", "per_minute", "rule", "created_at"]
        read_only_fields = fields


class NewProjectSerializer(StrictSerializer):
    """A project to make."""

    name = line(max_length=fields.LONGEST_NAME)
    slug = serializers.RegexField(
        SLUG_PATTERN,
        required=False,
        default="",
        max_length=LONGEST_SLUG,
        help_text="How lists name it; made of the name without one.",
        error_messages={"invalid": "Must be letters a-z, digits and -, without - at its ends."},
    )


class ProjectUpdateSerializer(StrictSerializer):
    """What to change; a field that is left out stays as it is."""

    name = line(required=False, max_length=fields.LONGEST_NAME)
    per_minute = serializers.IntegerField(
        required=False, min_value=1, max_value=fields.MOST_A_MINUTE, help_text="Events it may send a minute."
    )


class ProjectKeySerializer(StrictSerializer):
    """Whether the keys of before go on reporting."""

    keep_old = serializers.BooleanField(default=True)

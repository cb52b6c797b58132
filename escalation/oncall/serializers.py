"""The shapes of people, teams and schedules in JSON."""

from rest_framework import serializers

from config.limits import BLANK, CONTROL
from config.rest.times import TimeField
from config.rest.views import QuerySerializer, StrictModelSerializer, StrictSerializer
from escalation.calling.rotations import MOST_ROTATIONS
from escalation.fields import LONGEST_SLUG, NAME_PATTERN
from escalation.models import Override, Person, Schedule, Team
from escalation.oncall.people import LONGEST_USERNAME, MOST_CHANNELS
from escalation.oncall.teams import MOST_MEMBERS

USERNAME_PATTERN = rf"^[^/{BLANK}{CONTROL}]+\Z"  # which letters there are, Python and ECMAScript disagree on
ROTATIONS_HELP = (
    'Such as {"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}; with '
    '"hours": {"from": "08:00", "until": "20:00", "days": ["mon"]} in these alone. The last that has somebody counts.'
)


def _username(**options: object) -> serializers.RegexField:
    return serializers.RegexField(USERNAME_PATTERN, max_length=LONGEST_USERNAME, **options)  # type: ignore[arg-type]


def _name() -> serializers.RegexField:
    return serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG, help_text="a-z, 0-9 and -.")


def _names(*, most: int, help_text: str, required: bool, child: serializers.RegexField) -> serializers.ListField:
    return serializers.ListField(child=child, min_length=1, max_length=most, help_text=help_text, required=required)


def _channels(*, required: bool) -> serializers.ListField:
    child = serializers.RegexField(NAME_PATTERN, max_length=LONGEST_SLUG)
    help_text = "Names of the channels that reach this person and nobody else."
    return _names(child=child, most=MOST_CHANNELS, help_text=help_text, required=required)


def _members(*, required: bool) -> serializers.ListField:
    return _names(child=_username(), most=MOST_MEMBERS, help_text="Names of people.", required=required)


class NewPersonSerializer(StrictSerializer):
    """A user who can be called."""

    name = _username(help_text="The user's name at this service.")
    channels = _channels(required=True)


class PersonUpdateSerializer(StrictSerializer):
    """How somebody is reached, whole."""

    AT_LEAST_ONE = ("channels",)
    channels = _channels(required=False)


class PersonSerializer(StrictModelSerializer):
    """A person."""

    name = serializers.CharField()
    channels = serializers.ListField(child=serializers.CharField())
    teams = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)  # type: ignore[var-annotated]
    is_active = serializers.BooleanField(source="user.is_active", help_text="Whether the user's account is in use.")

    class Meta:
        model = Person
        fields = ["name", "channels", "teams", "is_active", "created_at"]
        read_only_fields = fields


class NewTeamSerializer(StrictSerializer):
    """A team to add."""

    name = _name()
    members = _members(required=True)


class TeamUpdateSerializer(StrictSerializer):
    """Who is in a team, all of them."""

    AT_LEAST_ONE = ("members",)
    members = _members(required=False)


class TeamSerializer(StrictModelSerializer):
    """A team."""

    members = serializers.ListField(child=serializers.CharField(), source="member_names")

    class Meta:
        model = Team
        fields = ["name", "members", "created_at"]
        read_only_fields = fields


class ScheduleFieldsSerializer(StrictSerializer):
    """What a schedule says."""

    rotations = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_ROTATIONS, help_text=ROTATIONS_HELP
    )
    timezone = serializers.CharField(
        max_length=64, default="UTC", help_text="By whose clocks people take turns, such as Europe/Berlin."
    )


class NewScheduleSerializer(ScheduleFieldsSerializer):
    """A schedule to add."""

    name = _name()


class ScheduleUpdateSerializer(ScheduleFieldsSerializer):
    """What is left out stays; `rotations` replace all."""


class NewOverrideSerializer(StrictSerializer):
    """Somebody who stands in."""

    person = _username(help_text="Who stands in.")
    starts_at = TimeField(required=False, help_text="By default now.")
    ends_at = TimeField(help_text="Until when.")


class OverrideSerializer(StrictModelSerializer):
    """Somebody who stands in."""

    person = serializers.CharField(source="person.name")

    class Meta:
        model = Override
        fields = ["id", "person", "starts_at", "ends_at", "created_at"]
        read_only_fields = fields


class ScheduleSerializer(StrictModelSerializer):
    """A schedule, with who stands in."""

    rotations = serializers.ListField(child=serializers.DictField())
    overrides = OverrideSerializer(many=True)

    class Meta:
        model = Schedule
        fields = ["name", "timezone", "rotations", "overrides", "created_at"]
        read_only_fields = fields


class ShiftsQuerySerializer(QuerySerializer):
    """Of which time."""

    since = TimeField(required=False, help_text="By default now.")
    until = TimeField(required=False, help_text="By default two weeks later.")


class ShiftSerializer(StrictSerializer):
    """A time in which one person is on call."""

    person = serializers.CharField(help_text="Blank where nobody is.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ShiftsSerializer(StrictSerializer):
    """Who is on call when."""

    shifts = ShiftSerializer(many=True)


class OnCallQuerySerializer(QuerySerializer):
    """At which time."""

    at = TimeField(required=False, help_text="By default now.")


class OneOnCallSerializer(StrictSerializer):
    """Who is on call by one schedule."""

    schedule = serializers.CharField()
    person = serializers.CharField(help_text="Blank where nobody is.")
    until = serializers.DateTimeField(allow_null=True, help_text="null where it stays so for the next two weeks.")
    next_person = serializers.CharField(help_text="Who follows; blank where nobody does.")


class OnCallSerializer(StrictSerializer):
    """Who is on call, by every schedule."""

    on_call = OneOnCallSerializer(many=True)

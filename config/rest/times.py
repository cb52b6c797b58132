"""Times as callers write them: ISO 8601, of which the seconds, the zone (then UTC) or the time of day may be left out.

One pattern is enforced in every body and query, and is what OpenAPI declares: `format: date-time` alone takes leap
seconds and years that nothing here can keep, and refuses what people type.
"""

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from rest_framework import serializers

_DAY = (
    r"([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?"
_ZONE = r"(Z|[+ -]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_EDGES = r"(?!0000|0001-01-01.+[+ ](?!00)[0-9]{2}(:?[0-9]{2})?$|9999-12-31.+-(?!00)[0-9]{2}(:?[0-9]{2})?$)"
"""Years that datetime has, also when the time is told in UTC."""
TIME = rf"^{_EDGES}{_DAY}([T ]{_CLOCK}{_ZONE}?)?$"
_WHOLE = re.compile(TIME.removesuffix("$") + r"\Z")
WRONG = "Must be an ISO 8601 time such as 2026-01-31T12:00:00Z, between the years 1 and 9999 in UTC."
COMPONENT = {
    "type": "string",
    "pattern": TIME,
    "description": "An ISO 8601 time. Without a zone it is UTC, without a time of day the day's beginning.",
}


def read_time(text: object) -> datetime:
    """The time in UTC. Raises ValueError."""
    if not isinstance(text, str) or not _WHOLE.match(text):
        raise ValueError(WRONG)
    day, clock = text[:10], text[11:].replace(" ", "+")  # in a query an unescaped + of the zone arrives as a blank
    found = datetime.fromisoformat(f"{day}T{clock}" if clock else day)
    # PostgreSQL takes no zone beyond 15 hours.
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


class TimeField(serializers.DateTimeField):
    """A time in a body, or in a query that no filter reads."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return read_time(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error


class _FormField(forms.CharField):
    def clean(self, value: Any) -> datetime | None:
        try:
            return read_time(value) if value else None
        except ValueError as error:
            raise forms.ValidationError(str(error), code="invalid") from error


class TimeFilter(django_filters.IsoDateTimeFilter):
    """A time in a list's query."""

    field_class = _FormField

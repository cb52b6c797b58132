"""Bugs for tests."""

from typing import Any

from audit.models import Event
from escalation.models import Bug
from escalation.reports import report_bug


def reported(**given: Any) -> Bug:
    """A bug reported through the operation."""
    return report_bug(**{"error_type": "KeyError", "error_message": "no item", "user_impact": "low"} | given)


def events(bug_id: str) -> list[str]:
    """The types of a bug's events, oldest first."""
    return list(Event.objects.of("bug", bug_id).order_by("id").values_list("event_type", flat=True))

"""The pages of bugs."""

from escalation.admin import alerts, channels, heartbeats, maintenance, oncall, parts, policies, projects, schedules  # noqa: F401  -- which register their pages
from escalation.admin.bugs import BugAdmin
from escalation.admin.forms import ReportForm

__all__ = ["BugAdmin", "ReportForm"]

"""The pages of bugs."""

from escalation.admin import parts  # noqa: F401  -- which registers its pages
from escalation.admin.bugs import BugAdmin
from escalation.admin.forms import ReportForm

__all__ = ["BugAdmin", "ReportForm"]

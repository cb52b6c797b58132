"""The pages of bugs."""

from escalation.admin.bugs import BugAdmin
from escalation.admin.forms import AssignForm, BugForm, MuteForm, ReopenForm, ReportForm, ResolveForm, TicketForm
from escalation.admin.parts import OccurrenceAdmin, TagAdmin, TicketLinkAdmin

__all__ = [
    "AssignForm",
    "BugAdmin",
    "BugForm",
    "MuteForm",
    "OccurrenceAdmin",
    "ReopenForm",
    "ReportForm",
    "ResolveForm",
    "TagAdmin",
    "TicketForm",
    "TicketLinkAdmin",
]

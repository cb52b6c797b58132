"""The tables, one subject a module."""

from escalation.models.bugs import (
    OPEN,
    SHOWN_CYCLES,
    URGENT,
    Bug,
    BugQuerySet,
    Cycle,
    Impact,
    LinkType,
    Occurrence,
    Priority,
    Status,
    System,
    Tag,
    TicketLink,
)
from escalation.models.counts import AffectedUser, Group, HourlyCount, Release, Sighting
from escalation.models.projects import DEFAULT, Project, ProjectKey
from escalation.models.submissions import Submission

__all__ = [
    "DEFAULT",
    "OPEN",
    "SHOWN_CYCLES",
    "URGENT",
    "AffectedUser",
    "Bug",
    "BugQuerySet",
    "Cycle",
    "Group",
    "HourlyCount",
    "Impact",
    "LinkType",
    "Occurrence",
    "Priority",
    "Project",
    "ProjectKey",
    "Release",
    "Sighting",
    "Status",
    "Submission",
    "System",
    "Tag",
    "TicketLink",
]

"""The tables, one subject a module."""

from escalation.models.alerts import Alert, AlertTally, TrailPosition
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
from escalation.models.channels import Attempt, Channel, Delivery, DeliveryState, Kind, Purpose, TakenSignature
from escalation.models.counts import AffectedUser, Group, HourlyCount, Release, Sighting
from escalation.models.escalations import Escalation, EscalationState, Policy
from escalation.models.heartbeats import Heartbeat
from escalation.models.maintenance import Maintenance
from escalation.models.people import Override, Person, Schedule, Team
from escalation.models.projects import DEFAULT, Project, ProjectKey
from escalation.models.submissions import Submission

__all__ = [
    "DEFAULT",
    "OPEN",
    "SHOWN_CYCLES",
    "URGENT",
    "AffectedUser",
    "Alert",
    "AlertTally",
    "Attempt",
    "Bug",
    "BugQuerySet",
    "Channel",
    "Cycle",
    "Delivery",
    "DeliveryState",
    "Escalation",
    "EscalationState",
    "Group",
    "Heartbeat",
    "HourlyCount",
    "Impact",
    "Kind",
    "LinkType",
    "Maintenance",
    "Occurrence",
    "Override",
    "Person",
    "Policy",
    "Priority",
    "Project",
    "ProjectKey",
    "Purpose",
    "Release",
    "Schedule",
    "Sighting",
    "Status",
    "Submission",
    "System",
    "Tag",
    "TakenSignature",
    "Team",
    "TicketLink",
    "TrailPosition",
]

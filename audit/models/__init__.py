"""The tables, by subject; whoever reads them imports them from here."""

from audit.models.approvals import Approval, ApprovalQuerySet
from audit.models.backups import BackupRun
from audit.models.budgets import Budget, BudgetPassing
from audit.models.capturing import CaptureBy, StagedChange
from audit.models.counting import EventCount
from audit.models.events import CurrentTransaction, Decision, Event, EventQuerySet
from audit.models.latitude import PermissionException, PermissionOnce, PermissionPosture
from audit.models.ledger import Checkpoint, RemovalPermit, Tile, TransactionBase
from audit.models.permissions import PermissionRule, RuleQuerySet, RulesVersion
from audit.models.prices import ModelPrice
from audit.models.sessions import AgentSession, AgentSessionQuerySet, SessionUsage, SessionUsageQuerySet
from audit.models.streaming import StreamPosition, StreamQuerySet

__all__ = [
    "AgentSession",
    "AgentSessionQuerySet",
    "Approval",
    "ApprovalQuerySet",
    "BackupRun",
    "Budget",
    "BudgetPassing",
    "CaptureBy",
    "Checkpoint",
    "CurrentTransaction",
    "Decision",
    "Event",
    "EventCount",
    "EventQuerySet",
    "ModelPrice",
    "PermissionException",
    "PermissionOnce",
    "PermissionPosture",
    "PermissionRule",
    "RemovalPermit",
    "RuleQuerySet",
    "RulesVersion",
    "SessionUsage",
    "SessionUsageQuerySet",
    "StagedChange",
    "StreamPosition",
    "StreamQuerySet",
    "Tile",
    "TransactionBase",
]

"""The trail's pages: what happened, what was decided, the rules, what proves it, and the backups."""

from audit.admin.approvals import ApprovalAdmin
from audit.admin.backups import BackupRunAdmin
from audit.admin.budgets import BudgetAdmin, BudgetForm
from audit.admin.decisions import DecisionAdmin
from audit.admin.events import EventAdmin
from audit.admin.latitude import (
    AllowanceForm,
    ExceptionForm,
    PermissionExceptionAdmin,
    PermissionOnceAdmin,
    PermissionPostureAdmin,
    PostureForm,
)
from audit.admin.ledger import CheckpointAdmin, StreamPositionAdmin
from audit.admin.prices import ModelPriceAdmin, PriceForm
from audit.admin.rules import PermissionRuleAdmin, RuleForm
from audit.admin.sessions import AgentSessionAdmin

__all__ = [
    "AgentSessionAdmin",
    "AllowanceForm",
    "ApprovalAdmin",
    "BackupRunAdmin",
    "BudgetAdmin",
    "BudgetForm",
    "CheckpointAdmin",
    "DecisionAdmin",
    "EventAdmin",
    "ExceptionForm",
    "ModelPriceAdmin",
    "PermissionExceptionAdmin",
    "PermissionOnceAdmin",
    "PermissionPostureAdmin",
    "PermissionRuleAdmin",
    "PostureForm",
    "PriceForm",
    "RuleForm",
    "StreamPositionAdmin",
]

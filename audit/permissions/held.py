"""What calls are held to, as the database has it: rules, packs, and what people set beside them."""

from typing import cast

from django.db.models import Q
from django.utils import timezone

from audit.models import BudgetPassing, PermissionException, PermissionOnce, PermissionPosture, PermissionRule
from audit.permissions.bounds import Chosen, Excepted, Held, Overdrawn, Permitted
from audit.permissions.posture import Posture
from audit.permissions.rules import Rule
from audit.verdicts import Verdict


def as_rule(row: PermissionRule) -> Rule:
    """The row as the deciding modules take it."""
    return Rule(
        tool=row.tool,
        specifier=row.specifier,
        decision=cast("Verdict", row.decision),
        reason=row.reason,
        agent=row.agent,
        match=tuple(row.match),
        not_match=tuple(row.not_match),
        uid=str(row.uid),
    )


def load_rules() -> list[Rule]:
    """The rules of this installation's own that decide now."""
    return [as_rule(row) for row in PermissionRule.objects.enabled()]


def load_held() -> Held:
    """All that decides now."""
    postures = [Chosen(cast("Posture", row.posture), row.agent, row.project) for row in PermissionPosture.objects.all()]
    packs = deciding_packs() if any(not (item.agent or item.project) for item in postures) else []
    exceptions = PermissionException.objects.filter(Q(until=None) | Q(until__gt=timezone.now()))
    return Held(
        rules=[*load_rules(), *packs],
        postures=postures,
        exceptions=[
            Excepted(row.rule_id, row.agent, row.project, row.until.timestamp() if row.until else None)
            for row in exceptions
        ],
        permitted=[Permitted(row.call_hash, row.until.timestamp()) for row in PermissionOnce.objects.usable()],
        overdrawn=[
            Overdrawn(
                f"the budget of {row.budget} is used up",
                row.budget.agent,
                row.budget.project,
                row.budget.person,
                row.session_id,
                row.until.timestamp() if row.until else None,
            )
            for row in BudgetPassing.objects.denying().select_related("budget").order_by("id")
        ],
    )


def packs_decide() -> bool:
    """Whether the rules that ship decide beside those of the installation: once it has a posture for everybody."""
    return PermissionPosture.objects.filter(agent="", project="").exists()


def deciding_packs() -> list[Rule]:
    """The rules that ship."""
    from audit.permissions.packs import pack_rules  # 20 ms, for those that decide

    return pack_rules()

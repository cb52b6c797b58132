"""Why a call is decided as it is: every rule that speaks of a part of it, those that are excepted too."""

from dataclasses import dataclass
from typing import Any

from audit.permissions import kept
from audit.permissions.calls import Call
from audit.permissions.deciding import Decision
from audit.permissions.rules import STRICTNESS
from audit.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """A rule that is about a part of a call."""

    rule_id: str
    """As an exception names it."""
    decision: Verdict
    rule: str
    part: str
    is_sure: bool
    """False where a part that is only known when it runs decides."""
    is_excepted: bool
    reason: str
    safer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A decision, what an agent is told of it, and the rules behind it, the strictest first."""

    decision: Decision
    answer: str
    """allow, deny, confirm, or nothing: then the agent's own permissions decide."""
    rules: list[Speaking]

    def as_dict(self) -> dict[str, Any]:
        said = self.decision
        rules = [{name: getattr(item, name) for name in Speaking.__slots__} for item in self.rules]
        return {**said.as_dict(), "posture": said.posture, "answer": self.answer, "rules": rules}


def explain(*, call: Call, mode: str = "") -> Explained:
    """Judge a call and name the rules that have a say in it; `mode` is how much its agent asks. Records nothing."""
    bounds = kept.bounds()
    decision, excepted = bounds.decide(call, mode=mode), bounds.excepted(call)
    found = [
        Speaking(
            rule_id=rule.name,
            decision=rule.decision,
            rule=rule.text,
            part=part.text[:500],
            is_sure=fit == "yes",
            is_excepted=rule.is_named_in(excepted),
            reason=rule.reason,
            safer=rule.safer,
        )
        for part, rule, fit in bounds.rules.speaking(call)
    ]
    found.sort(key=lambda item: (item.is_excepted, STRICTNESS[item.decision], not item.is_sure))
    return Explained(decision=decision, answer="nothing" if decision.is_left else decision.decision, rules=found)

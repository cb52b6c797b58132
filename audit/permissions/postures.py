"""How much is answered: a posture says what becomes of calls of which no rule speaks."""

from typing import Literal, get_args

from audit.permissions.deciding import Decision
from audit.verdicts import Verdict

Posture = Literal["strict", "balanced", "open"]
POSTURES: tuple[Posture, ...] = get_args(Posture)
"""strict: what no rule allows is asked. balanced: what no rule speaks of is left to the agent's own permissions, what
cannot be seen through is asked. open: only what is denied is answered."""
_ASKS_NOBODY = frozenset({"bypasspermissions", "never", "yolo"})
"""Claude Code's, Codex's, and Gemini CLI's and Qwen Code's names for it."""


def posture_for(chosen: Posture | None, default: Posture, mode: str) -> Posture:
    """The posture for a call: as chosen for its agent or project; strict if the agent says that it asks nobody, since
    nothing stands behind the rules there; else the default."""
    if chosen is not None:
        return chosen
    return "strict" if mode.casefold() in _ASKS_NOBODY else default


def answered(decision: Decision, posture: Posture) -> Verdict | None:
    """What the agent is told; None leaves the call to its own permissions."""
    if posture == "open":
        return "deny" if decision.decision == "deny" else None
    if decision.is_open or (posture == "balanced" and decision.is_unspoken):
        return None
    return decision.decision

"""How much is answered: a posture says what becomes of calls of which no rule speaks."""

from typing import Literal, get_args

Posture = Literal["strict", "balanced", "open"]
POSTURES: tuple[Posture, ...] = get_args(Posture)
"""strict: what no rule allows is asked. balanced: what no rule speaks of is left to the agent's own permissions, what
cannot be seen through is asked. open: only what is denied is answered."""
STRICT: Posture = "strict"
ASKS_NOBODY = frozenset({"bypasspermissions", "never", "yolo"})
"""Claude Code's, Codex's, and Gemini CLI's and Qwen Code's name for it."""


def posture_for(chosen: Posture | None, default: Posture, mode: str) -> Posture:
    """The posture for a call: as chosen for its agent or project; strict if the agent says that it asks nobody, since
    nothing stands behind the rules there; else the default."""
    if chosen is not None:
        return chosen
    return STRICT if asks_nobody(mode) else default


def asks_nobody(mode: str) -> bool:
    """Whether an agent says, by its word for how much it asks, that it asks nobody."""
    return mode.casefold() in ASKS_NOBODY

"""All that a call is held to: the rules, and what people set beside them. No Django: hooks decide without it."""

import hashlib
import json
import posixpath
import time
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from audit.permissions.calls import Call
from audit.permissions.deciding import Decision, RuleSet
from audit.permissions.posture import STRICT, Posture, posture_for
from audit.permissions.rules import Rule

CODE_LENGTH = 8


class Chosen(NamedTuple):
    """A posture, and for whom; for everybody where it names neither agent nor project."""

    posture: Posture
    agent: str = ""
    project: str = ""


class Excepted(NamedTuple):
    """A rule that does not hold for somebody until a time, in seconds since 1970."""

    rule_id: str
    agent: str = ""
    project: str = ""
    until: float | None = None


class Permitted(NamedTuple):
    """A call that a person has allowed beforehand."""

    call_hash: str
    until: float


class Overdrawn(NamedTuple):
    """A budget that is used up: of a session, or of a day until its end, in seconds since 1970."""

    reason: str
    agent: str = ""
    project: str = ""
    person: str = ""
    session_id: str = ""
    until: float | None = None

    def is_about(self, person: str, session_id: str) -> bool:
        return self.person in ("", person) and self.session_id in ("", session_id)


class Held(NamedTuple):
    """What is kept for deciding, as the database has it."""

    rules: Sequence[Rule] = ()
    postures: Sequence[Chosen] = ()
    exceptions: Sequence[Excepted] = ()
    permitted: Sequence[Permitted] = ()
    overdrawn: Sequence[Overdrawn] = ()


class Bounds:
    """What is kept, made ready."""

    def __init__(self, held: Held) -> None:
        self.rules = RuleSet(held.rules)
        self._held = held

    def decide(self, call: Call, *, mode: str = "", person: str = "", session_id: str = "") -> Decision:
        """Judge a call; `mode` is how much the agent asks, in its own words. Never raises for what a call holds."""
        decision = self.rules.decide(call._replace(excepted=self.excepted(call)))
        decision = decision._replace(posture=self.posture(call, mode))
        used_up = self.overdrawn(call, person, session_id) if decision.decision != "deny" else None
        return decision if used_up is None else decision._replace(decision="deny", rule=None, reason=used_up.reason)

    def posture(self, call: Call, mode: str = "") -> Posture:
        """Of those chosen for the call that of the innermost project, and there one that names the agent."""
        chosen = [item for item in self._held.postures if _is_for(item, call)]
        best = max(chosen, key=lambda item: (len(item.project), bool(item.agent)), default=Chosen(STRICT))
        own = best.posture if best.agent or best.project else None
        return posture_for(own, best.posture, mode)

    @cached_property
    def names_servers(self) -> bool:
        """Whether any rule could be about a tool of an MCP server."""
        return any(rule.tool.startswith("mcp__") or "*" in rule.tool for rule in self._held.rules)

    @property
    def restricting(self) -> list[Rule]:
        """The rules that deny or ask, whatever is excepted from them."""
        return [rule for rule in self._held.rules if rule.decision != "allow"]

    def postures_of(self, agent: str) -> set[Posture]:
        """All that may be chosen for a call of an agent, in whatever project."""
        chosen = {item.posture for item in self._held.postures if item.agent in ("", agent)}
        return chosen if any(not (item.agent or item.project) for item in self._held.postures) else chosen | {STRICT}

    def overdrawn(self, call: Call, person: str, session_id: str) -> Overdrawn | None:
        """The budget, if there is one, because of which no call of its sessions may run."""
        known = [item for item in self._held.overdrawn if item.is_about(person, session_id) and _is_for(item, call)]
        now = time.time() if known else 0.0
        return next((item for item in known if item.until is None or now < item.until), None)

    @property
    def may_deny_all(self) -> bool:
        """Whether a budget is used up, for whomever."""
        return bool(self._held.overdrawn)

    def excepted(self, call: Call) -> frozenset[str]:
        """The ids of rules, or the names of packs, that do not hold for the call now."""
        known = [item for item in self._held.exceptions if _is_for(item, call)]
        now = time.time() if known else 0.0
        return frozenset(item.rule_id for item in known if item.until is None or now < item.until)

    def is_permitted(self, call: Call) -> bool:
        """Whether a person may have allowed this very call; the database says whether it was made already."""
        if not self._held.permitted:
            return False
        wanted, now = call_hash(call), time.time()
        return any(item.call_hash == wanted and now < item.until for item in self._held.permitted)


def _is_for(item: Chosen | Excepted | Overdrawn, call: Call) -> bool:
    if item.agent and item.agent != call.agent:
        return False
    if not item.project:
        return True
    project, place = item.project.rstrip("/"), posixpath.normpath(call.project or "/")
    return place == (project or "/") or place.startswith(f"{project}/")


def call_hash(call: Call) -> str:
    """The exact call: what would run, and where. What an agent says about it may be other words each time."""
    given = call.commands() if call.tool == "Bash" else call.input
    text = json.dumps([call.tool, given, call.project, call.cwd], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def code_of(call: Call) -> str:
    """The code by which a person allows the call once. No secret: using it takes the right to change rules."""
    return call_hash(call)[:CODE_LENGTH]

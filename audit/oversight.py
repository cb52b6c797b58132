"""What agents ask of this service by MCP: held to the permission rules, and kept in the trail, every call.

Calls are written by a thread, within a second, so that no answer waits for a write: those of one key and tool in one
event. What a call changes has events of its own, in the transaction of the change. Only a process that is killed
outright takes its last second of calls along.
"""

import json
import logging
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Event
from audit.permissions import kept
from audit.permissions.calls import Call
from config.context import Caller, acting_as, caller
from config.errors import Forbidden
from config.farewell import before_exit
from config.flushing import Flusher
from config.mcp import calls

logger = logging.getLogger(__name__)

CALLED, ENTITY = "mcp.called", "mcp_call"
SERVER = "mcp__handrail__"
"""What rules call the tools of this server, as agents do."""
MOST_AT_ONCE = 200
MOST_KEPT = 20_000
"""Calls that may wait while the database takes none, some 20 MB."""
LONGEST_ARGUMENT = 200
_RUN_NOWHERE = ("sql", "command", "cmd", "script")
"""Arguments that other servers' tools run. Ours look at them, which is what agents are told to do first."""


class CallDenied(Forbidden):
    code = "call-denied"
    remedy = "do what the answer names instead, or ask who keeps the permission rules"


def permit(call: calls.Call) -> None:
    """Raises CallDenied where a rule denies a tool, or wants a person asked: nobody can be from here."""
    if call.kind != "tool":
        return
    bounds = kept.bounds()
    if not bounds.names_servers:
        return
    asked = {name: value for name, value in call.arguments.items() if name not in _RUN_NOWHERE}
    decision = bounds.decide(Call(tool=f"{SERVER}{call.name}", input=asked, agent=agent_name(call.agent)))
    if decision.rule is None or decision.decision == "allow":
        return  # the scope of its key is what a call needs by itself
    asks = "wants a person asked before" if decision.decision == "confirm" else "denies"
    safer = f" Instead: {decision.rule.safer}." if decision.rule.safer else ""
    raise CallDenied(
        f"A permission rule ({decision.rule.text}) {asks} {call.name}: {decision.reason}.{safer} "
        "Ask your user to do it in the admin, or to change the rule."
    )


def agent_name(client: str) -> str:
    """What rules call an agent that names itself so: `claude-code 2.1.332` is claude."""
    return client.partition(" ")[0].partition("-")[0].lower()[:32]


class _Waiting(NamedTuple):
    by: Caller
    kind: str
    name: str
    told: dict[str, Any]


_waiting: deque[_Waiting] = deque(maxlen=MOST_KEPT)
_one_at_a_time = threading.Lock()


def note(outcome: calls.Outcome) -> None:
    """Have a call written."""
    call, by, error = outcome.call, caller(), outcome.error
    told = {
        "at": timezone.now().isoformat(),
        "request": by.correlation_id,
        "outcome": "refused" if error else "answered",
        "microseconds": int(outcome.seconds * 1_000_000),  # whole: a float makes an event's canonical JSON dear
        "arguments": {name: _told(value) for name, value in call.arguments.items()},
    }
    if error:
        told["error"] = error.code
    _waiting.append(_Waiting(by, call.kind, call.name[:200], told))
    FLUSHER.notice(len(_waiting))


def _told(value: Any) -> Any:
    """An argument, or how long it is: what is long is somebody's text, which has no business in the trail."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return value if len(text) <= LONGEST_ARGUMENT else f"{len(text)} characters"


def flush() -> bool:
    """Write the calls that wait; False if the database would not have them now, and they wait again.

    Never inside a transaction of the caller's, which may yet roll back.
    """
    with _one_at_a_time:
        while batch := _next_batch():
            try:
                _write(batch)
            except Exception as error:  # noqa: BLE001 -- whatever it is, answers go on and it is tried again
                _waiting.extendleft(reversed(batch))
                logger.warning("Calls by MCP are not in the trail yet, which is tried again: %s", str(error).strip())
                return False
    return True


def _next_batch() -> list[_Waiting]:
    batch: list[_Waiting] = []
    with suppress(IndexError):
        while len(batch) < MOST_AT_ONCE:
            batch.append(_waiting.popleft())
    return batch


def _write(batch: list[_Waiting]) -> None:
    """An event a key, client and tool: one for each call took a quarter of a millisecond, as long as a call of ours."""
    alike: dict[tuple[str, ...], list[_Waiting]] = {}
    for item in batch:
        client = str(item.by.details.get("agent", ""))
        alike.setdefault((item.by.actor, client, item.kind, item.name), []).append(item)
    rows = [_event(some) for some in alike.values()]
    with transaction.atomic(durable=True):
        trail.write(rows)


def _event(some: list[_Waiting]) -> Event:
    first = some[0]
    new = trail.NewEvent(
        event_type=CALLED,
        entity_type=ENTITY,
        entity_id=first.name,
        new_value={"kind": first.kind, "count": len(some), "calls": [item.told for item in some]},
        timestamp=datetime.fromisoformat(first.told["at"]),
    )
    with acting_as(**{name: getattr(first.by, name) for name in _FIELDS}):
        return trail.prepare(new)


_FIELDS: tuple[str, ...] = tuple(Caller.__dataclass_fields__)


def forget() -> None:
    """Begin empty: in a child that was forked, what waits is its parent's to write."""
    _waiting.clear()


FLUSHER = Flusher(flush, name="mcp-calls", at_most=MOST_AT_ONCE, forget=forget)
before_exit(flush)

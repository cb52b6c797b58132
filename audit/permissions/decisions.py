"""Decisions on tool calls: made by the rules, recorded in the trail, joined with what was run by the tool call's id."""

import contextlib
import fcntl
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models.fields.json import KT

from audit import trail
from audit.models import Approval, Event
from audit.permissions import compiled, held, hooks, kept, once, store
from audit.permissions.approvals import asking
from audit.permissions.calls import Call, canonical_tool
from audit.permissions.deciding import Decision, RuleSet
from audit.permissions.matching import Fit, example_call, fits, matcher
from audit.permissions.records import column
from audit.permissions.rules import Rule
from audit.verdicts import EXECUTED, MADE, PROMPTED
from config.context import acting_as, caller
from config.errors import DomainError
from config.hooks import SessionStart, texts_for
from config.limits import check_size
from config.secrets import keyed, retold, scrub

logger = logging.getLogger(__name__)

ENTITY = "decision"
_TOLD = ("microseconds", "milliseconds", "by")
"""Milliseconds are in what hooks of releases before this one have left to be recorded."""
_NOT_A_RECORD = (compiled.NotUsable, ValueError, KeyError, TypeError, AttributeError, OverflowError, DomainError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision and the event that records it."""

    decision: Decision
    event: Event
    approval: Approval | None = None
    """What waits for a person's word, or has it."""


def decide(
    *,
    tool_name: str,
    tool_input: Mapping[str, Any],
    agent: str = "",
    cwd: str = "",
    session_id: str = "",
    tool_use_id: str = "",
    local: bool = False,
    home: str = "",
    asks: bool = True,
) -> Decided:
    """Decide on a tool call by the rules, and record the decision. Where a person must confirm it, one is asked, unless
    `asks` says that a person is here."""
    call = Call(
        tool=canonical_tool(tool_name), input=tool_input, agent=agent, cwd=cwd, root=cwd, home=home, local=local
    )
    request = hooks.Request(
        agent=agent,
        event="",
        moment="before",
        call=call,
        session_id=column(session_id),
        tool_use_id=column(tool_use_id),
    )
    return decide_request(request, way="deny" if asks else "ask")


def decide_request(request: hooks.Request, *, way: hooks.Way) -> Decided:
    """Decide what an agent's hook asks, and record the decision. Raises PayloadTooLarge."""
    check_size({"tool_input": request.call.input}, most=hooks.MAX_BYTES)
    bounds = kept.bounds()
    start = time.perf_counter_ns()
    decision = bounds.decide(
        request.call, mode=request.mode, person=caller().actor, session_id=keyed(request.session_id)
    )
    spent = time.perf_counter_ns() - start
    if decision.decision != "allow" and bounds.is_permitted(request.call):
        decision = once.decided_anew(request.call, decision)
    approval = None
    if hooks.asks_elsewhere(request, decision, way):
        decision, approval = asking.settled(request, decision)
    event = record(hooks.decision_record(request, decision, spent))
    return Decided(decision=decision, event=event, approval=approval)


def answer_hook(*, agent: str, payload: Any, local: bool = False, root: str = "", home: str = "") -> hooks.Reply:
    """Answer an agent's hook in its dialect, and record decisions or executions; a session that begins is told what
    apps know. Raises hooks.Malformed.
    """
    way = hooks.way_of(agent, settings.HOOK_CONFIRM)
    requests = hooks.read_all(agent, payload, local=local, root=root, home=home)
    if requests[0].moment == "start":
        return hooks.told(requests[0], texts_for(_start(requests[0])))
    return hooks.reply([(request, _answer(request, way)) for request in requests], way=way)


def _start(request: hooks.Request) -> SessionStart:
    where = request.call
    return SessionStart(agent=request.agent, session_id=request.session_id, folder=where.cwd, root=where.root)


def _answer(request: hooks.Request, way: hooks.Way) -> Decision | None:
    if request.moment in ("before", "permission"):
        return decide_request(request, way=way).decision
    if told := hooks.told_record(request):
        record(told)
    return None


def record(known: Mapping[str, Any]) -> Event:
    """Record a decision or an execution; the same one again changes nothing."""
    return trail.record(**_fields(known))


def record_run(decided: Decided, result: Mapping[str, Any]) -> Event:
    """Record what became of a call that was decided and run here, beside its decision."""
    made = decided.event
    return trail.record(
        event_type=EXECUTED,
        entity_type=ENTITY,
        entity_id=made.entity_id,
        new_value=dict(result),
        context={"decision": str(made.uid)},
        agent=made.agent,
        session_id=made.session_id,
        tool_use_id=made.tool_use_id,
    )


def _fields(known: Mapping[str, Any]) -> dict[str, Any]:
    if known["kind"] == "prompt":
        return _prompt_fields(known)
    given = scrub(known["tool_input"])
    context = {name: value for name, value in known["context"].items() if value}
    context |= {"decision_id": known["id"], "tool_name": known["tool_name"], "tool_input": given}
    context |= {name: known[name] for name in _TOLD if name in known}
    context["is_whole"] = known["is_whole"] and given == known["tool_input"]
    return {
        "event_type": MADE if known["kind"] == "decision" else EXECUTED,
        "entity_type": ENTITY,
        "entity_id": known["tool_use_id"] or known["id"],
        "new_value": retold(known["value"], known["tool_input"], given),
        "context": context,
        "agent": known["agent"],
        "session_id": known["session_id"],
        "tool_use_id": known["tool_use_id"],
        "idempotency_key": f"decision-{known['id']}",
    }


def _prompt_fields(known: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event_type": PROMPTED,
        "entity_type": "session",
        "entity_id": known["session_id"] or known["id"],
        "new_value": known["value"],
        "context": {name: value for name, value in known["context"].items() if value},
        "agent": known["agent"],
        "session_id": known["session_id"],
        "idempotency_key": f"prompt-{known['id']}",
    }


def ingest() -> int:
    """Record what hooks decided without Django; returns how many. What cannot be read is set aside, never dropped."""
    done = 0
    with _alone() as mine:
        if not mine:
            return 0
        for path in map(Path, compiled.spooled(settings.DATA_DIR)):
            try:
                records = compiled.unspool(settings.DATA_DIR, path)
                for known in records:
                    at = datetime.fromtimestamp(min(known["at"], time.time()), UTC)  # its clock may have been ahead
                    with acting_as(actor=str(known["actor"]), door="command"):
                        trail.record(**_fields(known), timestamp=at)
            except _NOT_A_RECORD as error:
                logger.error("The spooled decision %s cannot be read: %r", path.name, error)  # noqa: TRY400
                path.rename(path.with_suffix(".unreadable"))
                continue
            path.unlink(missing_ok=True)
            done += len(records)
    return done


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Two at once would do no harm, but twice the work."""
    place = Path(compiled.folder(settings.DATA_DIR))
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (place / "ingest.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


@dataclass(slots=True, kw_only=True)
class Replay:
    """What another rule set would have decided."""

    total: int = 0
    same: int = 0
    not_replayable: int = 0
    """Recorded with a part of their input left out."""
    changed: list[dict[str, Any]] = field(default_factory=list)


def replay(*, rules: Sequence[Rule] | None = None, add: Sequence[Rule] = (), limit: int = 1_000) -> Replay:
    """Judge the newest recorded decisions again, without recording: by `rules`, or by today's rules and `add`."""
    ready = RuleSet([*(held.load_held().rules if rules is None else rules), *add])
    found = Replay()
    for event in Event.objects.decided().order_by("-id")[:limit]:
        context, value = event.context or {}, event.new_value or {}
        given = context.get("tool_input")
        if not (isinstance(given, Mapping) and context.get("is_whole") and "decision" in value):
            found.not_replayable += 1
            continue
        found.total += 1
        again = ready.decide(_call(event, context, given))
        if again.decision == value["decision"]:
            found.same += 1
        else:
            found.changed.append(_difference(event, value, again))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule would do, were it kept."""

    now: Decision | None
    """What today's rules say of the call, if one was given."""
    then: Decision | None
    fits: Fit | None
    """Whether the rule, whatever others say, is about that call."""
    replay: Replay
    """What would have been decided otherwise lately."""


def try_rule(*, rule: Rule, is_enabled: bool = True, example: str = "") -> Trial:
    """What would change with a rule in the place of the one of its uid, or beside the others. Records nothing.

    `example` is what the rule's own examples are: a command, a path, an address. Raises RuleRefused.
    """
    store.checked(rule)
    today = held.load_held().rules
    changed = [other for other in today if not rule.uid or other.uid != rule.uid]
    if is_enabled:
        changed.append(rule)
    call = example_call(rule, example) if example else None
    return Trial(
        now=RuleSet(today).decide(call) if call else None,
        then=RuleSet(changed).decide(call) if call else None,
        fits=fits(matcher(rule), call) if call else None,
        replay=replay(rules=changed),
    )


def made_by(*, rule: Rule, among: int = 1_000) -> list[Event]:
    """The decisions that a rule made, of the newest `among`; newest first."""
    newest = Event.objects.decided().order_by("-id").values_list("pk", "decision", KT("new_value__rule"))[:among]
    wanted = (rule.decision, "left" if rule.decision == "confirm" else rule.decision)
    ours = [pk for pk, decision, text in newest if decision in wanted and text == rule.text]
    return list(Event.objects.filter(pk__in=ours).order_by("-id"))


def _call(event: Event, context: Mapping[str, Any], given: Mapping[str, Any]) -> Call:
    return Call(
        tool=str(context.get("tool_name", "")),
        input=given,
        agent=event.agent,
        cwd=str(context.get("cwd", "")),
        root=str(context.get("root", "")),
        home=str(context.get("home", "")),
    )


def _difference(event: Event, before: Mapping[str, Any], after: Decision) -> dict[str, Any]:
    return {
        "event": str(event.uid),
        "timestamp": event.timestamp.isoformat(),
        "part": after.part[:200],
        "before": {"decision": before["decision"], "rule": before.get("rule")},
        "after": {"decision": after.decision, "rule": after.rule.text if after.rule else None, "reason": after.reason},
    }


def present(decided: Decided) -> dict[str, Any]:
    """The answer of every door, as the trail keeps it: {decision, rule, reason, part, commands[], event, approval}."""
    from audit.permissions.approvals.serializers import ApprovalSerializer

    kept = decided.event.new_value or {}
    approval = dict(ApprovalSerializer(decided.approval).data) if decided.approval else None
    told = {name: kept[name] for name in kept if name != "tool"}
    return {**told, "event": str(decided.event.uid), "approval": approval}

"""What agents ask before a tool call and tell after it; each in its dialect, and one rule set answers them all.

Imports no Django, so that a hook can answer without starting it.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from audit.dialects import AGENTS, Dialect, Malformed, dialect_of
from audit.dialects.dialect import CALLS, NOT_JUDGED, Moment, Payload
from audit.permissions.bounds import call_hash, code_of
from audit.permissions.calls import Call, canonical_tool, folder_of
from audit.permissions.deciding import Decision
from audit.permissions.posture import asks_nobody
from audit.permissions.records import column, is_whole, tidy
from config.home import PROGRAM

MAX_BYTES = 4 * 1024 * 1024
MAX_REASON = 2_000
Way = Literal["ask", "deny", "defer"]
WAYS: tuple[Way, ...] = get_args(Way)
"""What becomes of a question: the agent asks; it is denied and waits for an answer elsewhere; the agent ends, and asks
again when it is resumed."""
MODES = ("permission_mode", "approval_policy", "approval_mode")
_CONTEXT = (*MODES, "prompt_id", "agent_id", "agent_type", "model", "generation_id", "turn_id", "timestamp")


_NAMING_A_TOOL = frozenset({"tool_name", "toolName", "tool_input", "toolArgs", "toolInput", "toolCalls", "tool_calls"})
_NAMING_A_TOOL |= {"command", "tool", "args", "arguments", "tool_info", "preToolUse"}


class Request(NamedTuple):
    """A question or a report of an agent, in our words."""

    agent: str
    event: str
    moment: Moment
    call: Call
    session_id: str = ""
    tool_use_id: str = ""
    context: Mapping[str, Any] = MappingProxyType({})
    result: Mapping[str, Any] = MappingProxyType({})
    mode: str = ""
    """How much the agent asks its person, in its own words; empty where it does not say."""
    prompt: str = ""
    """What its person asks of it."""


def parse(raw: bytes) -> Any:
    """The JSON an agent wrote. Raises Malformed."""
    if len(raw) > MAX_BYTES:
        raise Malformed(f"longer than {MAX_BYTES:,} bytes")
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise Malformed("nested too deeply") from error
    except ValueError as error:
        raise Malformed("not JSON") from error


def read_all(agent: str, payload: Any, *, local: bool = False, root: str = "", home: str = "") -> list[Request]:
    """What the agent asks or tells, call by call. `local` when its files are of this machine. Raises Malformed."""
    dialect = dialect_of(agent)
    if not isinstance(payload, Mapping):
        raise Malformed("not a JSON object")
    return [_read(dialect, agent, single, local, root, home) for single in dialect.unfold(payload)]


def read(agent: str, payload: Any, *, local: bool = False, root: str = "", home: str = "") -> Request:
    """What is asked or told of one call. Raises Malformed, also for several calls."""
    requests = read_all(agent, payload, local=local, root=root, home=home)
    if len(requests) != 1:
        raise Malformed(f"{len(requests)} calls in one payload")
    return requests[0]


def _read(dialect: Dialect, agent: str, payload: Payload, local: bool, root: str, home: str) -> Request:
    event = dialect.event(payload)
    moment = dialect.moment(event)
    if moment not in CALLS and _asks(event, payload):
        raise Malformed(f"{event[:40]!r} seems to ask about a tool, and is no known event of {agent}")
    call = Call(tool="")
    if moment != "other":
        call = _call(dialect, event, payload) if moment in CALLS else call._replace(cwd=_place(dialect, payload))
        call = call._replace(agent=agent, root=folder_of(root), home=folder_of(home), local=local)
    return Request(
        agent=agent,
        event=event,
        moment=moment,
        call=call,
        session_id=column(dialect.session(payload)),
        tool_use_id=column(dialect.use(payload)),
        context={name: tidy(payload[name]) for name in _CONTEXT if payload.get(name)},
        result=_result(payload) if moment == "after" else {},
        mode=_mode(dialect, payload),
        prompt=str(payload.get("prompt") or "") if moment == "prompt" else "",
    )


def _mode(dialect: Dialect, payload: Payload) -> str:
    """How much the agent asks: of several words for it the one that says it asks nobody."""
    if dialect.stands_alone:
        return "never"
    said = [str(payload[name]) for name in MODES if payload.get(name)]
    return next(filter(asks_nobody, said), said[0] if said else "")


def told(request: Request, text: str) -> "Reply":
    """What to tell an agent whose session begins."""
    dialect = dialect_of(request.agent)
    return Reply(dialect.tell(request.event, text) if text else dialect.nothing(request.event))


class Reply(NamedTuple):
    """What a hook does: its answer on stdout, why not on stderr, and how it ends."""

    answer: dict[str, Any]
    sentence: str = ""
    exit_code: int = 0


def reply(judged: Sequence[tuple[Request, Decision | None]], *, way: Way = "ask") -> Reply:
    """What to tell the agent of the calls it named; of several, the strictest. None for what was only reported."""
    request, decision = min(judged, key=_strictness)
    dialect = dialect_of(request.agent)
    if decision is None or request.moment not in ("before", "permission") or decision.is_left:
        return Reply(dialect.nothing(request.event))
    said: str = decision.decision
    reason = _told(request, decision)
    if asks_elsewhere(request, decision, way):
        said = "defer" if way == "defer" and len(judged) == 1 and request.event in dialect.defers else "deny"
        reason = f"{decision.asked.sentence} {reason}" if decision.asked else dialect.unasked(reason)
    once = _code_told(request) if said == "deny" and decision.asked is None else ""
    reason = f"{reason[: MAX_REASON - len(once)]}{once}"
    sentence = "" if said == "allow" else f"Handrail: {said}: {reason}"
    return Reply(dialect.say(request.event, said, reason), sentence, dialect.exit_code(said))


def _code_told(request: Request) -> str:
    return f" A person may allow exactly this: `{PROGRAM} rules allow-once {code_of(request.call)}`."


def _strictness(judged: tuple[Request, Decision | None]) -> int:
    """Silence comes before allow, which would spare the agent its own question."""
    _, decision = judged
    if decision is None or decision.is_left:
        return 2
    return {"deny": 0, "confirm": 1}.get(decision.decision, 3)


def answer(request: Request, decision: Decision | None) -> dict[str, Any]:
    """What to tell the agent of one call on stdout."""
    return reply([(request, decision)]).answer


def way_of(agent: str, setting: str) -> Way:
    """What becomes of a question, by a setting such as `gemini=deny,claude=defer`; the last word counts."""
    found = [way for name, way in _ways(setting) if name in (agent, "*")]
    return next((way for way in WAYS if found and way == found[-1]), "deny") if found else "ask"


def wrong_ways(setting: str) -> list[str]:
    """What in such a setting means nothing, so that an agent is asked otherwise than somebody meant."""
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    return [part for part in parts if not any(_is_way(*pair) for pair in _ways(part))]


def _ways(setting: str) -> list[tuple[str, str]]:
    words = [[word.strip() for word in part.split("=")] for part in setting.split(",")]
    return [(word[0], word[1]) for word in words if len(word) == 2]


def _is_way(name: str, way: str) -> bool:
    if name == "*":
        return way in WAYS
    return name in AGENTS and way in WAYS and (way != "defer" or bool(dialect_of(name).defers))


def asks_elsewhere(request: Request, decision: Decision, way: Way) -> bool:
    """Whether a person must confirm the call whom the agent cannot ask by itself."""
    if decision.decision != "confirm" or decision.is_left or request.moment not in ("before", "permission"):
        return False
    return way != "ask" or (request.agent in AGENTS and not dialect_of(request.agent).can_ask(request.event))


def _told(request: Request, decision: Decision) -> str:
    """Why not, without the secrets of the command it quotes: agents keep what they are told in transcripts and logs."""
    if decision.decision == "allow":
        return decision.reason
    from config.secrets import blank, retold  # 20 ms, which no allowed call waits for

    return blank(str(retold(decision.reason, dict(request.call.input))))


def refusal(agent: str, payload: Any, reason: str) -> dict[str, Any]:
    """The dialect's deny, for a question that could not be understood or judged. Raises Malformed: no such agent."""
    dialect = dialect_of(agent)
    try:
        event = dialect.event(payload) if isinstance(payload, Mapping) else ""
    except Malformed:
        event = ""
    return dialect.refuse(event, f"{NOT_JUDGED}: {reason}"[:MAX_REASON])


def _asks(event: str, payload: Payload) -> bool:
    """Whether an unknown event may be one before a tool call: a new name, or a known one misspelt."""
    return any(name in payload for name in _NAMING_A_TOOL) and not re.match(r"(?i)post|after|permissiondenied", event)


def _place(dialect: Dialect, payload: Payload, arguments: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Where the agent, or its tool, works."""
    folder = dialect.folder(payload, arguments)
    return folder_of(folder) if isinstance(folder, str) else ""


def _call(dialect: Dialect, event: str, payload: Payload) -> Call:
    tool, arguments = dialect.tool(event, payload), dialect.arguments(event, payload)
    return Call(tool=canonical_tool(tool), input=arguments, cwd=_place(dialect, payload, arguments))


def _result(payload: Payload) -> dict[str, Any]:
    """What is worth keeping of an execution: whether it failed and how long it took, not what it wrote."""
    response = payload.get(
        "tool_response", payload.get("toolResult", payload.get("tool_output", payload.get("output")))
    )
    failed = "Failure" in str(payload.get("hook_event_name")) or bool(payload.get("error"))
    if isinstance(response, Mapping):
        failed = failed or response.get("resultType") in ("failure", "denied") or bool(response.get("error"))
        failed = failed or response.get("success") is False or bool(response.get("interrupted"))
    code = response.get("exit_code", response.get("exitCode")) if isinstance(response, Mapping) else None
    duration = payload.get("duration_ms", payload.get("duration"))
    told = {
        "failed": failed,
        "exit_code": code if isinstance(code, int) else None,
        "duration_ms": duration if isinstance(duration, int | float) else None,
        "error": payload.get("error"),
        "interrupted": payload.get("is_interrupt"),
    }
    kept: dict[str, Any] = tidy({name: value for name, value in told.items() if value is not None})
    return kept


def decision_record(request: Request, decision: Decision, nanoseconds: int) -> dict[str, Any]:
    """What the trail keeps of a decision, and how long deciding took."""
    known = _record(request, "decision")
    if decision.decision != "allow":
        known["context"]["call"] = call_hash(request.call)
    if decision.asked and decision.asked.approval:
        known["context"]["approval"] = decision.asked.approval
    return {
        **known,
        "value": tidy({"tool": request.call.tool, **decision.as_dict()}),
        "microseconds": nanoseconds // 1000,  # whole: a float makes the canonical JSON of an event eight times as dear
    }


def execution_record(request: Request) -> dict[str, Any]:
    """What the trail keeps of an execution."""
    return {**_record(request, "execution"), "value": tidy({"tool": request.call.tool, **request.result})}


def prompt_record(request: Request) -> dict[str, Any]:
    """What the trail keeps of a prompt; once, where an agent tells of it at every request to its model."""
    known = _record(request, "prompt")
    named = request.context.get("prompt_id")
    if named and request.session_id:
        known["id"] = hashlib.sha256(f"{request.session_id} {named}".encode()).hexdigest()[:32]
    return {**known, "value": {"text": tidy(request.prompt)}}


def told_record(request: Request) -> dict[str, Any]:
    """What the trail keeps of what is only told; nothing of what does not concern it."""
    if request.moment == "after":
        return execution_record(request)
    return prompt_record(request) if request.moment == "prompt" and request.prompt else {}


def _record(request: Request, kind: str) -> dict[str, Any]:
    call = request.call
    return {
        "id": os.urandom(16).hex(),
        "kind": kind,
        "agent": request.agent,
        "session_id": request.session_id,
        "tool_use_id": request.tool_use_id,
        "context": tidy({**request.context, "cwd": call.cwd, "root": call.root, "home": call.home}),
        "tool_name": tidy(call.tool),
        "tool_input": tidy(call.input),
        "is_whole": is_whole(call.input),
    }

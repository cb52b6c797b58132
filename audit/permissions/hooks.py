"""The dialects in which agents ask before a tool call and tell after it; one rule set answers them all.

Sources: docs/audit-permissions.md. Imports no Django, so that a hook can answer without starting it.
"""

import json
import os
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from audit.permissions.calls import Call, canonical_tool
from audit.permissions.deciding import Decision
from audit.permissions.records import column, is_whole, tidy

Moment = Literal["before", "permission", "after", "other"]
MAX_BYTES = 4 * 1024 * 1024
MAX_REASON = 2_000


class Malformed(ValueError):
    """What came in is not of the agent's dialect."""


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


# The agent's names of the moments; other events are none of ours.
_MOMENTS: dict[str, dict[str, Moment]] = {
    "claude": {
        "PreToolUse": "before",
        "PermissionRequest": "permission",
        "PostToolUse": "after",
        "PostToolUseFailure": "after",
    },
    "gemini": {"BeforeTool": "before", "AfterTool": "after"},
    "cursor": {
        "beforeShellExecution": "before",
        "beforeMCPExecution": "before",
        "beforeReadFile": "before",
        "beforeTabFileRead": "before",
        "preToolUse": "before",
        "afterShellExecution": "after",
        "afterMCPExecution": "after",
        "afterFileEdit": "after",
        "postToolUse": "after",
        "postToolUseFailure": "after",
    },
    "copilot": {"preToolUse": "before", "postToolUse": "after", "PreToolUse": "before", "PostToolUse": "after"},
}
_MOMENTS["codex"] = _MOMENTS["claude"]
AGENTS = ("claude", "codex", "cursor", "gemini", "copilot")
_CURSOR_TOOLS = {"beforeShellExecution": "Bash", "afterShellExecution": "Bash", "afterFileEdit": "Edit"}
_CURSOR_TOOLS |= {"beforeReadFile": "Read", "beforeTabFileRead": "Read"}
_CONTEXT = ("permission_mode", "prompt_id", "agent_id", "agent_type", "model", "generation_id", "turn_id", "timestamp")


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


def read(agent: str, payload: Any, *, local: bool = False, root: str = "", home: str = "") -> Request:
    """What the agent asks or tells. `local` when its files are of this machine. Raises Malformed."""
    if agent not in AGENTS:
        raise Malformed(f"no agent {agent[:32]}; known are {', '.join(AGENTS)}")
    if not isinstance(payload, Mapping):
        raise Malformed("not a JSON object")
    event = _event(agent, payload)
    moment = _MOMENTS[agent].get(event, "other")
    if moment == "other" and _asks(event, payload):
        raise Malformed(f"{event[:40]!r} seems to ask about a tool, and is no known event of {agent}")
    session = payload.get("session_id") or payload.get("conversation_id") or payload.get("sessionId")
    use = payload.get("tool_use_id") or payload.get("toolUseId") or payload.get("toolCallId")
    call = _call(agent, event, payload, local=local, root=root, home=home) if moment != "other" else Call(tool="")
    return Request(
        agent=agent,
        event=event,
        moment=moment,
        call=call,
        session_id=column(session),
        tool_use_id=column(use),
        context={name: tidy(payload[name]) for name in _CONTEXT if payload.get(name)},
        result=_result(payload) if moment == "after" else {},
    )


def answer(request: Request, decision: Decision | None) -> dict[str, Any]:
    """What to tell the agent; None for what was only reported."""
    if decision is None or request.moment not in ("before", "permission"):
        return {"continue": True} if request.event == "beforeSubmitPrompt" else {}
    if decision.is_open:
        return {}
    return _say(request.agent, request.event, decision.decision, decision.reason[:MAX_REASON])


def refusal(agent: str, payload: Any, reason: str) -> dict[str, Any]:
    """The dialect's deny, for a question that could not be understood or judged."""
    event = _event(agent, payload) if isinstance(payload, Mapping) else ""
    if agent in ("claude", "codex") and event != "PermissionRequest":
        event = "PreToolUse"
    return _say(agent, event, "deny", f"Handrail could not judge this call, so it is refused: {reason}"[:MAX_REASON])


def _asks(event: str, payload: Mapping[str, Any]) -> bool:
    """Whether an unknown event may be one before a tool call: a new name, or a known one misspelt."""
    names_tool = any(name in payload for name in ("tool_name", "toolName", "tool_input", "toolArgs", "command"))
    return names_tool and not re.match(r"(?i)post|after|permissiondenied", event)


def _event(agent: str, payload: Mapping[str, Any]) -> str:
    name = payload.get("hook_event_name") or payload.get("hookEventName")
    if name is None and agent == "copilot":  # it names no event
        return "postToolUse" if "toolResult" in payload else "preToolUse" if "toolName" in payload else ""
    if not isinstance(name, str) or not name:
        raise Malformed("hook_event_name is missing")
    return name


def _call(agent: str, event: str, payload: Mapping[str, Any], *, local: bool, root: str, home: str) -> Call:
    name = _CURSOR_TOOLS.get(event) or payload.get("tool_name") or payload.get("toolName")
    if not isinstance(name, str) or not name:
        raise Malformed("tool_name is missing")
    given = payload["tool_input"] if "tool_input" in payload else payload.get("toolArgs")
    if event in _CURSOR_TOOLS:
        given = {key: payload[key] for key in ("command", "file_path") if key in payload}
    if isinstance(given, str):
        given = _text_input(given, event)
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise Malformed("tool_input is not an object")
    folders = payload.get("workspace_roots")
    folder = payload.get("cwd") or (folders[0] if isinstance(folders, list) and folders else "")
    folder = given.get("workdir") or folder if agent == "codex" else folder
    return Call(
        tool=_tool(agent, event, name, payload),
        input=given,
        agent=agent,
        cwd=folder if isinstance(folder, str) else "",
        root=root,
        home=home,
        local=local,
    )


def _text_input(text: str, event: str) -> Any:
    """Arguments given as JSON text, as Copilot and Cursor do."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the arguments in {event or 'the payload'} are not JSON") from error


def _tool(agent: str, event: str, name: str, payload: Mapping[str, Any]) -> str:
    context = payload.get("mcp_context")
    if agent == "gemini" and isinstance(context, Mapping) and context.get("server_name"):
        return f"mcp__{context['server_name']}__{context.get('tool_name') or name}"
    if agent == "cursor" and "MCPExecution" in event and not name.startswith(("MCP:", "mcp__")):
        return f"mcp__unknown__{name}"
    return canonical_tool(name)


def _result(payload: Mapping[str, Any]) -> dict[str, Any]:
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
    found = {
        "failed": failed,
        "exit_code": code if isinstance(code, int) else None,
        "duration_ms": duration if isinstance(duration, int | float) else None,
        "error": payload.get("error"),
        "interrupted": payload.get("is_interrupt"),
    }
    kept: dict[str, Any] = tidy({name: value for name, value in found.items() if value is not None})
    return kept


def _say(agent: str, event: str, decision: str, reason: str) -> dict[str, Any]:
    match agent:
        case "claude":
            return _claude(event, {"confirm": "ask"}.get(decision, decision), reason)
        case "codex":
            return _codex(event, decision, reason)
        case "cursor":
            return _cursor(event, decision, reason)
        case "gemini":
            said = {"decision": {"confirm": "ask"}.get(decision, decision), "reason": reason}
            return said | ({"systemMessage": reason} if decision == "confirm" else {})
    said = {"permissionDecision": {"confirm": "ask"}.get(decision, decision), "permissionDecisionReason": reason}
    if event == "PreToolUse":  # its Claude-like configuration reads the Claude-like answer
        return {**said, **_claude(event, said["permissionDecision"], reason)}
    return said


def _claude(event: str, decision: str, reason: str) -> dict[str, Any]:
    if event == "PermissionRequest":
        if decision == "ask":
            return {}  # the question is on the screen already
        verdict = {"behavior": decision} | ({"message": reason} if decision == "deny" else {})
        return {"hookSpecificOutput": {"hookEventName": event, "decision": verdict}}
    said = {"hookEventName": event, "permissionDecision": decision, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": said}


def _codex(event: str, decision: str, reason: str) -> dict[str, Any]:
    """Codex runs a tool whose hook says allow or ask, with an error: silence allows, and asking it cannot."""
    if event == "PermissionRequest":
        return _claude(event, {"confirm": "ask"}.get(decision, decision), reason)
    if decision == "allow":
        return {}
    if decision == "confirm":
        reason = f"A person must confirm this, and Codex cannot ask from a hook. Ask the user to run it. {reason}"
    return _claude(event, "deny", reason)


def _cursor(event: str, decision: str, reason: str) -> dict[str, Any]:
    """Cursor asks before shell commands and MCP tools; elsewhere a question would be passed over."""
    permission = decision
    if decision == "confirm":
        permission = "ask" if event in ("beforeShellExecution", "beforeMCPExecution") else "deny"
    if permission == "allow":
        return {"permission": "allow"}
    return {"permission": permission, "user_message": reason, "agent_message": reason}


def decision_record(request: Request, decision: Decision, milliseconds: float) -> dict[str, Any]:
    """What the trail keeps of a decision."""
    return {
        **_record(request, "decision"),
        "value": tidy({"tool": request.call.tool, **decision.as_dict()}),
        "milliseconds": round(milliseconds, 3),
    }


def execution_record(request: Request) -> dict[str, Any]:
    """What the trail keeps of an execution."""
    return {**_record(request, "execution"), "value": tidy({"tool": request.call.tool, **request.result})}


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

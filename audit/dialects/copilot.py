"""Copilot CLI and the agent hooks of VS Code: their own configuration names no event, their Claude-like one does.

The Agent Host of VS Code asks about several tool calls at once: {sessionId, cwd, toolCalls: [{id, name, args}]}.
"""

from collections.abc import Mapping
from typing import Any

from audit.dialects.claude import answer_permission, answer_tool, behavior
from audit.dialects.dialect import Answer, Dialect, Malformed, Payload, Verified, ask_for_confirm

_PERMISSION = ("permissionRequest", "PermissionRequest")


class Copilot(Dialect):
    title = "Copilot"
    moments = {
        "preToolUse": "before",
        "PreToolUse": "before",
        "permissionRequest": "permission",
        "PermissionRequest": "permission",
        "postToolUse": "after",
        "PostToolUse": "after",
        "postToolUseFailure": "after",
        "PostToolUseFailure": "after",
        "sessionStart": "start",
        "SessionStart": "start",
        "userPromptSubmitted": "prompt",
        "UserPromptSubmit": "prompt",
    }
    waits_seconds = 30.0
    verified = Verified("installed", "1.0.102")

    def example(self, command: str, folder: str) -> dict[str, Any]:
        return {"sessionId": "probe", "cwd": folder, "toolName": "bash", "toolArgs": {"command": command}}

    def unfold(self, payload: Payload) -> list[Payload]:
        if "toolCalls" not in payload:
            return [payload]
        calls = payload["toolCalls"]
        if not isinstance(calls, list) or not calls:
            raise Malformed("toolCalls names no tool call")
        shared = {name: value for name, value in payload.items() if name != "toolCalls"}
        return [{**shared, **_call(item)} for item in calls]

    def event(self, payload: Payload) -> str:
        if (payload.get("hook_event_name") or payload.get("hookEventName")) is not None:
            return super().event(payload)
        if "toolResult" in payload:
            return "postToolUse"
        if payload.get("hookName") in _PERMISSION:
            return "permissionRequest"
        if "toolName" in payload:
            return "preToolUse"
        return "userPromptSubmitted" if isinstance(payload.get("prompt"), str) else ""

    def tell(self, event: str, text: str) -> Answer:
        return {"additionalContext": text}

    def say(self, event: str, decision: str, reason: str) -> Answer:
        verdict = ask_for_confirm(decision)
        if event in _PERMISSION:
            told = {} if verdict == "ask" else behavior(verdict, reason)
            return told | (answer_permission(verdict, reason) if event == "PermissionRequest" else {})
        said = {"permissionDecision": verdict, "permissionDecisionReason": reason}
        return {**said, **answer_tool(event, verdict, reason)} if event == "PreToolUse" else said


def _call(item: object) -> Payload:
    """One of several calls, as it would be asked about alone. Raises Malformed."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"]:
        raise Malformed("an element of toolCalls names no tool")
    return {"toolName": item["name"], "toolArgs": item.get("args"), "toolCallId": item.get("id")}


DIALECT = Copilot()

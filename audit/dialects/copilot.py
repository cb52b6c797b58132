"""Copilot: its own configuration names no event, its Claude-like one does."""

from audit.dialects.claude import answer_tool
from audit.dialects.dialect import Answer, Dialect, Payload, ask_for_confirm


class Copilot(Dialect):
    moments = {"preToolUse": "before", "postToolUse": "after", "PreToolUse": "before", "PostToolUse": "after"}

    def event(self, payload: Payload) -> str:
        if (payload.get("hook_event_name") or payload.get("hookEventName")) is not None:
            return super().event(payload)
        if "toolResult" in payload:
            return "postToolUse"
        return "preToolUse" if "toolName" in payload else ""

    def say(self, event: str, decision: str, reason: str) -> Answer:
        verdict = ask_for_confirm(decision)
        said = {"permissionDecision": verdict, "permissionDecisionReason": reason}
        return {**said, **answer_tool(event, verdict, reason)} if event == "PreToolUse" else said


DIALECT = Copilot()

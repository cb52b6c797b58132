"""Cursor: an event for each kind of tool, which then names no tool."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import Answer, Dialect, Payload, Verified

_TOOLS = {
    "beforeShellExecution": "Bash",
    "afterShellExecution": "Bash",
    "afterFileEdit": "Edit",
    "beforeReadFile": "Read",
    "beforeTabFileRead": "Read",
}
_CAN_ASK = ("beforeShellExecution", "beforeMCPExecution")


class Cursor(Dialect):
    title = "Cursor"
    moments = {
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
        "sessionStart": "start",
    }
    verified = Verified("read", "2026-11")
    fails_closed = '"failClosed": true'

    def example(self, command: str, folder: str) -> dict[str, Any]:
        return {
            "conversation_id": "probe",
            "cwd": folder,
            "hook_event_name": "beforeShellExecution",
            "command": command,
        }

    def tool(self, event: str, payload: Payload) -> str:
        name = _TOOLS.get(event) or super().tool(event, payload)
        names_server = name.startswith(("MCP:", "mcp__"))
        return f"mcp__unknown__{name}" if "MCPExecution" in event and not names_server else name

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        if event in _TOOLS:
            return {name: payload[name] for name in ("command", "file_path") if name in payload}
        return super().arguments(event, payload)

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("working_directory") or super().folder(payload, arguments)

    def nothing(self, event: str) -> Answer:
        """It waits for a word before it sends a prompt."""
        return {"continue": True} if event == "beforeSubmitPrompt" else {}

    def tell(self, event: str, text: str) -> Answer:
        return {"additional_context": text}

    def can_ask(self, event: str) -> bool:
        """Before shell commands and MCP tools; elsewhere it passes over a question."""
        return event in _CAN_ASK

    def say(self, event: str, decision: str, reason: str) -> Answer:
        if decision == "allow":
            return {"permission": "allow"}
        permission = "ask" if decision == "confirm" else "deny"
        return {"permission": permission, "user_message": reason, "agent_message": reason}


DIALECT = Cursor()

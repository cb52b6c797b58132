"""Cursor: an event for each kind of tool, which then names no tool."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import Answer, Dialect, Payload

_TOOLS = {
    "beforeShellExecution": "Bash",
    "afterShellExecution": "Bash",
    "afterFileEdit": "Edit",
    "beforeReadFile": "Read",
    "beforeTabFileRead": "Read",
}
_CAN_ASK = ("beforeShellExecution", "beforeMCPExecution")


class Cursor(Dialect):
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
    }

    def tool(self, event: str, payload: Payload) -> str:
        name = _TOOLS.get(event) or super().tool(event, payload)
        names_server = name.startswith(("MCP:", "mcp__"))
        return f"mcp__unknown__{name}" if "MCPExecution" in event and not names_server else name

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        if event in _TOOLS:
            return {name: payload[name] for name in ("command", "file_path") if name in payload}
        return super().arguments(event, payload)

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """It asks before shell commands and MCP tools; elsewhere a question would be passed over."""
        if decision == "allow":
            return {"permission": "allow"}
        permission = "ask" if decision == "confirm" and event in _CAN_ASK else "deny"
        return {"permission": permission, "user_message": reason, "agent_message": reason}


DIALECT = Cursor()

"""Devin, desktop and CLI, in Claude Code's words; and Windsurf before it, which goes by the exit code alone."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.claude import Claude
from audit.dialects.dialect import BLOCK, Payload, Verified, read_arguments

_TOOLS = {"run_command": "Bash", "write_code": "Edit", "read_code": "Read"}


class Devin(Claude):
    title = "Devin"
    moments = {
        **Claude.moments,
        **dict.fromkeys(("pre_run_command", "pre_write_code", "pre_read_code", "pre_mcp_tool_use"), "before"),
        **dict.fromkeys(("post_run_command", "post_write_code", "post_read_code", "post_mcp_tool_use"), "after"),
    }
    waits_seconds = 60.0
    verified = Verified("read", "hooks.v1")
    defers = frozenset()
    fails_closed = ""

    def event(self, payload: Payload) -> str:
        name = payload.get("agent_action_name")
        return name if isinstance(name, str) and name else super().event(payload)

    def session(self, payload: Payload) -> Any:
        return payload.get("trajectory_id") or super().session(payload)

    def use(self, payload: Payload) -> Any:
        return payload.get("execution_id") or super().use(payload)

    def tool(self, event: str, payload: Payload) -> str:
        if event not in self.moments or event in Claude.moments:
            return super().tool(event, payload)
        told = _told(event, payload)
        known = _TOOLS.get(event.partition("_")[2])
        return known or f"mcp__{told.get('mcp_server_name') or 'unknown'}__{told.get('mcp_tool_name') or 'unknown'}"

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        if event not in self.moments or event in Claude.moments:
            return super().arguments(event, payload)
        told = _told(event, payload)
        return read_arguments(told.get("mcp_tool_arguments"), event) if event.endswith("mcp_tool_use") else told

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("cwd") or super().folder(payload, arguments)

    def can_ask(self, event: str) -> bool:
        return event in Claude.moments

    def exit_code(self, decision: str) -> int:
        return BLOCK if decision == "deny" else 0


def _told(event: str, payload: Payload) -> Mapping[str, Any]:
    return read_arguments(payload.get("tool_info"), event)


DIALECT = Devin()

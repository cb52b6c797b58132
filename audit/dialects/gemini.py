"""Gemini CLI."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import Answer, Dialect, Payload, Verified, ask_for_confirm, tell_context


class Gemini(Dialect):
    title = "Gemini CLI"
    moments = {"BeforeTool": "before", "AfterTool": "after", "BeforeAgent": "prompt", "SessionStart": "start"}
    waits_seconds = 60.0
    verified = Verified("installed", "0.61.0")

    def tool(self, event: str, payload: Payload) -> str:
        name, context = super().tool(event, payload), payload.get("mcp_context")
        if isinstance(context, Mapping) and context.get("server_name"):
            return f"mcp__{context['server_name']}__{context.get('tool_name') or name}"
        return name

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        """A command may be run in a folder of the project."""
        place, below = super().folder(payload, arguments), arguments.get("dir_path")
        if payload.get("tool_name") != "run_shell_command" or not isinstance(below, str) or not isinstance(place, str):
            return place
        return below if below.startswith("/") else f"{place.rstrip('/')}/{below}"

    def tell(self, event: str, text: str) -> Answer:
        return tell_context(event, text)

    def say(self, event: str, decision: str, reason: str) -> Answer:
        said = {"decision": ask_for_confirm(decision), "reason": reason}
        return said | ({"systemMessage": reason} if decision == "confirm" else {})


DIALECT = Gemini()

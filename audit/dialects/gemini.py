"""Gemini CLI."""

from collections.abc import Mapping

from audit.dialects.dialect import Answer, Dialect, Payload, ask_for_confirm


class Gemini(Dialect):
    moments = {"BeforeTool": "before", "AfterTool": "after"}

    def tool(self, event: str, payload: Payload) -> str:
        name, context = super().tool(event, payload), payload.get("mcp_context")
        if isinstance(context, Mapping) and context.get("server_name"):
            return f"mcp__{context['server_name']}__{context.get('tool_name') or name}"
        return name

    def say(self, event: str, decision: str, reason: str) -> Answer:
        said = {"decision": ask_for_confirm(decision), "reason": reason}
        return said | ({"systemMessage": reason} if decision == "confirm" else {})


DIALECT = Gemini()

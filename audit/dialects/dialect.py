"""What agents' hooks have in common; a module of its own says where an agent differs.

Sources: docs/audit-permissions.md. Imports no Django, so that a hook can answer without starting it.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

Moment = Literal["before", "permission", "after", "other"]
Payload = Mapping[str, Any]
Answer = dict[str, Any]


class Malformed(ValueError):
    """What came in is not of the agent's dialect."""


class Dialect:
    """Names of events, fields and tools, and the shape of an answer."""

    moments: Mapping[str, Moment]
    """By the agent's name of an event; events without one are none of ours."""

    def moment(self, event: str) -> Moment:
        return self.moments.get(event, "other")

    def event(self, payload: Payload) -> str:
        """The agent's name of what happens. Raises Malformed."""
        name = payload.get("hook_event_name") or payload.get("hookEventName")
        if not isinstance(name, str) or not name:
            raise Malformed("hook_event_name is missing")
        return name

    def session(self, payload: Payload) -> Any:
        return payload.get("session_id") or payload.get("conversation_id") or payload.get("sessionId")

    def use(self, payload: Payload) -> Any:
        """What joins the report of a tool call to its question."""
        return payload.get("tool_use_id") or payload.get("toolUseId") or payload.get("toolCallId")

    def tool(self, event: str, payload: Payload) -> str:
        """The tool in the agent's words, except that one of MCP is mcp__server__tool. Raises Malformed."""
        name = payload.get("tool_name") or payload.get("toolName")
        if not isinstance(name, str) or not name:
            raise Malformed("tool_name is missing")
        return name

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        """The tool's arguments, which some agents give as JSON text. Raises Malformed."""
        given = payload["tool_input"] if "tool_input" in payload else payload.get("toolArgs")
        if isinstance(given, str):
            given = _read_text(given, event)
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            raise Malformed("tool_input is not an object")
        return given

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        """Where the tool runs."""
        roots = payload.get("workspace_roots")
        return payload.get("cwd") or (roots[0] if isinstance(roots, list) and roots else "")

    def nothing(self, event: str) -> Answer:
        """The answer to what is only told. Cursor waits for a word before it sends a prompt."""
        return {"continue": True} if event == "beforeSubmitPrompt" else {}

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """Allow, deny or confirm in the agent's shape."""
        raise NotImplementedError

    def refuse(self, event: str, reason: str) -> Answer:
        """The deny for a question that could not be understood; `event` may be unknown or blank."""
        return self.say(event, "deny", reason)


def ask_for_confirm(decision: str) -> str:
    """Most agents call it `ask`."""
    return "ask" if decision == "confirm" else decision


def _read_text(text: str, event: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the arguments in {event or 'the payload'} are not JSON") from error

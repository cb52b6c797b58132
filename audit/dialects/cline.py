"""Cline: an executable named after the event, which may only cancel."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import Answer, Dialect, Malformed, Payload, Verified, read_arguments

_DETAILS = {"PreToolUse": "preToolUse", "PostToolUse": "postToolUse"}


class Cline(Dialect):
    title = "Cline"
    moments = {"PreToolUse": "before", "PostToolUse": "after"}
    waits_seconds = 30.0
    verified = Verified("read", "2026-08")

    def example(self, command: str, folder: str) -> dict[str, Any]:
        call = {"toolName": "execute_command", "parameters": {"command": command}}
        return {"taskId": "probe", "workspaceRoots": [folder], "hookName": "PreToolUse", "preToolUse": call}

    def event(self, payload: Payload) -> str:
        name = payload.get("hookName")
        if not isinstance(name, str) or not name:
            raise Malformed("hookName is missing")
        return name

    def session(self, payload: Payload) -> Any:
        return payload.get("taskId")

    def tool(self, event: str, payload: Payload) -> str:
        return super().tool(event, _details(event, payload))

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        return read_arguments(_details(event, payload).get("parameters"), event)

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        roots = payload.get("workspaceRoots")
        return roots[0] if isinstance(roots, list) and roots else ""

    def nothing(self, event: str) -> Answer:
        return {"cancel": False}

    def can_ask(self, event: str) -> bool:
        return False

    def say(self, event: str, decision: str, reason: str) -> Answer:
        return {"cancel": False} if decision == "allow" else {"cancel": True, "errorMessage": reason}


def _details(event: str, payload: Payload) -> Payload:
    details = payload.get(_DETAILS.get(event, ""))
    if not isinstance(details, Mapping):
        raise Malformed(f"{event[:40]} says nothing of a tool")
    return details


DIALECT = Cline()

"""Amp: a permission that is delegated to a program, which answers by its exit code and, why not, on stderr.

It sends a tool's arguments alone and names the tool in the environment: `wrapped` puts them together.
"""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import BLOCK, Answer, Dialect, Payload, Verified

_ASK = 1
_EVENT = "delegate"


class Amp(Dialect):
    title = "Amp"
    moments = {_EVENT: "before"}
    verified = Verified("read", "2026-11")
    stands_alone = True

    def wrapped(self, payload: Any, environment: Mapping[str, str]) -> Any:
        tool = environment.get("AGENT_TOOL_NAME")
        if not tool or (isinstance(payload, Mapping) and "tool_name" in payload):
            return payload
        thread = environment.get("AMP_THREAD_ID") or environment.get("AGENT_THREAD_ID", "")
        return {"tool_name": tool, "tool_input": payload, "session_id": thread, "cwd": environment.get("PWD", "")}

    def event(self, payload: Payload) -> str:
        return _EVENT

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("cwd") or super().folder(payload, arguments)

    def say(self, event: str, decision: str, reason: str) -> Answer:
        return {"decision": decision, "reason": reason}

    def exit_code(self, decision: str) -> int:
        return {"allow": 0, "confirm": _ASK}.get(decision, BLOCK)


DIALECT = Amp()

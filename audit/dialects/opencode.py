"""OpenCode: a plugin of ours asks, since its hooks are functions of JavaScript, and throws unless it may go on."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.dialect import Answer, Dialect, Malformed, Payload, Verified, read_arguments


class OpenCode(Dialect):
    """The plugin sends {event, tool, sessionID, callID, args, directory}, of which all but the first are OpenCode's."""

    title = "OpenCode"
    moments = {"tool.execute.before": "before", "tool.execute.after": "after"}
    waits_seconds = 60.0  # as the plugin has it; OpenCode itself waits for ever
    verified = Verified("run", "1.18.33")
    fails_closed = "the plugin itself"

    def example(self, command: str, folder: str) -> dict[str, Any]:
        call = {"tool": "bash", "args": {"command": command}}
        return {"event": "tool.execute.before", "sessionID": "probe", "directory": folder, **call}

    def event(self, payload: Payload) -> str:
        name = payload.get("event")
        if not isinstance(name, str) or not name:
            raise Malformed("event is missing")
        return name

    def session(self, payload: Payload) -> Any:
        return payload.get("sessionID")

    def use(self, payload: Payload) -> Any:
        return payload.get("callID")

    def tool(self, event: str, payload: Payload) -> str:
        name = payload.get("tool")
        if not isinstance(name, str) or not name:
            raise Malformed("tool is missing")
        return name

    def arguments(self, event: str, payload: Payload) -> Mapping[str, Any]:
        return read_arguments(payload.get("args"), event)

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("workdir") or payload.get("directory")

    def nothing(self, event: str) -> Answer:
        return {"decision": "none"}

    def can_ask(self, event: str) -> bool:
        return False

    def say(self, event: str, decision: str, reason: str) -> Answer:
        return {"decision": decision, "reason": reason}


DIALECT = OpenCode()

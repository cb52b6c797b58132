"""Codex: Claude Code's words, but it runs a tool whose hook says allow or ask, with an error."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.claude import Claude
from audit.dialects.dialect import Answer, Payload, Verified


class Codex(Claude):
    title = "Codex"
    verified = Verified("installed", "0.171.0")
    defers = frozenset()
    fails_closed = ""

    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("workdir") or super().folder(payload, arguments)

    def can_ask(self, event: str) -> bool:
        return event == "PermissionRequest"

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """Silence allows."""
        if decision == "allow" and event != "PermissionRequest":
            return {}
        return super().say(event, decision, reason)


DIALECT = Codex()

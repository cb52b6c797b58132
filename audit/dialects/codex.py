"""Codex: Claude Code's words, but it runs a tool whose hook says allow or ask, with an error."""

from collections.abc import Mapping
from typing import Any

from audit.dialects.claude import Claude
from audit.dialects.dialect import Answer, Payload

CANNOT_ASK = "A person must confirm this, and Codex cannot ask from a hook. Ask the user to run it."


class Codex(Claude):
    def folder(self, payload: Payload, arguments: Mapping[str, Any]) -> Any:
        return arguments.get("workdir") or super().folder(payload, arguments)

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """Silence allows, and asking it cannot."""
        if event == "PermissionRequest":
            return super().say(event, decision, reason)
        if decision == "allow":
            return {}
        return super().say(event, "deny", f"{CANNOT_ASK} {reason}" if decision == "confirm" else reason)


DIALECT = Codex()

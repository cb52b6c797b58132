"""Kimi Code: Claude Code's words, but it runs a tool whose hook says ask, and only watches over its dialogs."""

from audit.dialects.claude import Claude
from audit.dialects.dialect import Answer, Verified


class Kimi(Claude):
    title = "Kimi Code"
    moments = {"PreToolUse": "before", "PostToolUse": "after", "PostToolUseFailure": "after"}
    waits_seconds = 30.0
    verified = Verified("run", "2.1.0")
    defers = frozenset()
    fails_closed = ""

    def can_ask(self, event: str) -> bool:
        return False

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """It knows no word for allow; silence does."""
        return {} if decision == "allow" else super().say(event, decision, reason)


DIALECT = Kimi()

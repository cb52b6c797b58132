"""Kiro, its CLI and its IDE: a tool is denied by the exit code, and the agent reads why on stderr."""

from audit.dialects.dialect import BLOCK, Answer, Dialect, Verified


class Kiro(Dialect):
    title = "Kiro"
    moments = {"preToolUse": "before", "PreToolUse": "before", "postToolUse": "after", "PostToolUse": "after"}
    verified = Verified("read", "CLI 2 and 3")

    def can_ask(self, event: str) -> bool:
        return False

    def say(self, event: str, decision: str, reason: str) -> Answer:
        """For its user's eyes: what is on stdout becomes context when a hook ends well, so allowing says nothing."""
        return {} if decision == "allow" else {"decision": decision, "reason": reason}

    def exit_code(self, decision: str) -> int:
        return BLOCK if decision == "deny" else 0


DIALECT = Kiro()

"""Claude Code, whose words other agents borrow."""

from audit.dialects.dialect import Answer, Dialect, Verified, ask_for_confirm, tell_context


class Claude(Dialect):
    title = "Claude Code"
    moments = {
        "PreToolUse": "before",
        "PermissionRequest": "permission",
        "PostToolUse": "after",
        "PostToolUseFailure": "after",
        "SessionStart": "start",
        "UserPromptSubmit": "prompt",
    }
    waits_seconds = 600.0
    verified = Verified("installed", "2.1.332")
    defers = frozenset({"PreToolUse"})
    fails_closed = '"onFailure": "block"'

    def say(self, event: str, decision: str, reason: str) -> Answer:
        verdict = ask_for_confirm(decision)
        if event == "PermissionRequest":
            return answer_permission(verdict, reason)
        return answer_tool(event, verdict, reason)

    def tell(self, event: str, text: str) -> Answer:
        return tell_context(event, text)

    def refuse(self, event: str, reason: str) -> Answer:
        return self.say(event if event == "PermissionRequest" else "PreToolUse", "deny", reason)


def answer_permission(verdict: str, reason: str) -> Answer:
    """To the dialog of a permission; a question is on the screen already."""
    if verdict == "ask":
        return {}
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": behavior(verdict, reason)}}


def behavior(verdict: str, reason: str) -> Answer:
    """What becomes of a dialog."""
    return {"behavior": verdict} | ({"message": reason} if verdict == "deny" else {})


def answer_tool(event: str, verdict: str, reason: str) -> Answer:
    """Before a tool call."""
    said = {"hookEventName": event, "permissionDecision": verdict, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": said}


DIALECT = Claude()

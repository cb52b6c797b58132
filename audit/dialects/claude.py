"""Claude Code, whose words other agents borrow."""

from audit.dialects.dialect import Answer, Dialect, ask_for_confirm


class Claude(Dialect):
    moments = {
        "PreToolUse": "before",
        "PermissionRequest": "permission",
        "PostToolUse": "after",
        "PostToolUseFailure": "after",
    }

    def say(self, event: str, decision: str, reason: str) -> Answer:
        verdict = ask_for_confirm(decision)
        return (
            answer_permission(verdict, reason) if event == "PermissionRequest" else answer_tool(event, verdict, reason)
        )

    def refuse(self, event: str, reason: str) -> Answer:
        return self.say(event if event == "PermissionRequest" else "PreToolUse", "deny", reason)


def answer_permission(verdict: str, reason: str) -> Answer:
    """To the dialog of a permission; a question is on the screen already."""
    if verdict == "ask":
        return {}
    behavior = {"behavior": verdict} | ({"message": reason} if verdict == "deny" else {})
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": behavior}}


def answer_tool(event: str, verdict: str, reason: str) -> Answer:
    """Before a tool call."""
    said = {"hookEventName": event, "permissionDecision": verdict, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": said}


DIALECT = Claude()

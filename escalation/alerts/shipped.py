"""The alerts that ship. Each has a switch; who wants another one changes it or turns it off and adds one."""

from typing import Any

SHIPPED: dict[str, dict[str, Any]] = {
    "approval-requested": {
        "event_type": "approval.requested",
        "per": "entity_id",
        "message": "{agent} waits for a person: {new_value.tool} {new_value.call}",
        "is_active": False,  # nobody is named yet whom it could tell
    },
    "approval-unanswered": {
        "event_type": "approval.expired",
        "per": "agent",
        "message": "Nobody answered {agent} in time, so its call was denied: {new_value.tool} {new_value.call}",
        "bug_impact": "medium",
    },
    "backup-failed": {
        "event_type": "backup.failed",
        "message": "A backup failed: {new_value.detail}",
        "bug_impact": "critical",
    },
    "budget-passed": {
        "event_type": "budget.passed",
        "per": "entity_id",
        "message": "{agent} has passed its budget: {new_value.budget} (now {new_value.cost_micros} micro-dollars and"
        " {new_value.tokens} tokens)",
        "bug_impact": "medium",
    },
    "calls-denied": {
        "event_type": "decision.made",
        "where": {"decision": "deny"},
        "per": "session_id",
        "count": 20,
        "window_minutes": 10,
        "message": "{agent} was denied 20 calls in 10 minutes, at last {entity_id}",
        "bug_impact": "medium",
    },
    "channel-turned-off": {
        "event_type": "channel.turned_off",
        "per": "entity_id",
        "message": "Messages by {entity_id} do not come through, so it was turned off: {new_value.off_because}",
        "is_active": False,
    },
    "diagnosis-failed": {
        "event_type": "diagnosis.failed",
        "per": "new_value.container",
        "message": "The diagnosis of {new_value.container} failed",
        "bug_impact": "low",
    },
    "job-parked": {
        "event_type": "job.parked",
        "per": "entity_id",
        "message": "The job {entity_id} was set aside for good: {context.reason}",
        "bug_impact": "high",
    },
    "ledger-fault": {
        "event_type": "audit.fault_found",
        "message": "The trail is not as it was recorded: {new_value.kind} {new_value.detail}",
        "bug_impact": "critical",
    },
    "prompt-regression": {
        "event_type": "prompt.regression_found",
        "per": "context.prompt_id",
        "message": "Prompt {context.prompt_id} got worse: version {context.version} loses {context.lost} of the cases"
        " that version {context.against_version} passed.",
        "bug_impact": "medium",
    },
}
AWAITED = frozenset(said["event_type"] for said in SHIPPED.values()) - {"decision.made"}
"""Rare events that people wait for: they are looked at at once, others within 15 seconds."""

"""Questions to the trail, its permission rules and its backups."""

from tests.examples.asking import Ask, Got, Post

ROLE = {"entity_type": "role", "entity_id": "deployer"}
CHANGE = {
    "event_type": "permission.granted",
    "entity_type": "role",
    "entity_id": "deployer",
    "old_value": {"can": ["read"]},
    "new_value": {"can": ["read", "deploy"]},
    "user": "dana",
}
RULE = {
    "tool": "Bash",
    "specifier": "git push *",
    "decision": "confirm",
    "reason": "what is pushed is seen by others",
    "match": ["git -C /repo push origin main"],
    "not_match": ["git stash push"],
}
HOOK = {
    "session_id": "abc",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "npm test"},
    "tool_use_id": "toolu_01",
    "cwd": "/project",
}
CLAUDE = '{"permissions": {"deny": ["Bash(rm -rf *)"], "ask": ["Bash(git push *)"]}}'
A_RULE = {"uid": Got("results.0.uid", "audit/rules?page_size=1")}
AN_EVENT = {"uid": Got("results.0.uid", "audit/events?entity_type=role&page_size=1")}
A_BACKUP = Post("audit/backups", {"kind": "manual"})
A_REFUSAL = Post(
    "audit/decisions", {"tool_name": "Bash", "tool_input": {"command": "git reset --hard"}, "cwd": "/srv/shop"}
)
AN_ALLOWANCE = Post("audit/allowances", {"code": "3c967254"})
A_POSTURE = Post("audit/postures", {"posture": "balanced", "agent": "claude", "project": "/srv/shop"})
A_QUESTION = Post(
    "audit/decisions",
    {
        "tool_name": "Bash",
        "tool_input": {"command": "terraform apply -target=module.cache"},
        "agent": "codex",
        "cwd": "/srv/shop",
        "session_id": "0199-aa51",
    },
)
AN_APPROVAL = {"id": Got("approval.id", A_QUESTION.path, A_QUESTION.body)}

AN_EXCEPTION = Post(
    "audit/exceptions",
    {"rule_id": "git.reset", "project": "/srv/shop", "reason": "a worktree of its own"},
)

A_PRICE = Post(
    "audit/prices",
    {
        "model": "claude-sonnet-4-5",
        "input_price": 3,
        "output_price": 15,
        "cache_read_price": 0.3,
        "cache_write_price": 3.75,
        "valid_from": "2026-01-01T00:00:00Z",
    },
)
A_BUDGET = Post(
    "audit/budgets", {"period": "day", "project": "/srv/shop", "most_cost_micros": 50_000_000, "denies": True}
)
USED = {
    "agent": "claude",
    "responses": [
        {
            "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
            "model": "claude-sonnet-4-5-20250929",
            "at": "2026-03-02T09:30:00Z",
            "input_tokens": 12,
            "output_tokens": 431,
            "cache_read_tokens": 18204,
            "cache_write_tokens": 1105,
        }
    ],
}

ASKS = {
    "audit_events_list": Ask(query={"entity_type": "role", "page_size": 2}),
    "audit_events_create": Ask(body=CHANGE),
    "audit_events_retrieve": Ask(path=AN_EVENT),
    "audit_events_proof_retrieve": Ask(path=AN_EVENT),
    "audit_entities_history_list": Ask(path=ROLE, query={"limit": 2}),
    "audit_entities_state_retrieve": Ask(path=ROLE),
    "audit_entities_rollback_create": Ask(
        path=ROLE,
        body={"to": Got("results.3.uid", "audit/events?entity_type=role"), "reason": "read only for now"},
    ),
    "audit_rollback_create": Ask(
        body={"correlation_id": Got("correlation_id", "audit/events", CHANGE), "reason": "undo the agent's change"}
    ),
    "audit_export_retrieve": Ask(query={"entity_type": "role"}),
    "audit_sessions_list": Ask(query={"page_size": 1}),
    "audit_sessions_retrieve": Ask(path={"session_id": Got("results.0.session_id", "audit/sessions?page_size=1")}),
    "audit_sessions_usage_create": Ask(path={"session_id": "0199-cc20"}, body=USED, after=[A_PRICE]),
    "audit_budgets_list": Ask(after=[A_BUDGET]),
    "audit_budgets_create": Ask(body=A_BUDGET.body),
    "audit_budgets_retrieve": Ask(path={"uid": Got("uid", A_BUDGET.path, A_BUDGET.body)}),
    "audit_budgets_destroy": Ask(path={"uid": Got("uid", A_BUDGET.path, A_BUDGET.body)}),
    "audit_prices_list": Ask(query={"model": "claude-sonnet-4-5"}, after=[A_PRICE]),
    "audit_prices_create": Ask(body=A_PRICE.body),
    "audit_prices_retrieve": Ask(path={"uid": Got("uid", A_PRICE.path, A_PRICE.body)}),
    "audit_prices_destroy": Ask(path={"uid": Got("uid", A_PRICE.path, A_PRICE.body)}),
    "audit_checkpoints_list": Ask(query={"page_size": 1}),
    "audit_checkpoints_status_retrieve": Ask(),
    "audit_verify_create": Ask(body={"since": 0}),
    "audit_backups_list": Ask(query={"kind": "manual"}, after=[A_BACKUP]),
    "audit_backups_create": Ask(body={"kind": "manual"}),
    "audit_backups_retrieve": Ask(path={"uid": Got("uid", A_BACKUP.path, A_BACKUP.body)}),
    "audit_stream_retrieve": Ask(),
    "audit_stream_create": Ask(body={"restart": False}),
    "audit_decisions_create": Ask(
        body={"tool_name": "Bash", "tool_input": {"command": "cd build && sudo rm -rf ."}, "agent": "claude"}
    ),
    "audit_hooks_create": Ask(path={"agent": "claude"}, body=HOOK),
    "audit_postures_list": Ask(after=[A_POSTURE]),
    "audit_postures_create": Ask(body=A_POSTURE.body),
    "audit_postures_retrieve": Ask(path={"uid": Got("uid", A_POSTURE.path, A_POSTURE.body)}),
    "audit_postures_destroy": Ask(path={"uid": Got("uid", A_POSTURE.path, A_POSTURE.body)}),
    "audit_allowances_list": Ask(after=[A_REFUSAL, AN_ALLOWANCE]),
    "audit_allowances_create": Ask(body=AN_ALLOWANCE.body, after=[A_REFUSAL]),
    "audit_allowances_retrieve": Ask(path={"uid": Got("uid", AN_ALLOWANCE.path, AN_ALLOWANCE.body)}, after=[A_REFUSAL]),
    "audit_allowances_destroy": Ask(path={"uid": Got("uid", AN_ALLOWANCE.path, AN_ALLOWANCE.body)}, after=[A_REFUSAL]),
    "audit_approvals_list": Ask(query={"status": "pending"}, after=[A_QUESTION]),
    "audit_approvals_retrieve": Ask(path=AN_APPROVAL),
    "audit_approvals_approve_create": Ask(path=AN_APPROVAL, body={"note": "after the release"}),
    "audit_approvals_deny_create": Ask(path=AN_APPROVAL, body={"note": "use the staging remote"}),
    "audit_exceptions_list": Ask(after=[AN_EXCEPTION]),
    "audit_exceptions_create": Ask(body=AN_EXCEPTION.body),
    "audit_exceptions_retrieve": Ask(path={"uid": Got("uid", AN_EXCEPTION.path, AN_EXCEPTION.body)}),
    "audit_exceptions_destroy": Ask(path={"uid": Got("uid", AN_EXCEPTION.path, AN_EXCEPTION.body)}),
    "audit_rules_explain_create": Ask(
        body={"tool_name": "Bash", "tool_input": {"command": "cd web && git push --force"}, "agent": "claude"}
    ),
    "audit_rules_list": Ask(query={"decision": "deny", "page_size": 2}),
    "audit_rules_create": Ask(body=RULE),
    "audit_rules_retrieve": Ask(path=A_RULE),
    "audit_rules_update": Ask(path=A_RULE, body=RULE),
    "audit_rules_partial_update": Ask(path=A_RULE, body={"is_enabled": False}),
    "audit_rules_destroy": Ask(path=A_RULE),
    "audit_rules_defaults_create": Ask(),
    "audit_rules_dry_run_create": Ask(
        body={"add": [{"tool": "Bash", "specifier": "pytest *", "decision": "confirm"}], "limit": 100}
    ),
    "audit_rules_import_create": Ask(body={"format": "claude", "text": CLAUDE, "dry_run": True}),
    "audit_rules_export_retrieve": Ask(query={"format": "claude"}),
}

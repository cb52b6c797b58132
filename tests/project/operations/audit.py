"""The operations on the trail, its rules and its backups."""

from tests.project.operations.terms import BUDGET, FILTERS, NARROW, PAGES, PAID, PERSON, PROGRAM, READ, Operation, each

TRIED = {"example": "what the form tries the rule on before it is kept"}

OPERATIONS = [
    Operation(
        calls=("audit.reports.report", "audit.trail.record"),
        doors={"rest": "POST audit/events", "mcp": "record_audit", "command": "audit record"},
        without={"admin": "the trail is written by what happens, never by hand"},
        lacks={
            "mcp": {
                "agent": "known from the session",
                "timestamp": "an agent reports what it just did",
                "idempotency_key": "a tool call has no retries of its own",
                "session_id": NARROW,
                "tool_use_id": NARROW,
            },
            "command": {"idempotency_key": "a shell repeats on purpose"},
        },
    ),
    Operation(
        calls=("audit.export.select", "audit.export.export"),
        doors={"rest": "GET audit/events", "mcp": "search_audit", "command": "audit events"},
        without={"admin": READ},
        own={"mcp": {"limit": PAGES, "response_format": PAID}, "command": {"limit": PAGES}},
        lacks={
            "mcp": each("actor agent correlation_id decision rule session_id tool_use_id user", NARROW),
            "command": each("actor agent correlation_id rule session_id tool_use_id user", FILTERS),
        },
    ),
    Operation(
        calls=("audit.rollback.plan", "audit.rollback.apply", "audit.rollback.points"),
        doors={
            "rest": "POST audit/entities/{entity_type}/{entity_id}/rollback",
            "mcp": "plan_rollback",
            "command": "audit rollback",
            "admin": "audit.admin.EventAdmin.roll_back",
        },
        own={"command": {"correlation_id": "the rollback of a group, POST rollback at REST"}},
        lacks={
            "mcp": each("based_on dry_run force reason", "a tool only plans; a person applies"),
            "admin": each("to based_on dry_run", "the event's page is what it goes back to, and says what differs"),
        },
    ),
    Operation(
        calls=("audit.rollback.plan_group", "audit.rollback.apply_group"),
        doors={"rest": "POST audit/rollback", "admin": "audit.admin.EventAdmin.undo_request"},
        without={"mcp": PERSON, "command": "`audit rollback --correlation-id`"},
        lacks={"admin": each("correlation_id dry_run", "the event's page is one of the request's")},
    ),
    Operation(
        calls=("audit.trail.history",),
        doors={"rest": "GET audit/entities/{entity_type}/{entity_id}/history", "command": "audit history"},
        without={"mcp": "search_audit has it", "admin": READ},
    ),
    Operation(
        calls=("audit.permissions.decisions.decide",),
        doors={"rest": "POST audit/decisions", "mcp": "check_permission", "command": "rules decide"},
        without={"admin": PROGRAM},
        names={"command": {"input": "tool_input", "tool": "tool_name"}},
        lacks={
            "mcp": {"agent": "known from the session"},
            "command": each("session_id tool_use_id", "a person only asks what the rules say"),
        },
        differs={
            "command": {
                "tool_input": "a command, or JSON",
                "tool_name": "Bash by default",
                "cwd": "the working folder by default",
            }
        },
    ),
    Operation(
        calls=("audit.permissions.store.create_rule",),
        doors={"rest": "POST audit/rules", "command": "rules add", "admin": "audit.admin.RuleForm"},
        without={"mcp": PERSON},
        names={"command": {"rule": "tool"}},
        own={"admin": TRIED},
        lacks={
            "command": {"specifier": "part of the rule: Tool(specifier)", "is_enabled": "a rule that is added holds"}
        },
        differs={
            "command": {"tool": "Tool or Tool(specifier), which the operation takes apart"},
            "admin": {"is_enabled": "a box that is ticked"},
        },
    ),
    Operation(
        calls=("audit.permissions.store.change_rule",),
        doors={"rest": "PATCH audit/rules/{uid}", "admin": "audit.admin.RuleForm"},
        without={"mcp": PERSON, "command": "remove it and add another"},
        own={"admin": TRIED},
    ),
    Operation(
        calls=("audit.permissions.store.delete_rule", "audit.permissions.store.find_rule"),
        doors={
            "rest": "DELETE audit/rules/{uid}",
            "command": "rules remove",
            "admin": "audit.admin.PermissionRuleAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.store.import_rules",),
        doors={"rest": "POST audit/rules/import", "command": "rules import"},
        without={"mcp": PERSON, "admin": "a shell or a program has the file"},
        names={"command": {"file": "text"}},
        lacks={"command": {"dry_run": "`rules check` does it"}},
        differs={
            "command": {
                "text": "a file",
                "format": "told from the file by default",
                "agent": "checked with the file's rules",
            }
        },
    ),
    Operation(
        calls=("audit.permissions.store.load_defaults",),
        doors={
            "rest": "POST audit/rules/defaults",
            "command": "rules defaults",
            "admin": "audit.admin.PermissionRuleAdmin.load_defaults",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.latitude.choosing.choose_posture",),
        doors={
            "rest": "POST audit/postures",
            "command": "rules posture",
            "admin": "audit.admin.PostureForm",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.latitude.choosing.forget_posture",),
        doors={
            "rest": "DELETE audit/postures/{uid}",
            "command": "rules forget-posture",
            "admin": "audit.admin.PermissionPostureAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.latitude.excepting.except_rule",),
        doors={
            "rest": "POST audit/exceptions",
            "command": "rules except",
            "admin": "audit.admin.ExceptionForm",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.latitude.excepting.end_exception",),
        doors={
            "rest": "DELETE audit/exceptions/{uid}",
            "command": "rules end-exception",
            "admin": "audit.admin.PermissionExceptionAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.once.allow_once",),
        doors={"rest": "POST audit/allowances", "command": "rules allow-once", "admin": "audit.admin.AllowanceForm"},
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.once.withdraw",),
        doors={
            "rest": "DELETE audit/allowances/{uid}",
            "command": "rules withdraw",
            "admin": "audit.admin.PermissionOnceAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.permissions.latitude.explaining.explain",),
        doors={"rest": "POST audit/rules/explain", "command": "rules explain"},
        without={"mcp": "check_permission tells the rule and what to do instead", "admin": PROGRAM},
        names={"command": {"input": "tool_input", "tool": "tool_name"}},
        differs={
            "command": {
                "tool_input": "a command, or JSON",
                "tool_name": "Bash by default",
                "cwd": "the working folder by default",
            }
        },
    ),
    Operation(
        calls=("audit.permissions.formats.export_rules",),
        doors={"rest": "GET audit/rules/export", "command": "rules export"},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("audit.permissions.approvals.answering.answer", "audit.permissions.approvals.asking.settled"),
        doors={
            "rest": "POST audit/approvals/{id}/approve",
            "command": "approval approve",
            "admin": "audit.admin.ApprovalAdmin.approve",
        },
        without={"mcp": "an agent never answers what it asks"},
        names={"command": {"approval": "id"}},
        lacks={"admin": {"note": "a yes is one button"}},
    ),
    Operation(
        calls=("audit.permissions.approvals.answering.answer",),
        doors={
            "rest": "POST audit/approvals/{id}/deny",
            "command": "approval deny",
            "admin": "audit.admin.ApprovalAdmin.deny",
        },
        without={"mcp": "an agent never answers what it asks"},
        names={"command": {"approval": "id"}},
    ),
    Operation(
        calls=("audit.permissions.decisions.replay",),
        doors={"rest": "POST audit/rules/dry-run", "command": "rules dry-run"},
        without={"mcp": PERSON, "admin": "a shell or a program has the file"},
        own={
            "rest": {"rules": "a program sends the rules themselves"},
            "command": each("file format agent", "the rules stand in a file"),
        },
        differs={"command": {"add": "a flag: beside today's rules, or instead of them"}},
    ),
    Operation(
        calls=("audit.permissions.decisions.answer_hook",),
        doors={"rest": "POST audit/hooks/{agent}", "command": "hook"},
        without={"mcp": "an agent's hook, not its tools", "admin": PROGRAM},
        own={
            "rest": each(
                "hook_event_name tool_name tool_input session_id tool_use_id cwd",
                "the agent's own JSON, which the command reads from standard input",
            )
        },
    ),
    Operation(
        calls=("audit.prices.keeping.set_price",),
        doors={"rest": "POST audit/prices", "command": "prices set", "admin": "audit.admin.PriceForm"},
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.prices.keeping.remove_price",),
        doors={
            "rest": "DELETE audit/prices/{uid}",
            "command": "prices remove",
            "admin": "audit.admin.ModelPriceAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.budgets.keeping.set_budget",),
        doors={"rest": "POST audit/budgets", "command": "budgets set", "admin": "audit.admin.BudgetForm"},
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.budgets.keeping.remove_budget",),
        doors={
            "rest": "DELETE audit/budgets/{uid}",
            "command": "budgets remove",
            "admin": "audit.admin.BudgetAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("audit.sessions.usage.tell_usage",),
        doors={"rest": "POST audit/sessions/{session_id}/usage", "command": "tell"},
        without={"mcp": "an agent's hook, not its tools", "admin": PROGRAM},
        own={
            "rest": each("session_id responses", "the command reads them from the transcripts that its payload names")
        },
        differs={"command": {"agent": "whose transcripts are read"}},
    ),
    Operation(
        calls=("audit.backups.making.start", "audit.backups.making.back_up"),
        doors={"rest": "POST audit/backups", "command": "backup_create", "admin": "audit.admin.BackupRunAdmin.back_up"},
        without={"mcp": PERSON},
        own={"command": {"verify": "`backup verify` right after"}},
        lacks={"admin": {"kind": "a button has no form; it is manual"}},
    ),
    Operation(
        calls=("audit.ledger.verification.verify",),
        doors={"rest": "POST audit/verify", "command": "audit_verify"},
        without={"mcp": BUDGET, "admin": "a job does it every day, and health shows it"},
        own={"command": {"key": "of a checkpoint that another Handrail signed", "manifest": "a file of an export"}},
        differs={"command": {"checkpoint": "a file"}},
    ),
    Operation(
        calls=("audit.ledger.sealing.prove",),
        doors={"rest": "GET audit/events/{uid}/proof", "command": "audit_prove"},
        without={"mcp": BUDGET, "admin": READ},
        own={
            "command": {
                "consistency": "another question, of two checkpoints",
                "key": "prints the public key",
                "output": "a file",
            }
        },
    ),
    Operation(
        calls=("audit.streaming.send",),
        doors={"rest": "POST audit/stream", "command": "audit_stream", "admin": "audit.admin.StreamPositionAdmin.send"},
        without={"mcp": PERSON},
        own={"command": {"status": "GET stream at REST"}},
        lacks={"admin": {"restart": "an action has no form"}},
    ),
]
APART: dict[str, str] = {
    "audit.agents.installing.plan_client": "writes files of the machine for who is at it",
    "agent_scan": "reads files of the machine",
    "agent_install": "writes files of the machine for who is at it",
    "repository architecture": "reads files of the machine",
    "repository secrets": "reads files of the machine",
    "repository tests": "runs what is on the machine",
    "skills list": "reads what ships; agents get it as files",
    "skills show": "reads what ships; agents get it as files",
    "skills plugin": "writes files of the machine for who is at it",
    "audit.permissions.decisions.try_rule": "the form of a rule tries it before it holds; REST has rules/dry-run",
    "audit.permissions.decisions.made_by": "the page of a rule shows it; programs read audit/events",
    "audit.backups.making.execute": "whoever restores or verifies is at the machine, or it is a job",
    "audit.backups.making.start_verification": "whoever restores or verifies is at the machine, or it is a job",
    "audit.backups.making.verify": "whoever restores or verifies is at the machine, or it is a job",
    "audit.backups.restoring.restore": "whoever restores or verifies is at the machine, or it is a job",
    "audit.moving.move.move": "whoever moves the installation is at the machine and has stopped it",
    "audit.ledger.manifest.check": "reads a file of the machine",
    "audit.ledger.manifest.write": "writes a file of the machine",
    "audit.ledger.sealing.prove_consistency": "an auditor's question at the machine",
    "audit.ledger.sealing.seal": "a job of the schedule",
    "audit.retention.erase": "erasing is for who is at the machine",
    "audit.retention.prune": "a job of the schedule",
    "audit.trail.state_at": "reads what the history shows",
    "PUT audit/rules/{uid}": "the body of POST",
    "audit_export": "for who is at the machine",
    "audit_prune": "for who is at the machine",
    "audit_seal": "for who is at the machine",
    "guard": "for who is at the machine",
    "move": "for who is at the machine",
    "backup_restore": "for who is at the machine",
    "backup_verify": "for who is at the machine",
    "backup_list": "a list of the table, as the admin has it",
    "rules compile": "for who is at the machine",
    "rules check": "for who is at the machine",
    "rules postures": "a list of the table, as the admin has it",
    "rules exceptions": "a list of the table, as the admin has it",
    "rules allowances": "a list of the table, as the admin has it",
    "audit.permissions.approvals.answering.find": "a list of the table, as the admin has it",
    "approval list": "a list of the table, as the admin has it",
    "approval show": "a row of the table, as the admin has it",
    "rules list": "a list of the table, as the admin has it",
    "audit.sessions.usage.charge_anew": "a job that prices send",
    "budgets list": "a list of the table, as the admin has it",
    "prices list": "a list of the table, as the admin has it",
    "sessions list": "a list of the table, as the admin has it",
    "sessions show": "reads what the admin's page of a session shows",
    "audit.sessions.steps.find_session": "reads what the admin's page of a session shows",
}

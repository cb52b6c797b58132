"""Questions about bugs."""

from tests.examples.asking import Ask, InDays, Post

URGENT = {"bug_id": "demo-checkout-database"}
SLOW = {"bug_id": "demo-slow-search"}
REPORT = {
    "error_type": "DatabaseConnectionError",
    "error_message": "connection to db1:5432 refused",
    "user_impact": "high",
    "deadline_hours": 2,
    "metadata": {"release": "2026.11"},
}
MENDED = Post("escalation/bugs/demo-slow-search/resolve", {"resolution": "The index is used again."})
TICKET = {"system": "github", "ticket_id": "shop/orders#415", "url": "https://github.com/shop/orders/issues/415"}

ASKS = {
    "escalation_bugs_list": Ask(query={"status": ["pending"], "order": "urgent", "page_size": 2}),
    "escalation_bugs_create": Ask(body=REPORT),
    "escalation_bugs_retrieve": Ask(path=URGENT),
    "escalation_bugs_partial_update": Ask(path=URGENT, body={"assignee": "kim", "deadline_hours": 1}),
    "escalation_bugs_acknowledge_create": Ask(path=URGENT),
    "escalation_bugs_investigate_create": Ask(path=URGENT),
    "escalation_bugs_resolve_create": Ask(
        path=URGENT, body={"resolution": "The pool was too small; it has 40 connections now.", "resolved_by": "dana"}
    ),
    "escalation_bugs_reopen_create": Ask(path=SLOW, body={"reason": "seen again in 2026.12"}, after=[MENDED]),
    "escalation_bugs_mute_create": Ask(path=SLOW, body={"until": InDays(3)}),
    "escalation_bugs_assign_create": Ask(path=URGENT, body={"assignee": "kim"}),
    "escalation_bugs_tickets_create": Ask(path=URGENT, body=TICKET),
    "escalation_bugs_grouping_retrieve": Ask(path=URGENT),
    "escalation_bugs_occurrences_list": Ask(path=URGENT, query={"page_size": 1}),
    "escalation_projects_list": Ask(query={"page_size": 2}),
    "escalation_projects_create": Ask(body={"name": "Web shop"}),
    "escalation_projects_retrieve": Ask(path={"slug": "default"}),
    "escalation_projects_partial_update": Ask(path={"slug": "default"}, body={"per_minute": 10000}),
    "escalation_projects_rotate_key_create": Ask(path={"slug": "default"}, body={"keep_old": True}),
    "escalation_summary_retrieve": Ask(),
    "escalation_priority_create": Ask(
        body={"error_type": "DatabaseConnectionError", "user_impact": "high", "frequency": 10, "deadline_hours": 2}
    ),
}

"""Questions about bugs."""

from tests.examples.asking import Ask, Got, InDays, Post

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

MAIL = {"name": "night-mail", "kind": "email", "details": {"to": ["lee@example.org"]}}
NIGHT = {
    "name": "night",
    "steps": [{"delay_minutes": 0, "targets": [{"channel": "ops-mail"}]}],
    "renotify_minutes": 15,
}
GONE = {
    "name": "backups-gone",
    "event_type": "backup.removed",
    "message": "Backup {entity_id} was removed by {actor}",
    "channels": ["ops-mail"],
}
HOURLY = Post("escalation/heartbeats", {"name": "hourly-report", "period_minutes": 60})
DISKS = {"name": "new-disks", "reason": "The disks are changed.", "ends_at": InDays(1), "channels": ["ops-mail"]}
TEAM = {"name": "search", "members": ["kim", "dana"]}
TURNS = {"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}
SECOND = {"name": "secondary", "timezone": "Europe/Berlin", "rotations": [TURNS]}
STANDS_IN = {"person": "sam", "ends_at": InDays(2)}
A_DELIVERY = {"id": Got("results.0.id", "escalation/deliveries")}

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
    "escalation_bugs_mute_create": Ask(path=SLOW, body={"until": InDays(3), "reports": 100, "escalating": True}),
    "escalation_bugs_assign_create": Ask(path=URGENT, body={"assignee": "kim"}),
    "escalation_bugs_tickets_create": Ask(path=URGENT, body=TICKET),
    "escalation_bugs_grouping_retrieve": Ask(path=URGENT),
    "escalation_bugs_occurrences_list": Ask(path=URGENT, query={"page_size": 1}),
    "escalation_projects_list": Ask(query={"page_size": 2}),
    "escalation_projects_create": Ask(body={"name": "Web shop"}),
    "escalation_projects_retrieve": Ask(path={"slug": "default"}),
    "escalation_projects_partial_update": Ask(path={"slug": "default"}, body={"per_minute": 10000}),
    "escalation_projects_rotate_key_create": Ask(path={"slug": "default"}, body={"keep_old": True}),
    "escalation_channels_list": Ask(),
    "escalation_channels_create": Ask(body=MAIL),
    "escalation_channels_retrieve": Ask(path={"name": "ops-mail"}),
    "escalation_channels_partial_update": Ask(path={"name": "ops-mail"}, body={"details": {"to": ["lee@example.org"]}}),
    "escalation_channels_destroy": Ask(path={"name": "night-mail"}, after=[Post("escalation/channels", MAIL)]),
    "escalation_channels_test_create": Ask(path={"name": "ops-mail"}),
    "escalation_deliveries_list": Ask(query={"state": "dead"}),
    "escalation_deliveries_retrieve": Ask(path=A_DELIVERY),
    "escalation_deliveries_replay_create": Ask(path=A_DELIVERY),
    "escalation_policies_list": Ask(),
    "escalation_policies_create": Ask(body=NIGHT),
    "escalation_policies_retrieve": Ask(path={"name": "day-and-night"}),
    "escalation_policies_partial_update": Ask(path={"name": "day-and-night"}, body={"ack_timeout_minutes": 120}),
    "escalation_policies_destroy": Ask(path={"name": "day-and-night"}),
    "escalation_alerts_list": Ask(query={"page_size": 2}),
    "escalation_alerts_create": Ask(body=GONE),
    "escalation_alerts_retrieve": Ask(path={"name": "calls-denied"}),
    "escalation_alerts_partial_update": Ask(path={"name": "calls-denied"}, body={"count": 50}),
    "escalation_alerts_destroy": Ask(path={"name": "backups-gone"}, after=[Post("escalation/alerts", GONE)]),
    "escalation_alerts_test_create": Ask(path={"name": "approval-requested"}),
    "escalation_heartbeats_list": Ask(query={"page_size": 2}),
    "escalation_heartbeats_create": Ask(body={"name": "nightly-invoices", "period_minutes": 1440, "grace_minutes": 60}),
    "escalation_heartbeats_retrieve": Ask(path={"name": "hourly-report"}, after=[HOURLY]),
    "escalation_heartbeats_partial_update": Ask(
        path={"name": "hourly-report"}, body={"is_paused": True}, after=[HOURLY]
    ),
    "escalation_heartbeats_destroy": Ask(path={"name": "hourly-report"}, after=[HOURLY]),
    "escalation_maintenance_list": Ask(),
    "escalation_maintenance_create": Ask(body=DISKS),
    "escalation_maintenance_retrieve": Ask(path={"name": "sunday-updates"}),
    "escalation_maintenance_partial_update": Ask(
        path={"name": "sunday-updates"}, body={"reason": "The database is updated."}
    ),
    "escalation_maintenance_destroy": Ask(path={"name": "new-disks"}, after=[Post("escalation/maintenance", DISKS)]),
    "escalation_maintenance_end_create": Ask(path={"name": "sunday-updates"}),
    "escalation_people_list": Ask(query={"page_size": 2}),
    "escalation_people_create": Ask(body={"name": "owner", "channels": ["ops-mail"]}),
    "escalation_people_retrieve": Ask(path={"name": "kim"}),
    "escalation_people_partial_update": Ask(path={"name": "kim"}, body={"channels": ["kim-mail", "pager"]}),
    "escalation_people_destroy": Ask(
        path={"name": "owner"}, after=[Post("escalation/people", {"name": "owner", "channels": ["ops-mail"]})]
    ),
    "escalation_teams_list": Ask(),
    "escalation_teams_create": Ask(body=TEAM),
    "escalation_teams_retrieve": Ask(path={"name": "shop"}),
    "escalation_teams_partial_update": Ask(path={"name": "shop"}, body={"members": ["kim", "sam"]}),
    "escalation_teams_destroy": Ask(path={"name": "search"}, after=[Post("escalation/teams", TEAM)]),
    "escalation_schedules_list": Ask(),
    "escalation_schedules_create": Ask(body=SECOND),
    "escalation_schedules_retrieve": Ask(path={"name": "primary"}),
    "escalation_schedules_partial_update": Ask(path={"name": "primary"}, body={"timezone": "Europe/Madrid"}),
    "escalation_schedules_destroy": Ask(path={"name": "secondary"}, after=[Post("escalation/schedules", SECOND)]),
    "escalation_schedules_shifts_retrieve": Ask(
        path={"name": "primary"}, query={"since": "2027-01-04", "until": "2027-01-18"}
    ),
    "escalation_schedules_overrides_create": Ask(path={"name": "primary"}, body=STANDS_IN),
    "escalation_schedules_overrides_destroy": Ask(
        path={"name": "primary", "override_id": Got("overrides.0.id", "escalation/schedules/primary")},
        after=[Post("escalation/schedules/primary/overrides", STANDS_IN)],
    ),
    "escalation_on_call_retrieve": Ask(),
    "escalation_summary_retrieve": Ask(),
    "escalation_priority_create": Ask(
        body={"error_type": "DatabaseConnectionError", "user_impact": "high", "frequency": 10, "deadline_hours": 2}
    ),
}

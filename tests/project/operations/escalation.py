"""The operations on bugs."""

from tests.project.operations.terms import BUDGET, FILTERS, NARROW, PAGES, PAID, PERSON, PROGRAM, READ, Operation, each

TIMES = "first_seen_after first_seen_before resolved_after resolved_before"

SHELL_LIST = "an option that repeats; how many there are the operation looks at"
SWITCH = "two options, --on and --off"
CHOSEN = "a person chooses from those there are"
ROWS = "a person fills in a row for each"

OPERATIONS = [
    Operation(
        calls=("escalation.reports.report_bug",),
        doors={
            "rest": "POST escalation/bugs",
            "mcp": "escalate_bug",
            "command": "escalation report",
            "admin": "escalation.admin.ReportForm",
        },
        names={"admin": {"tag_names": "tags"}},
        differs={"admin": {"tags": "separated by commas"}},
    ),
    Operation(
        calls=("escalation.reports.report_bugs",),
        doors={"rest": "POST escalation/bugs"},
        without={
            "mcp": "an agent reports what it met; `frequency` says how often",
            "command": PROGRAM,
            "admin": "a person reports one error at a time",
        },
    ),
    Operation(
        calls=("escalation.triage.update_bug",),
        doors={
            "rest": "PATCH escalation/bugs/{bug_id}",
            "mcp": "update_bug",
            "command": "escalation update",
            "admin": "escalation.admin.BugAdmin.change",
        },
        names={"admin": {"tag_names": "tags"}},
        lacks={
            "admin": {
                **each(
                    "status resolution resolved_by assignee deadline_hours", "a button of its own on the bug's page"
                ),
                "metadata": "what the program sent is shown, not edited",
            }
        },
        differs={"admin": {"tags": "separated by commas"}},
    ),
    Operation(
        calls=("escalation.filters.select_bugs",),
        doors={"rest": "GET escalation/bugs", "mcp": "list_bugs", "command": "escalation list"},
        without={"admin": READ},
        own={
            "mcp": {
                "limit": PAGES,
                "include_resolved": "the opposite of `open`, which an agent wants by default",
                "response_format": PAID,
            },
            "command": {"limit": PAGES},
        },
        lacks={
            "mcp": each(f"error_type fingerprint muted open order overdue project user_impact {TIMES}", NARROW),
            "command": each(f"fingerprint muted open overdue user_impact {TIMES}", FILTERS),
        },
        differs={
            "mcp": each("status priority", "one at a time is enough for an agent"),
            "command": {"order": "people read the most urgent first, programs page from the newest"},
        },
    ),
    Operation(
        calls=("escalation.bugs.find_bug",),
        doors={"rest": "GET escalation/bugs/{bug_id}", "command": "escalation show"},
        without={"admin": READ, "mcp": BUDGET},
    ),
    Operation(
        calls=("escalation.bugs.acknowledge",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/acknowledge",
            "command": "escalation acknowledge",
            "admin": "escalation.admin.BugAdmin.acknowledge",
        },
        without={"mcp": "update_bug does it by the status"},
    ),
    Operation(
        calls=("escalation.bugs.investigate",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/investigate",
            "command": "escalation investigate",
            "admin": "escalation.admin.BugAdmin.investigate",
        },
        without={"mcp": "update_bug does it by the status"},
    ),
    Operation(
        calls=("escalation.bugs.resolve",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/resolve",
            "command": "escalation resolve",
            "admin": "escalation.admin.BugAdmin.resolve",
        },
        without={"mcp": "update_bug does it by the status"},
    ),
    Operation(
        calls=("escalation.bugs.reopen",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/reopen",
            "command": "escalation reopen",
            "admin": "escalation.admin.BugAdmin.reopen",
        },
        without={"mcp": "update_bug does it by the status"},
    ),
    Operation(
        calls=("escalation.bugs.mute",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/mute",
            "command": "escalation mute",
            "admin": "escalation.admin.BugAdmin.mute",
        },
        without={"mcp": PERSON},
        names={"admin": {"hours": "until"}},
        differs={"admin": {"until": "a person says for how long, in hours"}},
    ),
    Operation(
        calls=("escalation.bugs.assign",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/assign",
            "command": "escalation assign",
            "admin": "escalation.admin.BugAdmin.assign",
        },
        differs={"admin": {"assignee": "an empty field makes it nobody's"}},
        without={"mcp": "update_bug does it"},
    ),
    Operation(
        calls=("escalation.triage.link_ticket",),
        doors={
            "rest": "POST escalation/bugs/{bug_id}/tickets",
            "command": "escalation link",
            "admin": "escalation.admin.BugAdmin.link_ticket",
        },
        names={"admin": {"link_type": "type"}},
        without={"mcp": BUDGET},
    ),
    Operation(
        calls=("escalation.why_grouped.explain_grouping",),
        doors={"rest": "GET escalation/bugs/{bug_id}/grouping", "command": "escalation grouping"},
        without={"admin": READ, "mcp": BUDGET},
    ),
    Operation(
        calls=("escalation.projects.create_project",),
        doors={
            "rest": "POST escalation/projects",
            "command": "escalation project",
            "admin": "escalation.admin.projects.ProjectForm",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.projects.list_projects",),
        doors={"rest": "GET escalation/projects", "command": "escalation projects"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.projects.rotate_key",),
        doors={
            "rest": "POST escalation/projects/{slug}/rotate-key",
            "command": "escalation rotate-key",
            "admin": "escalation.admin.projects.ProjectAdmin.rotate_key",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.projects.update_project",),
        doors={
            "rest": "PATCH escalation/projects/{slug}",
            "command": "escalation update-project",
            "admin": "escalation.admin.projects.ProjectAdmin.change",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.delivery.channels.add_channel",),
        doors={
            "rest": "POST escalation/channels",
            "command": "channels add",
            "admin": "escalation.admin.channels.ChannelForm",
        },
        without={"mcp": PERSON},
        own={"admin": {"is_active": "the form that changes it has the switch"}},
    ),
    Operation(
        calls=("escalation.delivery.channels.change_channel",),
        doors={
            "rest": "PATCH escalation/channels/{name}",
            "command": "channels change",
            "admin": "escalation.admin.channels.ChannelForm",
        },
        without={"mcp": PERSON},
        own={"admin": {"kind": "shown only, once it is there"}},
        differs={"command": {"is_active": SWITCH}},
    ),
    Operation(
        calls=("escalation.delivery.channels.remove_channel",),
        doors={
            "rest": "DELETE escalation/channels/{name}",
            "command": "channels remove",
            "admin": "escalation.admin.channels.ChannelAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.delivery.channels.try_channel",),
        doors={
            "rest": "POST escalation/channels/{name}/test",
            "command": "channels test",
            "admin": "escalation.admin.channels.ChannelAdmin.send_test",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.delivery.channels.list_channels",),
        doors={"rest": "GET escalation/channels", "command": "channels list"},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("escalation.delivery.deliveries.list_deliveries",),
        doors={"rest": "GET escalation/deliveries", "command": "deliveries list"},
        without={"mcp": BUDGET, "admin": READ},
        own={"command": {"limit": PAGES}},
        lacks={"command": each("created_after created_before purpose", FILTERS)},
    ),
    Operation(
        calls=("escalation.delivery.deliveries.find_delivery",),
        doors={"rest": "GET escalation/deliveries/{id}", "command": "deliveries show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.delivery.deliveries.replay",),
        doors={
            "rest": "POST escalation/deliveries/{id}/replay",
            "command": "deliveries replay",
            "admin": "escalation.admin.channels.DeliveryAdmin.replay",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.policies.policies.add_policy",),
        doors={
            "rest": "POST escalation/policies",
            "command": "policies add",
            "admin": "escalation.admin.policies.PolicyForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"project_slugs": "projects"}},
        lacks={"command": {"is_active": "it is on; `change --off` turns it off"}},
        differs={
            "command": {"steps": SHELL_LIST, "priorities": SHELL_LIST},
            "admin": {
                "projects": CHOSEN,
                "priorities": CHOSEN,
                "steps": ROWS,
                "repeat": "a form shows the default and asks for it",
            },
        },
    ),
    Operation(
        calls=("escalation.policies.policies.change_policy",),
        doors={
            "rest": "PATCH escalation/policies/{name}",
            "command": "policies change",
            "admin": "escalation.admin.policies.PolicyForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"project_slugs": "projects"}},
        differs={
            "command": {"steps": SHELL_LIST, "priorities": SHELL_LIST, "is_active": SWITCH},
            "admin": {"projects": CHOSEN, "priorities": CHOSEN, "steps": ROWS},
        },
    ),
    Operation(
        calls=("escalation.policies.policies.remove_policy",),
        doors={
            "rest": "DELETE escalation/policies/{name}",
            "command": "policies remove",
            "admin": "escalation.admin.policies.PolicyAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.policies.policies.list_policies",),
        doors={"rest": "GET escalation/policies", "command": "policies list"},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("escalation.policies.policies.find_policy",),
        doors={"rest": "GET escalation/policies/{name}", "command": "policies show"},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("escalation.alerts.alerts.add_alert",),
        doors={
            "rest": "POST escalation/alerts",
            "command": "alerts add",
            "admin": "escalation.admin.alerts.AlertForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"channel_names": "channels"}},
        lacks={"command": {"is_active": "it is on; `change --off` turns it off"}},
        differs={"admin": {"channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.alerts.alerts.change_alert",),
        doors={
            "rest": "PATCH escalation/alerts/{name}",
            "command": "alerts change",
            "admin": "escalation.admin.alerts.AlertForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"channel_names": "channels"}},
        differs={"command": {"is_active": SWITCH}, "admin": {"channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.alerts.alerts.remove_alert",),
        doors={
            "rest": "DELETE escalation/alerts/{name}",
            "command": "alerts remove",
            "admin": "escalation.admin.alerts.AlertAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.alerts.alerts.try_alert",),
        doors={
            "rest": "POST escalation/alerts/{name}/test",
            "command": "alerts test",
            "admin": "escalation.admin.alerts.AlertAdmin.send_test",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.alerts.alerts.list_alerts",),
        doors={"rest": "GET escalation/alerts", "command": "alerts list"},
        lacks={"command": each("fired_after fired_before is_active", FILTERS)},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("escalation.alerts.alerts.find_alert",),
        doors={"rest": "GET escalation/alerts/{name}", "command": "alerts show"},
        without={"mcp": PERSON, "admin": READ},
    ),
    Operation(
        calls=("escalation.heartbeats.heartbeats.add_heartbeat",),
        doors={
            "rest": "POST escalation/heartbeats",
            "command": "heartbeats add",
            "admin": "escalation.admin.heartbeats.HeartbeatForm",
        },
        without={"mcp": PERSON},
        lacks={"command": {"is_paused": "`change --pause` pauses it"}},
    ),
    Operation(
        calls=("escalation.heartbeats.heartbeats.change_heartbeat",),
        doors={
            "rest": "PATCH escalation/heartbeats/{name}",
            "command": "heartbeats change",
            "admin": "escalation.admin.heartbeats.HeartbeatForm",
        },
        without={"mcp": PERSON},
        differs={"command": {"is_paused": "two options, --pause and --resume"}},
    ),
    Operation(
        calls=("escalation.heartbeats.heartbeats.remove_heartbeat",),
        doors={
            "rest": "DELETE escalation/heartbeats/{name}",
            "command": "heartbeats remove",
            "admin": "escalation.admin.heartbeats.HeartbeatAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.heartbeats.heartbeats.list_heartbeats",),
        doors={"rest": "GET escalation/heartbeats", "command": "heartbeats list"},
        lacks={"command": {"down": "its list says how each stands"}},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.heartbeats.heartbeats.find_heartbeat",),
        doors={"rest": "GET escalation/heartbeats/{name}", "command": "heartbeats show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.people.add_person",),
        doors={
            "rest": "POST escalation/people",
            "command": "people add",
            "admin": "escalation.admin.oncall.PersonForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"channel_names": "channels", "user": "name"}},
        differs={"command": {"channels": SHELL_LIST}, "admin": {"channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.oncall.people.change_person",),
        doors={
            "rest": "PATCH escalation/people/{name}",
            "command": "people change",
            "admin": "escalation.admin.oncall.PersonForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"channel_names": "channels"}},
        own={"admin": {"user": "shown only, once it is there"}},
        differs={"command": {"channels": SHELL_LIST}, "admin": {"channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.oncall.people.remove_person",),
        doors={
            "rest": "DELETE escalation/people/{name}",
            "command": "people remove",
            "admin": "escalation.admin.oncall.PersonAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.oncall.people.list_people",),
        doors={"rest": "GET escalation/people", "command": "people list"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.people.find_person",),
        doors={"rest": "GET escalation/people/{name}", "command": "people show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.teams.add_team",),
        doors={
            "rest": "POST escalation/teams",
            "command": "teams add",
            "admin": "escalation.admin.oncall.TeamForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"member_names": "members"}},
        differs={"command": {"members": SHELL_LIST}, "admin": {"members": CHOSEN}},
    ),
    Operation(
        calls=("escalation.oncall.teams.change_team",),
        doors={
            "rest": "PATCH escalation/teams/{name}",
            "command": "teams change",
            "admin": "escalation.admin.oncall.TeamForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"member_names": "members"}},
        differs={"command": {"members": SHELL_LIST}, "admin": {"members": CHOSEN}},
    ),
    Operation(
        calls=("escalation.oncall.teams.remove_team",),
        doors={
            "rest": "DELETE escalation/teams/{name}",
            "command": "teams remove",
            "admin": "escalation.admin.oncall.TeamAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.oncall.teams.list_teams",),
        doors={"rest": "GET escalation/teams", "command": "teams list"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.teams.find_team",),
        doors={"rest": "GET escalation/teams/{name}", "command": "teams show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.schedules.add_schedule",),
        doors={
            "rest": "POST escalation/schedules",
            "command": "schedules add",
            "admin": "escalation.admin.schedules.ScheduleForm",
        },
        without={"mcp": PERSON},
        differs={"command": {"rotations": SHELL_LIST}, "admin": {"rotations": ROWS}},
    ),
    Operation(
        calls=("escalation.oncall.schedules.change_schedule",),
        doors={
            "rest": "PATCH escalation/schedules/{name}",
            "command": "schedules change",
            "admin": "escalation.admin.schedules.ScheduleForm",
        },
        without={"mcp": PERSON},
        differs={"command": {"rotations": SHELL_LIST}, "admin": {"rotations": ROWS}},
    ),
    Operation(
        calls=("escalation.oncall.schedules.remove_schedule",),
        doors={
            "rest": "DELETE escalation/schedules/{name}",
            "command": "schedules remove",
            "admin": "escalation.admin.schedules.ScheduleAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.oncall.schedules.add_override",),
        doors={
            "rest": "POST escalation/schedules/{name}/overrides",
            "command": "schedules override",
            "admin": "escalation.admin.schedules.OverrideForm",
        },
        own={"admin": {"schedule": "the others have it in their path"}},
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.oncall.schedules.remove_override",),
        doors={
            "rest": "DELETE escalation/schedules/{name}/overrides/{override_id}",
            "command": "schedules end-override",
            "admin": "escalation.admin.schedules.OverrideAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.oncall.schedules.list_schedules",),
        doors={"rest": "GET escalation/schedules", "command": "schedules list"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.schedules.find_schedule",),
        doors={"rest": "GET escalation/schedules/{name}", "command": "schedules show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.duty.list_shifts",),
        doors={"rest": "GET escalation/schedules/{name}/shifts", "command": "schedules shifts"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.oncall.duty.on_call",),
        doors={"rest": "GET escalation/on-call", "command": "schedules on-call"},
        without={"mcp": "a resource: oncall://{schedule}", "admin": READ},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.add_maintenance",),
        doors={
            "rest": "POST escalation/maintenance",
            "command": "maintenance add",
            "admin": "escalation.admin.maintenance.MaintenanceForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"project_slugs": "projects", "channel_names": "channels"}},
        differs={"admin": {"projects": CHOSEN, "channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.change_maintenance",),
        doors={
            "rest": "PATCH escalation/maintenance/{name}",
            "command": "maintenance change",
            "admin": "escalation.admin.maintenance.MaintenanceForm",
        },
        without={"mcp": PERSON},
        names={"admin": {"project_slugs": "projects", "channel_names": "channels"}},
        differs={"admin": {"projects": CHOSEN, "channels": CHOSEN}},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.end_maintenance",),
        doors={
            "rest": "POST escalation/maintenance/{name}/end",
            "command": "maintenance end",
            "admin": "escalation.admin.maintenance.MaintenanceAdmin.end_now",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.remove_maintenance",),
        doors={
            "rest": "DELETE escalation/maintenance/{name}",
            "command": "maintenance remove",
            "admin": "escalation.admin.maintenance.MaintenanceAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.list_maintenance",),
        doors={"rest": "GET escalation/maintenance", "command": "maintenance list"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.maintenance.maintenance.find_maintenance",),
        doors={"rest": "GET escalation/maintenance/{name}", "command": "maintenance show"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("escalation.priority.calculate_priority",),
        doors={"rest": "POST escalation/priority", "command": "escalation priority"},
        without={"mcp": "escalate_bug answers the priority", "admin": READ},
    ),
    Operation(
        calls=("escalation.summary.summarise",),
        doors={"rest": "GET escalation/summary", "command": "escalation summary"},
        without={"mcp": BUDGET, "admin": "the dashboard shows it"},
    ),
]
APART: dict[str, str] = {
    "escalation.bugs.weigh_due_bugs": "a job of the schedule",
    "escalation.delivery.channels.find_channel": "what channels/{name} shows",
    "escalation.delivery.sending.deliver": "the job behind a delivery",
    "escalation.delivery.sending.say_in_slack": "the job behind a button in Slack",
    "escalation.delivery.sending.send_due": "a job of the schedule",
    "escalation.heartbeats.pulse.miss_overdue": "a job of the schedule",
    "escalation.maintenance.turning.turn_due": "a job of the schedule",
    "escalation.oncall.duty.find_on_call": "the resource oncall://{schedule}",
    "escalation.policies.advancing.advance_due": "a job of the schedule",
    "escalation.ingestion.digestion.digest_submissions": "a job that every event calls for",
    "escalation.projects.find_project": "what projects/{slug} shows",
    "escalation.occurrences.clean_up_occurrences": "a job of the schedule",
}

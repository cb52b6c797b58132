"""`manage.py escalation`: bugs from a shell, a verb each."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commandline.amounts import NOTHING, duration
from config.commands import OperationCommand, count_of
from escalation import bugs, projects, triage
from escalation import serializers as shapes
from escalation.filters import ORDERS, select_bugs
from escalation.models import Bug, Priority, Project, Status
from escalation.priority import calculate_priority
from escalation.reports import report_bug
from escalation.serializers import as_json
from escalation.summary import summarise
from escalation.why_grouped import explain_grouping


class Command(OperationCommand):
    help = "Report bugs, look through them, and move them from state to state."
    examples = (
        ("escalation list --priority critical --status pending", "what nobody looks at yet"),
        (
            "escalation report --error-type TimeoutError --error-message 'Checkout timed out' --user-impact high",
            "report a bug",
        ),
        ("escalation acknowledge shop-17", "say that you saw it"),
        ("escalation investigate shop-17", "say that you are on it"),
        ("escalation resolve shop-17 --resolution 'Raised the timeout; see release 1.4.'", "close it"),
        (
            "escalation resolve shop-17 --resolution 'Raised the timeout.' --in-next-release",
            "whoever has an older release does not open it again",
        ),
        ("escalation reopen shop-17", "it is back"),
        ("escalation mute shop-17 2026-12-24T08:00:00Z", "no call for attention until then"),
        ("escalation mute shop-17 --reports 100 --escalating", "or until 100 more, or more than usual in an hour"),
        ("escalation assign shop-17 mona", "say whose it is"),
        ("escalation link shop-17 jira SHOP-17", "to its ticket"),
        ("escalation update shop-17 --user-impact low", "what is left out stays as it is"),
        ("escalation show shop-17", "all that is known, with the reasons of its priority"),
        ("escalation grouping shop-17", "why its reports are one bug"),
        ("escalation project 'Web shop'", "make a project; its DSN goes into the SDK's settings"),
        ("escalation projects", "the projects there are, and their DSNs"),
        ("escalation rotate-key web-shop", "another DSN; the one of before goes on reporting"),
        ("escalation update-project web-shop --per-minute 10000", "let it send more events a minute"),
        ("escalation summary", "how many, how urgent, how old"),
        (
            "escalation priority --error-type TimeoutError --user-impact high --frequency 12 --deadline-hours 4",
            "weigh it without storing it",
        ),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        offer(verbs.add_parser("report", help="report a bug"), shapes.BugReportSerializer, files=["stack_trace"])
        self._add_reading(verbs)
        for name, text, shape, first in (
            ("acknowledge", "take notice of a pending bug", shapes.NoBodySerializer, ""),
            ("investigate", "begin to work on a bug", shapes.NoBodySerializer, ""),
            ("resolve", "close a bug", shapes.BugResolveSerializer, ""),
            ("reopen", "take back a resolution", shapes.BugReopenSerializer, ""),
            ("mute", "keep a bug from calling for attention; `none` ends that", shapes.BugMuteSerializer, "until"),
            ("assign", "say whose bug it is", shapes.BugAssignSerializer, "assignee"),
            ("link", "link a bug to a ticket", shapes.NewTicketLinkSerializer, "system ticket_id"),
        ):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("bug_id")
            offer(verb, shape, first=first.split())
        offer(verbs.add_parser("project", help="make a project"), shapes.NewProjectSerializer, first=["name"])
        changing = verbs.add_parser("update-project", help="change a project's name, or how much it may send")
        changing.add_argument("slug")
        offer(changing, shapes.ProjectUpdateSerializer, partial=True)
        rotation = verbs.add_parser("rotate-key", help="give a project a new key")
        rotation.add_argument("slug")
        offer(rotation, shapes.ProjectKeySerializer)
        update = verbs.add_parser("update", help="change a bug in one go; what is left out stays as it is")
        update.add_argument("bug_id")
        offer(update, shapes.BugUpdateSerializer, partial=True)

    def _add_reading(self, verbs: Any) -> None:
        listing = verbs.add_parser("list", help="list bugs, the most urgent first")
        listing.add_argument("--status", action="append", choices=Status.values)
        listing.add_argument("--priority", action="append", choices=Priority.values)
        for name in ("error-type", "assignee", "project", "tag", "search"):
            listing.add_argument(f"--{name}", default="")
        listing.add_argument("--order", choices=sorted(ORDERS), default="urgent")
        listing.add_argument("--limit", type=count_of, default=50)
        verbs.add_parser("show", help="all that is known of a bug").add_argument("bug_id")
        verbs.add_parser("grouping", help="why the reports of a bug are one bug").add_argument("bug_id")
        verbs.add_parser("projects", help="list projects with their DSNs")
        verbs.add_parser("summary", help="count bugs by status, priority and type")
        offer(verbs.add_parser("priority", help="weigh a bug without storing it"), shapes.PriorityQuestionSerializer)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb'].replace('-', '_')}")(options)

    def do_report(self, options: dict[str, Any]) -> None:
        self._done(report_bug(**given(options, shapes.BugReportSerializer)), options)

    def do_update(self, options: dict[str, Any]) -> None:
        bug = triage.update_bug(bug_id=options["bug_id"], **given(options, shapes.BugUpdateSerializer))
        self._done(bug, options)

    def do_list(self, options: dict[str, Any]) -> None:
        names = ("status", "priority", "error_type", "assignee", "project", "tag", "search", "order")
        found = list(select_bugs(**{name: options[name] for name in names})[: options["limit"]])
        if options["json"]:
            self.print_json([as_json(bug, brief=True) for bug in found])
            return
        headers = ["priority", "score", "status", "times", "assignee", "bug", "message"]
        rows = [[b.priority, b.score, b.status, b.frequency, b.assignee or "-", b.bug_id, _line(b)] for b in found]
        self.table(headers, rows)

    def do_show(self, options: dict[str, Any]) -> None:
        bug = bugs.find_bug(bug_id=options["bug_id"])
        shown = dict(shapes.WholeBugSerializer(bug).data)
        if options["json"]:
            self.print_json(shown)
            return
        for name, value in shown.items():
            if value not in (None, "", [], {}) and name not in {"priority_factors", "stack_trace"}:
                self.stdout.write(f"{name}: {value if isinstance(value, str | int) else json.dumps(value)}")
        self._factors(bug.priority_factors)
        self.stdout.write(bug.stack_trace or "")

    def do_grouping(self, options: dict[str, Any]) -> None:
        found = explain_grouping(bug_id=options["bug_id"])
        if options["json"]:
            self.print_json(shapes.GroupingSerializer(found).data)
            return
        self.stdout.write(f"Grouped by {found.basis} (rule {found.rule}); {found.fingerprint} is made of:")
        for part in found.parts:
            self.stdout.write(f"  {part}")
        rows = [
            [stack.error_type or "thread", each.frame.function, each.frame.module or each.frame.file, each.why_not]
            for stack in found.stacks
            for each in stack.frames
        ]
        if rows:
            self.table(["error", "function", "place", "why it does not count"], rows)

    def do_acknowledge(self, options: dict[str, Any]) -> None:
        self._done(bugs.acknowledge(bug_id=options["bug_id"]), options)

    def do_investigate(self, options: dict[str, Any]) -> None:
        self._done(bugs.investigate(bug_id=options["bug_id"]), options)

    def do_resolve(self, options: dict[str, Any]) -> None:
        self._done(bugs.resolve(bug_id=options["bug_id"], **given(options, shapes.BugResolveSerializer)), options)

    def do_reopen(self, options: dict[str, Any]) -> None:
        self._done(bugs.reopen(bug_id=options["bug_id"], **given(options, shapes.BugReopenSerializer)), options)

    def do_mute(self, options: dict[str, Any]) -> None:
        self._done(bugs.mute(bug_id=options["bug_id"], **given(options, shapes.BugMuteSerializer)), options)

    def do_assign(self, options: dict[str, Any]) -> None:
        self._done(bugs.assign(bug_id=options["bug_id"], **given(options, shapes.BugAssignSerializer)), options)

    def do_link(self, options: dict[str, Any]) -> None:
        link = triage.link_ticket(bug_id=options["bug_id"], **given(options, shapes.NewTicketLinkSerializer))
        if options["json"]:
            self.print_json(shapes.TicketLinkSerializer(link).data)
        else:
            self.stdout.write(f"[OK] {options['bug_id']} {link.link_type} {link}")

    def do_project(self, options: dict[str, Any]) -> None:
        self._project(projects.create_project(**given(options, shapes.NewProjectSerializer)), options)

    def do_update_project(self, options: dict[str, Any]) -> None:
        known = given(options, shapes.ProjectUpdateSerializer)
        self._project(projects.update_project(slug=options["slug"], **known), options)

    def do_rotate_key(self, options: dict[str, Any]) -> None:
        known = given(options, shapes.ProjectKeySerializer)
        self._project(projects.rotate_key(slug=options["slug"], **known), options)

    def do_projects(self, options: dict[str, Any]) -> None:
        found = list(projects.list_projects())
        if options["json"]:
            self.print_json(shapes.ProjectSerializer(found, many=True).data)
            return
        self.table(["id", "slug", "name", "dsn"], [[each.id, each.slug, each.name, each.dsn] for each in found])

    def do_priority(self, options: dict[str, Any]) -> None:
        score = calculate_priority(**given(options, shapes.PriorityQuestionSerializer))
        if options["json"]:
            self.print_json(asdict(score))
            return
        self.stdout.write(f"{score.priority} ({score.score})")
        self._factors([factor.as_dict() for factor in score.factors])

    def do_summary(self, options: dict[str, Any]) -> None:
        summary = asdict(summarise())
        if options["json"]:
            self.print_json(summary)
            return
        levels = summary.pop("open_by_priority")
        for name, value in summary.items():
            self.stdout.write(f"{name.replace('seconds', 'time').replace('_', ' ')}: {_figure(name, value)}")
        statuses = [status for status in Status.values if status != Status.RESOLVED]
        self.table(
            ["open", *statuses], [[level, *(row[status] for status in statuses)] for level, row in levels.items()]
        )

    def _done(self, bug: Bug, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(as_json(bug))
            return
        self.stdout.write(f"[OK] {bug.bug_id}: {bug.status}, {bug.priority} ({bug.score}), seen {bug.frequency} times")

    def _project(self, project: Project, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(shapes.ProjectSerializer(project).data)
        else:
            self.stdout.write(f"[OK] {project.slug}: {project.dsn}")

    def _factors(self, factors: list[dict[str, Any]]) -> None:
        for factor in factors:
            self.stdout.write(f"  {factor['points']:>3}  {factor['name']}: {factor['reason']}")


def _figure(name: str, value: Any) -> str:
    if name.startswith("seconds_"):
        return duration(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or NOTHING
    return NOTHING if value is None else str(value)


def _line(bug: Bug) -> str:
    return bug.error_message.partition("\n")[0][:80]

"""`manage.py escalation report|list|show|summary|priority|acknowledge|investigate|resolve|reopen|assign|link`."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.commands import OperationCommand, count_of, json_of, text_of
from escalation import bugs, triage
from escalation.filters import ORDERS, select_bugs
from escalation.models import Bug, Impact, LinkType, Priority, Status, System
from escalation.priority import calculate_priority
from escalation.reports import report_bug
from escalation.serializers import TicketLinkSerializer, as_json
from escalation.summary import summarise


class Command(OperationCommand):
    help = "Report bugs, look through them, and move them from state to state."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        self._add_report(verbs)
        self._add_reading(verbs)
        for name, text in (("acknowledge", "take notice of a pending bug"), ("investigate", "begin to work on a bug")):
            verbs.add_parser(name, help=text).add_argument("bug_id")
        resolve = verbs.add_parser("resolve", help="close a bug")
        resolve.add_argument("bug_id")
        resolve.add_argument("--resolution", required=True, help="how it was fixed")
        resolve.add_argument("--resolved-by", default="", help="who fixed it; by default you")
        reopen = verbs.add_parser("reopen", help="take back a resolution")
        reopen.add_argument("bug_id")
        reopen.add_argument("--reason", default="")
        assign = verbs.add_parser("assign", help="say whose bug it is")
        assign.add_argument("bug_id")
        assign.add_argument("assignee", nargs="?", default="", help="nobody when left out")
        self._add_link(verbs)

    def _add_report(self, verbs: Any) -> None:
        report = verbs.add_parser("report", help="report a bug")
        report.add_argument("--error-type", required=True, help="class of the error, such as DatabaseError")
        report.add_argument("--error-message", required=True)
        report.add_argument("--user-impact", required=True, choices=Impact.values)
        report.add_argument("--bug-id", default="", help="your key; by default one made of the error")
        report.add_argument("--stack-trace", metavar="FILE", help="a file with the trace, - for stdin")
        report.add_argument("--deadline-hours", type=float)
        report.add_argument("--frequency", type=int, default=1, help="how many times it happened")
        report.add_argument("--metadata", default="{}", metavar="JSON")
        report.add_argument("--tag", action="append", default=[], dest="tags")

    def _add_reading(self, verbs: Any) -> None:
        listing = verbs.add_parser("list", help="list bugs, the most urgent first")
        listing.add_argument("--status", action="append", choices=Status.values)
        listing.add_argument("--priority", action="append", choices=Priority.values)
        for name in ("error-type", "assignee", "tag", "search"):
            listing.add_argument(f"--{name}", default="")
        listing.add_argument("--order", choices=sorted(ORDERS), default="urgent")
        listing.add_argument("--limit", type=count_of, default=50)
        verbs.add_parser("show", help="all that is known of a bug").add_argument("bug_id")
        verbs.add_parser("summary", help="count bugs by status, priority and type")
        priority = verbs.add_parser("priority", help="weigh a bug without storing it")
        priority.add_argument("--error-type", required=True)
        priority.add_argument("--user-impact", required=True, choices=Impact.values)
        priority.add_argument("--frequency", type=int, default=1)
        priority.add_argument("--deadline-hours", type=float)

    def _add_link(self, verbs: Any) -> None:
        link = verbs.add_parser("link", help="link a bug to a ticket")
        link.add_argument("bug_id")
        link.add_argument("system", choices=System.values)
        link.add_argument("ticket_id")
        link.add_argument("--url", default="")
        link.add_argument("--type", choices=LinkType.values, default=LinkType.RELATED.value, dest="link_type")
        link.add_argument("--status", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_report(self, options: dict[str, Any]) -> None:
        bug = report_bug(
            error_type=options["error_type"],
            error_message=options["error_message"],
            user_impact=options["user_impact"],
            bug_id=options["bug_id"],
            stack_trace=text_of(options["stack_trace"], errors="replace") if options["stack_trace"] else None,
            deadline_hours=options["deadline_hours"],
            frequency=options["frequency"],
            metadata=json_of(options["metadata"], dict),
            tags=options["tags"],
        )
        self._done(bug, options)

    def do_list(self, options: dict[str, Any]) -> None:
        names = ("status", "priority", "error_type", "assignee", "tag", "search", "order")
        found = list(select_bugs(**{name: options[name] for name in names})[: options["limit"]])
        if options["json"]:
            self.print_json([as_json(bug, brief=True) for bug in found])
            return
        headers = ["priority", "score", "status", "times", "assignee", "bug", "message"]
        rows = [[b.priority, b.score, b.status, b.frequency, b.assignee or "-", b.bug_id, _line(b)] for b in found]
        self.table(headers, rows)

    def do_show(self, options: dict[str, Any]) -> None:
        bug = bugs.find_bug(bug_id=options["bug_id"])
        shown = as_json(bug)
        if options["json"]:
            self.print_json(shown)
            return
        for name, value in shown.items():
            if value not in (None, "", [], {}) and name not in {"priority_factors", "stack_trace"}:
                self.stdout.write(f"{name}: {value if isinstance(value, str | int) else json.dumps(value)}")
        self._factors(bug.priority_factors)
        self.stdout.write(bug.stack_trace or "")

    def do_acknowledge(self, options: dict[str, Any]) -> None:
        self._done(bugs.acknowledge(bug_id=options["bug_id"]), options)

    def do_investigate(self, options: dict[str, Any]) -> None:
        self._done(bugs.investigate(bug_id=options["bug_id"]), options)

    def do_resolve(self, options: dict[str, Any]) -> None:
        bug = bugs.resolve(
            bug_id=options["bug_id"], resolution=options["resolution"], resolved_by=options["resolved_by"]
        )
        self._done(bug, options)

    def do_reopen(self, options: dict[str, Any]) -> None:
        self._done(bugs.reopen(bug_id=options["bug_id"], reason=options["reason"]), options)

    def do_assign(self, options: dict[str, Any]) -> None:
        self._done(bugs.assign(bug_id=options["bug_id"], assignee=options["assignee"]), options)

    def do_link(self, options: dict[str, Any]) -> None:
        names = ("bug_id", "system", "ticket_id", "url", "link_type", "status")
        link = triage.link_ticket(**{name: options[name] for name in names})
        if options["json"]:
            self.print_json(TicketLinkSerializer(link).data)
        else:
            self.stdout.write(f"[OK] {options['bug_id']} {link.link_type} {link}")

    def do_priority(self, options: dict[str, Any]) -> None:
        try:
            score = calculate_priority(
                error_type=options["error_type"],
                user_impact=options["user_impact"],
                frequency=options["frequency"],
                deadline_hours=options["deadline_hours"],
            )
        except ValueError as error:
            raise CommandError(f"{error}.") from error
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
            text = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
            self.stdout.write(f"{name.replace('_', ' ')}: {'-' if text in (None, '') else text}")
        statuses = [status for status in Status.values if status != Status.RESOLVED]
        self.table(
            ["open", *statuses], [[level, *(row[status] for status in statuses)] for level, row in levels.items()]
        )

    def _done(self, bug: Bug, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(as_json(bug))
            return
        self.stdout.write(f"[OK] {bug.bug_id}: {bug.status}, {bug.priority} ({bug.score}), seen {bug.frequency} times")

    def _factors(self, factors: list[dict[str, Any]]) -> None:
        for factor in factors:
            self.stdout.write(f"  {factor['points']:>3}  {factor['name']}: {factor['reason']}")


def _line(bug: Bug) -> str:
    return bug.error_message.partition("\n")[0][:80]

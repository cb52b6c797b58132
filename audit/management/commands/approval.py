"""`manage.py approval`: what agents wait for, and a person's word on it."""

from typing import Any

from django.core.management.base import CommandParser

from audit.models import Approval
from audit.permissions.approvals import answering
from audit.permissions.approvals.serializers import AnswerSerializer, ApprovalSerializer
from config.arguments import given, offer
from config.commandline.amounts import moment
from config.commands import OperationCommand, count_of


class Command(OperationCommand):
    help = "See what agents wait for, and approve or deny it."
    examples = (
        ("approval list", "what waits for an answer now"),
        ("approval list --status denied --limit 5", "what was denied last"),
        ("approval show 7", "the whole call, why it is asked, and what became of it"),
        ("approval approve 7", "let it run once, when the agent tries it again"),
        ("approval deny 7 --note 'Use the staging database.'", "the agent is told why"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="what waits, newest first")
        listing.add_argument("--status", choices=Approval.Status.values, default=Approval.Status.PENDING.value)
        listing.add_argument("--limit", type=count_of, default=20)
        verbs.add_parser("show", help="the whole call").add_argument("approval", type=count_of)
        for name, text in (("approve", "let it run once"), ("deny", "say no")):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("approval", type=count_of)
            offer(verb, AnswerSerializer)

    def handle(self, *args: Any, **options: Any) -> None:
        match options["verb"]:
            case "list":
                self.list_approvals(options)
            case "show":
                self.show(answering.find(approval=options["approval"]), options)
            case "approve":
                self.answer("approved", options)
            case "deny":
                self.answer("denied", options)

    def list_approvals(self, options: dict[str, Any]) -> None:
        rows = Approval.objects.standing(options["status"])[: options["limit"]]
        if options["json"]:
            self.print_json(ApprovalSerializer(rows, many=True).data)
            return
        lines = [[row.pk, row.standing, moment(row.expires_at), row.agent, row.cwd, _line(row)] for row in rows]
        self.table(["id", "status", "until", "agent", "folder", "call"], lines)

    def answer(self, verdict: answering.Verdict, options: dict[str, Any]) -> None:
        row = answering.answer(approval=options["approval"], verdict=verdict, **given(options, AnswerSerializer))
        if options["json"]:
            self.print_json(ApprovalSerializer(row).data)
            return
        self.stdout.write(f"[OK] approval {row.pk} is {row.standing}:")
        self.stdout.write(row.told)

    def show(self, row: Approval, options: dict[str, Any]) -> None:
        shown = dict(ApprovalSerializer(row).data)
        if options["json"]:
            self.print_json(shown)
            return
        for name, value in shown.items():
            if value not in (None, "", {}) and name != "call":
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        self.stdout.write(f"call:\n{row.told}")


def _line(row: Approval) -> str:
    return " ".join(row.told.split())

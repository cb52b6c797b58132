"""`manage.py budgets list|set|remove`: what sessions of agents may take."""

from typing import Any

from django.core.management.base import CommandParser

from audit.budgets import keeping
from audit.budgets.serializers import BudgetSerializer
from audit.models import Budget
from config.arguments import given, offer
from config.commandline.amounts import NOTHING, dollars
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Set what sessions of agents may take in a day, or each: money, tokens."
    examples = (
        ("budgets set day --person ci --most-cost-micros 20000000 --denies", "20 dollars a day, then no more calls"),
        ("budgets set session --agent claude --most-tokens 5000000", "an event, and an alert, when one takes more"),
        ("budgets list", "each budget, and what was taken of it today"),
        ("budgets remove 01a22a2d-afa6-7024-adeb-0f895a2145d4", "by the uid that `budgets list` shows"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the budgets there are")
        offer(verbs.add_parser("set", help="say what sessions may take"), BudgetSerializer, first=["period"])
        verbs.add_parser("remove", help="let them take what they like").add_argument("uid")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = Budget.objects.all()
        if options["json"]:
            self.print_json(BudgetSerializer(found, many=True).data)
            return
        rows = [[str(row), _taken(row), "then denied" if row.denies else "", row.uid] for row in found]
        self.table(["budget", "taken today", "passed", "uid"], rows)

    def do_set(self, options: dict[str, Any]) -> None:
        row = keeping.set_budget(**given(options, BudgetSerializer))
        told = f"[OK] {row}, uid {row.uid}"
        self.print_json(BudgetSerializer(row).data) if options["json"] else self.stdout.write(told)

    def do_remove(self, options: dict[str, Any]) -> None:
        keeping.remove_budget(uid=options["uid"])
        told = "[OK] they may take what they like"
        self.print_json({"removed": options["uid"]}) if options["json"] else self.stdout.write(told)


def _taken(row: Budget) -> str:
    spent = keeping.spent_now(row)
    return NOTHING if spent is None else f"{dollars(spent.cost_micros)}, {spent.tokens:,} tokens"

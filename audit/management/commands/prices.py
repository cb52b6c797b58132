"""`manage.py prices list|set|remove`: what models cost, by which sessions and runs of prompts are charged."""

from typing import Any

from django.core.management.base import CommandParser

from audit.models import ModelPrice
from audit.prices import keeping
from audit.prices.serializers import PriceSerializer
from config.arguments import given, offer
from config.commandline.amounts import moment
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Set what models cost, in dollars per million tokens, from a time on."
    examples = (
        ("prices set claude-sonnet-4-5 3 15 --cache-read-price 0.3 --cache-write-price 3.75", "from now on"),
        ("prices set gpt-5 1.25 10 --valid-from 2026-01-01", "what was used since then is charged anew"),
        ("prices list", "each price there is, with its uid"),
        ("prices remove 01a22a2d-afa6-7024-adeb-0f895a2145d4", "the price before it is valid again"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the prices there are")
        setting = verbs.add_parser("set", help="say what a model costs from a time on")
        offer(setting, PriceSerializer, first=["model", "input_price", "output_price"])
        verbs.add_parser("remove", help="let the price before it be valid again").add_argument("uid")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = ModelPrice.objects.order_by("model", "-valid_from")
        if options["json"]:
            self.print_json(PriceSerializer(found, many=True).data)
            return
        rows = [[row.model, moment(row.valid_from), *row.told, row.uid] for row in found]
        names = ["input", "output", "cache read", "cache write", "for an hour"]
        self.table(["model", "valid from", *names, "uid"], rows)

    def do_set(self, options: dict[str, Any]) -> None:
        row = keeping.set_price(**given(options, PriceSerializer))
        told = f"[OK] {row}: {' '.join(row.told)}, uid {row.uid}"
        self.print_json(PriceSerializer(row).data) if options["json"] else self.stdout.write(told)

    def do_remove(self, options: dict[str, Any]) -> None:
        keeping.remove_price(uid=options["uid"])
        told = "[OK] the price before it is valid again"
        self.print_json({"removed": options["uid"]}) if options["json"] else self.stdout.write(told)

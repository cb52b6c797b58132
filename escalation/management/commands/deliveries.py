"""`manage.py deliveries`: what was sent, each try, and sending it again."""

import json
from typing import Any

from django.core.management.base import CommandParser

from config.commands import OperationCommand, count_of
from escalation.delivery import deliveries
from escalation.delivery.serializers import DeliverySerializer, DeliverySummarySerializer
from escalation.models import DeliveryState


class Command(OperationCommand):
    help = "Look at what was sent to people and programs, and send it again."
    examples = (
        ("deliveries list --state dead", "what nobody got"),
        ("deliveries show 01a22a2d-afa6-7024-adeb-0f895a2145d4", "each try, with its request and answer"),
        ("deliveries replay 01a22a2d-afa6-7024-adeb-0f895a2145d4", "send it again"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="messages, the newest first")
        listing.add_argument("--state", choices=DeliveryState.values)
        for name in ("channel", "bug"):
            listing.add_argument(f"--{name}", default="")
        listing.add_argument("--limit", type=count_of, default=50)
        for name, text in (("show", "a message with each try"), ("replay", "send it again")):
            verbs.add_parser(name, help=text).add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        asked = {"state": options["state"], "channel__name": options["channel"], "bug__bug_id": options["bug"]}
        rows = deliveries.list_deliveries().filter(**{name: value for name, value in asked.items() if value})
        found = list(rows[: options["limit"]])
        if options["json"]:
            self.print_json(DeliverySummarySerializer(found, many=True).data)
            return
        cells = [[each.pk, each.channel, each.state, each.attempts, each.notice.get("title", "")] for each in found]
        self.table(["id", "channel", "state", "tries", "message"], cells)

    def do_show(self, options: dict[str, Any]) -> None:
        found = deliveries.find_delivery(delivery_id=options["id"])
        if options["json"]:
            self.print_json(DeliverySerializer(found).data)
            return
        self.stdout.write(f"{found.notice.get('title', '')}\n{found.state}, {found.channel}, {found.attempts} tries")
        for tried in found.tries.all():
            self.stdout.write(f"{tried.began_at:%Y-%m-%d %H:%M:%S} {tried.error or 'taken'} ({tried.duration_ms} ms)")
            self.stdout.write(json.dumps({"request": tried.request, "response": tried.response}, indent=2))

    def do_replay(self, options: dict[str, Any]) -> None:
        found = deliveries.replay(delivery_id=options["id"])
        if options["json"]:
            self.print_json(DeliverySummarySerializer(found).data)
        else:
            self.stdout.write(f"[OK] {found.pk} is on its way again")

"""`manage.py channels`: the ways to reach people and programs."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.delivery import channels
from escalation.delivery.serializers import (
    ChannelSerializer,
    ChannelUpdateSerializer,
    DeliverySummarySerializer,
    NewChannelSerializer,
)
from escalation.models import Channel


class Command(OperationCommand):
    help = "Say how people and programs are reached when a bug calls for them."
    examples = (
        ('channels add ops-mail email \'{"to": ["kim@example.org"]}\'', "by the server of MAIL_URL"),
        ("channels test ops-mail", "send a test through it"),
        ("channels list", "what there is, and whether it works"),
        ('channels change ops-mail --details \'{"to": ["lee@example.org"]}\'', "what is left out stays"),
        ("channels remove ops-mail", "with the log of what it sent"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the channels there are")
        adding = verbs.add_parser("add", help="add a channel")
        offer(adding, NewChannelSerializer, first=["name", "kind", "details"])
        changing = verbs.add_parser("change", help="change its details, or turn it off or on")
        changing.add_argument("name")
        offer(changing, ChannelUpdateSerializer, partial=True, only=["details"])
        switch = changing.add_mutually_exclusive_group()
        switch.add_argument("--on", dest="is_active", action="store_const", const=True, default=None, help="use it")
        switch.add_argument("--off", dest="is_active", action="store_const", const=False, help="leave it alone")
        for name, text in (("test", "send a test through it"), ("remove", "remove one that no policy uses")):
            verbs.add_parser(name, help=text).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(channels.list_channels())
        if options["json"]:
            self.print_json(ChannelSerializer(found, many=True).data)
            return
        rows = [[each.name, each.kind, _standing(each), each.last_sent_at or "-"] for each in found]
        self.table(["name", "kind", "standing", "last sent"], rows)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(channels.add_channel(**given(options, NewChannelSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        self._done(
            channels.change_channel(
                name=options["name"], details=options.get("details"), is_active=options["is_active"]
            ),
            options,
        )

    def do_test(self, options: dict[str, Any]) -> None:
        delivery = channels.try_channel(name=options["name"])
        if options["json"]:
            self.print_json(DeliverySummarySerializer(delivery).data)
        else:
            self.stdout.write(f"[OK] {delivery.pk} is on its way; `deliveries show {delivery.pk}` tells the rest")

    def do_remove(self, options: dict[str, Any]) -> None:
        channels.remove_channel(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, channel: Channel, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(ChannelSerializer(channel).data)
        else:
            self.stdout.write(f"[OK] {channel.name}: {channel.kind}, {_standing(channel)}")


def _standing(channel: Channel) -> str:
    if not channel.is_active:
        return f"off: {channel.off_because}" if channel.off_because else "off"
    return f"failing since {channel.failing_since:%Y-%m-%d %H:%M}" if channel.failing_since else "on"

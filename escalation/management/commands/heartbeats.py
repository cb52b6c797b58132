"""`manage.py heartbeats`: what reports every so often, and is missed when it does not."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.heartbeats import heartbeats
from escalation.heartbeats.serializers import (
    HeartbeatSerializer,
    HeartbeatUpdateSerializer,
    NewHeartbeatSerializer,
)
from escalation.models import Heartbeat


class Command(OperationCommand):
    help = "Say what reports every so often: a bug opens when it stops, and closes when it returns."
    examples = (
        ("heartbeats add nightly-import --period-minutes 1440 --grace-minutes 60", "prints what it is to ask for"),
        ("heartbeats list", "who reports, who is late, who is missed"),
        ("heartbeats change nightly-import --pause", "it is not missed until --resume"),
        ("heartbeats show nightly-import", "with its address"),
        ("heartbeats remove nightly-import", "a bug that is open because of it stays"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the heartbeats there are")
        fields = NewHeartbeatSerializer().fields.keys() - {"is_paused"}
        offer(verbs.add_parser("add", help="add a heartbeat"), NewHeartbeatSerializer, first=["name"], only=fields)
        changing = verbs.add_parser("change", help="change it; what is left out stays as it is")
        changing.add_argument("name")
        offer(changing, HeartbeatUpdateSerializer, partial=True, only=fields)
        switch = changing.add_mutually_exclusive_group()
        switch.add_argument("--pause", dest="is_paused", action="store_const", const=True, default=None, help="wait")
        switch.add_argument("--resume", dest="is_paused", action="store_const", const=False, help="miss it again")
        verbs.add_parser("show", help="one with its address").add_argument("name")
        verbs.add_parser("remove", help="remove it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(heartbeats.list_heartbeats())
        if options["json"]:
            self.print_json(HeartbeatSerializer(found, many=True).data)
            return
        rows = [[each.name, each.standing, f"{each.period_minutes} min", each.last_ping_at or "-"] for each in found]
        self.table(["name", "standing", "every", "last reported"], rows)

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(HeartbeatSerializer(heartbeats.find_heartbeat(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(heartbeats.add_heartbeat(**given(options, NewHeartbeatSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, HeartbeatUpdateSerializer)
        changes = {name: value for name, value in changes.items() if name != "is_paused" or value is not None}
        self._done(heartbeats.change_heartbeat(name=options["name"], **changes), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        heartbeats.remove_heartbeat(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, heartbeat: Heartbeat, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(HeartbeatSerializer(heartbeat).data)
        else:
            address = heartbeats.ping_url(heartbeat)
            self.stdout.write(f"[OK] {heartbeat.name} is {heartbeat.standing}; it reports by asking for\n{address}")

"""`manage.py maintenance`: when nobody is called."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.maintenance import maintenance
from escalation.maintenance.serializers import (
    MaintenanceSerializer,
    MaintenanceUpdateSerializer,
    NewMaintenanceSerializer,
)
from escalation.models import Maintenance

SUNDAYS = '{"from": "02:00", "until": "04:00", "timezone": "Europe/Berlin", "days": ["sun"]}'


class Command(OperationCommand):
    help = "Say when nobody is called for bugs, once or every week, and who is told when that begins and ends."
    examples = (
        ("maintenance add move --reason 'new disks' --ends-at 2027-01-02T09:00 --channel ops-mail", "from now on"),
        (f"maintenance add sundays --reason updates --hours '{SUNDAYS}'", "every week, until it is removed"),
        ("maintenance list", "what is on, and what comes"),
        ("maintenance show move", "since when it is on, and when it ends"),
        ("maintenance change move --ends-at 2027-01-02T12:00", "it takes longer"),
        ("maintenance end move", "it is over now, and whoever waited is called"),
        ("maintenance remove sundays", "it does not come again"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="what is on, and what comes")
        verbs.add_parser("show", help="one of them").add_argument("name")
        offer(verbs.add_parser("add", help="plan one"), NewMaintenanceSerializer, first=["name"])
        changing = verbs.add_parser("change", help="change it; what is left out stays as it is")
        changing.add_argument("name")
        offer(changing, MaintenanceUpdateSerializer, partial=True)
        verbs.add_parser("end", help="it is over now").add_argument("name")
        verbs.add_parser("remove", help="remove it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(maintenance.list_maintenance())
        if options["json"]:
            self.print_json(MaintenanceSerializer(found, many=True).data)
            return
        rows = [[each.name, "on" if each.began_at else "-", each.due_at or "over", each.reason] for each in found]
        self.table(["name", "standing", "changes at", "reason"], rows)

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(MaintenanceSerializer(maintenance.find_maintenance(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(maintenance.add_maintenance(**given(options, NewMaintenanceSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, MaintenanceUpdateSerializer)
        self._done(maintenance.change_maintenance(name=options["name"], **changes), options)

    def do_end(self, options: dict[str, Any]) -> None:
        self._done(maintenance.end_maintenance(name=options["name"]), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        maintenance.remove_maintenance(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, found: Maintenance, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(MaintenanceSerializer(found).data)
        else:
            self.stdout.write(f"[OK] {found.name} until {found.ends_at or 'it is removed'}")

"""`manage.py infrastructure list|add|change|remove|remove-tag`: containers, hosts, services and clients by name."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from dockerdebug import infrastructure
from dockerdebug.models import Infrastructure
from dockerdebug.serializers import InfrastructureSerializer


class Command(OperationCommand):
    help = "Keep the list of containers, hosts, services and clients, and the tags on them."
    examples = (
        ("infrastructure list --kind host", "all hosts, with their tags"),
        ("infrastructure add db1 --kind host --tag production", "add one"),
        ("infrastructure change 01a22a2d-afa6-7024-adeb-0f895a2145d4 --tag retired", "by the id that `list` shows"),
        ("infrastructure remove 01a22a2d-afa6-7024-adeb-0f895a2145d4", "its tags come off with it"),
        ("infrastructure remove-tag retired", "off everything, and forgotten"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="what there is, the newest first")
        listing.add_argument("--kind", choices=Infrastructure.Kind.values)
        for name in ("name", "tag"):
            listing.add_argument(f"--{name}", default="")
        offer(verbs.add_parser("add", help="add a piece of infrastructure"), InfrastructureSerializer, first=["name"])
        change = verbs.add_parser("change", help="change it; what is left out stays as it is")
        change.add_argument("id")
        offer(change, InfrastructureSerializer, partial=True)
        verbs.add_parser("remove", help="remove it; its tags come off with it").add_argument("id")
        verbs.add_parser("remove-tag", help="take a tag off everything and forget it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb'].replace('-', '_')}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        asked = {"kind": options["kind"], "name": options["name"], "tags__name": options["tag"]}
        rows = Infrastructure.objects.filter(**{name: value for name, value in asked.items() if value})
        found = list(rows.prefetch_related("tags"))
        if options["json"]:
            self.print_json(InfrastructureSerializer(found, many=True).data)
            return
        self.table(
            ["name", "kind", "tags", "id"],
            [[item.name, item.kind, ", ".join(item.tag_names) or "-", item.pk] for item in found],
        )

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(infrastructure.add_infrastructure(**given(options, InfrastructureSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, InfrastructureSerializer)
        self._done(infrastructure.change_infrastructure(infrastructure_id=options["id"], **changes), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        infrastructure.remove_infrastructure(infrastructure_id=options["id"])
        self.print_json({"removed": options["id"]}) if options["json"] else self.stdout.write("[OK] removed")

    def do_remove_tag(self, options: dict[str, Any]) -> None:
        count = infrastructure.remove_tag(name=options["name"])
        self.print_json({"off": count}) if options["json"] else self.stdout.write(f"[OK] taken off {count}")

    def _done(self, found: Infrastructure, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(InfrastructureSerializer(found).data)
        else:
            self.stdout.write(f"[OK] {found.pk}: {found.name}")

"""`manage.py people`: who can be called, and how."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.models import Person
from escalation.oncall import people
from escalation.oncall.serializers import NewPersonSerializer, PersonSerializer, PersonUpdateSerializer


class Command(OperationCommand):
    help = "Say by which channels a user of this service is called."
    examples = (
        ("people add kim --channel kim-mail --channel kim-phone", "call Kim by both"),
        ("people list", "who can be called"),
        ("people show kim", "one of them, with their teams"),
        ("people change kim --channel kim-phone", "by this one alone"),
        ("people remove kim", "nobody calls Kim any more"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="who can be called")
        verbs.add_parser("show", help="one of them").add_argument("name")
        offer(verbs.add_parser("add", help="say how a user is called"), NewPersonSerializer, first=["name"])
        changing = verbs.add_parser("change", help="say it anew")
        changing.add_argument("name")
        offer(changing, PersonUpdateSerializer, partial=True)
        verbs.add_parser("remove", help="call them no more").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(people.list_people())
        if options["json"]:
            self.print_json(PersonSerializer(found, many=True).data)
            return
        rows = [[each.name, ", ".join(each.channels), ", ".join(map(str, each.teams.all()))] for each in found]
        self.table(["name", "channels", "teams"], rows)

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(PersonSerializer(people.find_person(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(people.add_person(**given(options, NewPersonSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        self._done(people.change_person(name=options["name"], **given(options, PersonUpdateSerializer)), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        people.remove_person(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, person: Person, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(PersonSerializer(person).data)
        else:
            self.stdout.write(f"[OK] {person.name} is called by {', '.join(person.channels)}")

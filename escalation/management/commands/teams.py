"""`manage.py teams`: people who are called together."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.models import Team
from escalation.oncall import teams
from escalation.oncall.serializers import NewTeamSerializer, TeamSerializer, TeamUpdateSerializer


class Command(OperationCommand):
    help = "Say who is called together, and whose a bug can be."
    examples = (
        ("teams add shop --member kim --member dana", "two people"),
        ("teams list", "the teams there are"),
        ("teams show shop", "who is in it"),
        ("teams change shop --member dana", "Dana alone"),
        ("teams remove shop", "its people stay"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the teams there are")
        verbs.add_parser("show", help="one of them").add_argument("name")
        offer(verbs.add_parser("add", help="add a team"), NewTeamSerializer, first=["name"])
        changing = verbs.add_parser("change", help="say anew who is in it")
        changing.add_argument("name")
        offer(changing, TeamUpdateSerializer, partial=True)
        verbs.add_parser("remove", help="remove it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(teams.list_teams())
        if options["json"]:
            self.print_json(TeamSerializer(found, many=True).data)
            return
        self.table(["name", "members"], [[each.name, ", ".join(each.member_names)] for each in found])

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(TeamSerializer(teams.find_team(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(teams.add_team(**given(options, NewTeamSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        self._done(teams.change_team(name=options["name"], **given(options, TeamUpdateSerializer)), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        teams.remove_team(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, team: Team, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(TeamSerializer(team).data)
        else:
            self.stdout.write(f"[OK] {team.name}: {', '.join(team.member_names)}")

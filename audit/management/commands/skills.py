"""`manage.py skills list|show|plugin`: what coding agents can be told about the tools."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from audit.agents import plugin
from config import skills
from config.commands import OperationCommand
from config.entry.extras import version


class Command(OperationCommand):
    help = "List and read the skills that ship for coding agents, or write them as a plugin of Claude Code."
    examples = (
        ("skills list", "what there is; `agent install` puts them where agents look"),
        ("skills show check-migration", "what an agent reads"),
        ("skills plugin ./handrail-plugin", "then claude --plugin-dir ./handrail-plugin"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="what there is")
        verbs.add_parser("show", help="the text of one").add_argument("name")
        writing = verbs.add_parser("plugin", help="write a plugin: the skills, and the MCP server")
        writing.add_argument("folder", type=Path)
        writing.add_argument(
            "--skills", action="append", type=Path, default=[], metavar="FOLDER", help="skills of yours too"
        )
        writing.add_argument("--url", default=settings.PUBLIC_URL, help="where agents reach the service")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self.list, "show": self.show, "plugin": self.plugin}[options["verb"]](options)

    def list(self, options: dict[str, Any]) -> None:
        found = skills.shipped()
        if options["json"]:
            rows = [{"name": one.name, "description": one.description, "by_hand": one.by_hand} for one in found]
            self.print_json(rows)
            return
        self.table(["skill", "called by", "what for"], [[one.name, _who(one), one.description] for one in found])

    def show(self, options: dict[str, Any]) -> None:
        one = next((item for item in skills.shipped() if item.name == options["name"]), None)
        if one is None:
            raise CommandError(f"No skill is called {options['name']}. `skills list` names them.", returncode=2)
        self.stdout.write(one.text, ending="")

    def plugin(self, options: dict[str, Any]) -> None:
        wanted = skills.with_folders(options["skills"])
        plugin.write(options["folder"], plugin.files(wanted, url=options["url"], version=version()))
        self.stdout.write(f"[OK] {len(wanted)} skills in {options['folder']}: claude --plugin-dir {options['folder']}")


def _who(skill: skills.Skill) -> str:
    return "a person" if skill.by_hand else "agents"

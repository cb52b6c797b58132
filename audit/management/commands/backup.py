"""`manage.py backup`: the older name of `backup create`, and with `--list` of `backup list`."""

from typing import Any

from django.core.management.base import CommandParser

from audit.management.commands import backup_create, backup_list


class Command(backup_create.Command):
    older_name_of = "backup create"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--list", action="store_true", help="show the backups there are, and make none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            backup_list.show(self, as_json=options["json"])
        else:
            super().handle(*args, **options)

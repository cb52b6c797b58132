"""`manage.py prompt label`: which version is for what."""

from argparse import BooleanOptionalAction
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from config.commandline.amounts import moment
from config.commands import OperationCommand, Whole
from prompts import fields, labels, prompts
from prompts.serializers.labels import LabelSerializer


class Command(OperationCommand):
    help = "List the labels of a prompt, move one to a version, take one away."
    examples = (
        ("prompt label greeting", "which version holds what"),
        ("prompt label greeting staging 2", "what `prompt show greeting --label staging` says from now on"),
        ("prompt label greeting staging --remove", "the version stays"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt_id")
        parser.add_argument("label", nargs="?")
        parser.add_argument("number", nargs="?", type=Whole(fields.FIRST_VERSION, fields.LAST_VERSION))
        parser.add_argument("--protected", action=BooleanOptionalAction, help="whether it moves only through the gate")
        parser.add_argument("--remove", action="store_true", help="take the label away")

    def handle(self, *args: Any, **options: Any) -> None:
        prompt_id, label, number = options["prompt_id"], options["label"], options["number"]
        if label is None:
            self._list(prompt_id, as_json=options["json"])
        elif options["remove"]:
            labels.remove_label(prompt_id=prompt_id, label=label)
            self.print_json({"removed": label}) if options["json"] else self.stdout.write(f"[OK] {label} is gone")
        elif number is None:
            raise CommandError("Give the version that shall hold the label, or --remove to take it away.")
        else:
            moved = labels.move_label(prompt_id=prompt_id, label=label, version=number, protected=options["protected"])
            told = f"[OK] {moved.version} holds {label}{' (protected)' if moved.protected else ''}"
            self.print_json(LabelSerializer(moved).data) if options["json"] else self.stdout.write(told)

    def _list(self, prompt_id: str, *, as_json: bool) -> None:
        found = prompts.get_prompt(prompt_id=prompt_id).labels.select_related("version").order_by("name")
        data = LabelSerializer(found, many=True).data
        rows = [
            [
                row["label"],
                row["version"],
                "yes" if row["protected"] else "",
                moment(parse_datetime(row["moved_at"])),
                row["moved_by"],
            ]
            for row in data
        ]
        self.print_json(data) if as_json else self.table(["label", "version", "protected", "moved", "by"], rows)

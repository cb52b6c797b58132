"""`manage.py prompt gate`: would a label move to a version? For CI, by its exit code."""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import FINDINGS, OperationCommand, Whole
from prompts import fields, gate
from prompts.models import PRODUCTION
from prompts.serializers.labels import RulingSerializer


class Command(OperationCommand):
    help = "Tell whether a label would move to a version by evidence alone; exit 1 where it would not."
    examples = (
        ("prompt gate greeting 2", "may version 2 take production from the version that holds it?"),
        ("prompt gate greeting 2 --label staging --json", "the verdict, for a program"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt_id")
        parser.add_argument("number", type=Whole(fields.FIRST_VERSION, fields.LAST_VERSION))
        parser.add_argument("--label", default=PRODUCTION)

    def handle(self, *args: Any, **options: Any) -> None:
        label, number = options["label"], options["number"]
        ruling = gate.ruling_of(prompt_id=options["prompt_id"], label=label, version=number)
        if options["json"]:
            self.print_json(RulingSerializer(ruling).data)
        elif ruling.is_open:
            self.stdout.write(f"[OK] {label} may move to version {number}. {ruling.verdict.note}")
        else:
            self.stdout.write(f"[FAIL] {label} stays where it is. {ruling.why}")
        if not ruling.is_open:
            raise SystemExit(FINDINGS)

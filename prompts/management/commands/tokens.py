"""`manage.py tokens [PATH ...] [--model NAME]`: how many tokens a text has."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import offer
from config.commands import OperationCommand, text_of
from prompts import tokens
from prompts.serializers.texts import CountSerializer


class Command(OperationCommand):
    help = "Count the tokens of files, or of standard input, without a network."
    examples = (
        ("tokens notes.md", "how many tokens a file has"),
        ("tokens --model gpt-4o README.md CHANGELOG.md", "counted as that model counts"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", default=["-"], help="files; - is standard input")
        offer(parser, CountSerializer, only=["model"])

    def handle(self, *args: Any, **options: Any) -> None:
        counts = [(path, tokens.count(text=text_of(path), model=options["model"])) for path in options["paths"]]
        if options["json"]:
            self.print_json([{"path": path, **asdict(count)} for path, count in counts])
            return
        for path, count in counts:
            about = "" if count.exact else " (estimated)"
            self.stdout.write(f"{count.tokens}{about}{'' if path == '-' else f'  {path}'}")

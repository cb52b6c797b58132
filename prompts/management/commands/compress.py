"""`manage.py compress [PATH] --max-tokens N`: a text cut to a token budget."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import offer
from config.commands import OperationCommand, text_of
from prompts.compressions import compress_and_keep
from prompts.serializers.texts import CompressSerializer

LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".md": "markdown",
    ".txt": "text",
    ".log": "log",
    ".json": "json",
}


class Command(OperationCommand):
    help = "Cut a file, or standard input, to a token budget: code keeps definitions, logs and JSON what is odd."
    examples = (
        ("compress notes.md --max-tokens 2000", "the text on stdout, what was done on stderr"),
        ("compress shop.py --max-tokens 800 --model gpt-4o", "counted as that model counts"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", default="-", help="a file; - is standard input")
        offer(parser, CompressSerializer, only=["max_tokens", "language", "model"])

    def handle(self, *args: Any, **options: Any) -> None:
        language = options["language"] or LANGUAGES.get(Path(options["path"]).suffix, "")
        text = text_of(options["path"])
        wanted = {name: options[name] for name in ("max_tokens", "model")}
        found = compress_and_keep(text=text, language=language, **wanted)
        if options["json"]:
            self.print_json(asdict(found))
            return
        self.stdout.write(found.text, ending="")
        steps = ", ".join(f"{step.name} {step.tokens}" for step in found.steps) or "nothing to do"
        self.stderr.write(f"{found.original_tokens} -> {found.tokens} tokens: {steps}")

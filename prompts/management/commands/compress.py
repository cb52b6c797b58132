"""`manage.py compress [PATH] --max-tokens N`: a text cut to a token budget."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import offer
from config.commands import OperationCommand, text_of
from prompts.compression import compress
from prompts.serializers.texts import CompressSerializer

LANGUAGES = {".py": "python", ".js": "javascript", ".ts": "typescript", ".md": "markdown", ".txt": "text"}


class Command(OperationCommand):
    help = "Cut a file, or standard input, to a token budget: whitespace, comments, summary, truncation."
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
        found = compress(text, max_tokens=options["max_tokens"], language=language, model=options["model"])
        if options["json"]:
            self.print_json(asdict(found))
            return
        self.stdout.write(found.text, ending="")
        steps = ", ".join(f"{step.name} {step.tokens}" for step in found.steps) or "nothing to do"
        self.stderr.write(f"{found.original_tokens} -> {found.tokens} tokens: {steps}")

"""`manage.py prompt import PATH...`: prompts of files become versions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.arguments import offer
from config.commands import OperationCommand, text_of
from prompts.exchange import File, importing, shipping
from prompts.serializers.exchange import ImportSerializer, told

ENDINGS = {".md", ".markdown", ".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt"}
"""Of the files of a folder that are read."""


class Command(OperationCommand):
    help = "Import prompts with their test cases from files or folders: all of them, or none."
    examples = (
        ("prompt import .claude/skills --activate", "the skills of a project of Claude Code"),
        ("prompt import promptfooconfig.yaml", "prompts, tests and settings of promptfoo"),
        ("prompt import prompts.json --format langfuse", "what Langfuse's API answered"),
        ("prompt import --shipped", "the slash commands that ship with this program"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a file or a folder; - is standard input")
        parser.add_argument("--shipped", action="store_true", help="the commands that ship, instead of files")
        offer(parser, ImportSerializer, only=["format", "activate"])

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["paths"]) == options["shipped"]:
            raise CommandError("Give files or folders, or --shipped.")
        if options["shipped"]:
            done = shipping.save_shipped()
        else:
            files = [file for path in options["paths"] for file in _files(path)]
            done = importing.import_prompts(files=files, form=options["format"], activate=options["activate"])
        self.print_json(told(done)) if options["json"] else self._show(done)

    def _show(self, done: importing.Imported) -> None:
        for saved in done.saved:
            news = "saved" if saved.created else "is there already"
            self.stdout.write(f"[OK] {saved.version} {news}, {saved.version.tokens} tokens")
        self.stdout.write(f"[OK] {done.cases} test cases")
        for line in done.left:
            self.stderr.write(f"[WARN] {line}")


def _files(path: str) -> Iterator[File]:
    """A file by its name, or what lies in a folder by the path below it; hidden ones are left alone."""
    folder = Path(path)
    if not folder.is_dir():
        yield File(path="prompts.jsonl" if path == "-" else folder.name, text=text_of(path))
        return
    for found in sorted(folder.rglob("*")):
        below = found.relative_to(folder)
        if found.suffix in ENDINGS and found.is_file() and not any(part.startswith(".") for part in below.parts):
            yield File(path=f"{folder.resolve().name}/{below.as_posix()}", text=text_of(str(found)))

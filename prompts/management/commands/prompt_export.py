"""`manage.py prompt export FOLDER`: versions of prompts as files of other programs."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.arguments import offer
from config.commands import OperationCommand
from prompts.exchange import exporting
from prompts.exchange.terms import Written
from prompts.serializers.exchange import ExportedSerializer, ExportQuery


class Command(OperationCommand):
    help = "Export prompts, and the slash commands that ship, as files of agents and other programs."
    examples = (
        ("prompt export .claude/skills --format claude-skills", "every active prompt as a skill of Claude Code"),
        ("prompt export .agents/skills test-full new-migration --format codex", "two of them for Codex"),
        ("prompt export - --format jsonl", "everything that a version has, one a line"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="where the files go; - is standard output")
        parser.add_argument("prompt_ids", nargs="*", metavar="NAME", help="by default every prompt")
        parser.add_argument("--overwrite", action="store_true", help="replace files that are there and differ")
        offer(parser, ExportQuery, only=["format", "label"])

    def handle(self, *args: Any, **options: Any) -> None:
        done = exporting.export_prompts(
            form=options["format"], prompt_ids=options["prompt_ids"], label=options["label"]
        )
        if options["folder"] == "-":
            self._print(done, as_json=options["json"])
        else:
            kept = _keep(done, Path(options["folder"]), overwrite=options["overwrite"])
            self.print_json({"files": kept, "left": done.left}) if options["json"] else self._show(kept)
        for line in [] if options["json"] else done.left:
            self.stderr.write(f"[WARN] {line}")

    def _print(self, done: Written, *, as_json: bool) -> None:
        if as_json:
            self.print_json(ExportedSerializer(done).data)
        elif len(done.files) == 1:
            self.stdout.write(done.files[0].text, ending="")
        else:
            raise CommandError(f"These are {len(done.files)} files. Name a folder, or take --json.")

    def _show(self, kept: list[str]) -> None:
        for path in kept:
            self.stdout.write(f"[OK] {path}")


def _keep(done: Written, folder: Path, *, overwrite: bool) -> list[str]:
    """Write all of the files, or none where one of them would replace another text."""
    places = {folder / file.path: file.text for file in done.files}
    differ = [path for path, text in places.items() if path.exists() and path.read_bytes() != text.encode()]
    if differ and not overwrite:
        named = ", ".join(map(str, differ[:5]))
        raise CommandError(f"Nothing was written: {named} is there and says something else. --overwrite replaces it.")
    try:
        for path, text in places.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    except OSError as error:
        raise CommandError(f"Cannot write {error.filename}: {error.strerror}.") from error
    return [str(path) for path in places]

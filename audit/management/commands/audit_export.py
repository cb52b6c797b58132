"""`manage.py audit_export`: the trail as JSON, JSON lines or CSV."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.export import FORMATS, export, select
from audit.management.commands.audit import add_filters
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Write the events that match the filters, oldest first."

    def add_arguments(self, parser: CommandParser) -> None:
        add_filters(parser)
        parser.add_argument("--format", choices=FORMATS, default="json")
        parser.add_argument("--output", type=Path, help="a file that must not exist; by default stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("entity_type", "entity_id", "event_type", "start", "end")
        events = select(**{name: options[name] for name in names})
        total = events.count() if self.shows_progress else 0
        try:
            with options["output"].open("x", encoding="utf-8") if options["output"] else nullcontext() as file:
                for done, chunk in enumerate(export(events=events, form=options["format"]), start=1):
                    if file:
                        file.write(chunk)
                    else:
                        self.stdout.write(chunk, ending="")
                    if done % 1000 == 0:
                        self.progress(done, total, "events")
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error

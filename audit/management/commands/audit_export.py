"""`manage.py audit export`: the trail as JSON, JSON lines, CSV or OCSF."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.export import FORMATS, export, select
from audit.models import EventQuerySet
from audit.verdicts import OUTCOMES
from config.commands import OperationCommand, time_of

FILTERS = ("entity_type", "entity_id", "event_type", "decision", "start", "end")
"""What `audit events` and `audit export` select by."""


class Command(OperationCommand):
    help = "Write the events that match the filters, oldest first."
    examples = (
        ("audit export --format csv --output trail.csv", "the whole trail as a table"),
        (
            "audit export --start 2026-11-01T00:00:00Z --format jsonl --output november.jsonl --manifest",
            "all since a time, with a signed statement beside it",
        ),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_filters(parser)
        parser.add_argument("--format", choices=FORMATS, default="json")
        parser.add_argument("--output", type=Path, help="a file that must not exist; by default stdout")
        parser.add_argument("--manifest", action="store_true", help="write a signed statement beside the file")

    def handle(self, *args: Any, **options: Any) -> None:
        filters = {name: options[name] for name in FILTERS}
        if options["manifest"] and options["output"] is None:
            raise CommandError("A manifest lies beside a file: give --output too.")
        count = self.write(options["output"], select(**filters), options["format"])
        if options["manifest"]:
            from audit.ledger import manifest  # its cryptography takes 7 MB

            given = {name: str(value) for name, value in filters.items() if value}
            path = manifest.write(export=options["output"], events=count, filters=given)
            self.stdout.write(f"[OK] {count:,} events; signed in {path}")

    def write(self, output: Path | None, events: EventQuerySet, form: str) -> int:
        """Write the events; returns how many there were, where somebody wants to know."""
        total = events.count() if self.shows_progress or output else 0
        try:
            with output.open("x", encoding="utf-8", newline="") if output else nullcontext() as file:
                for done, chunk in enumerate(export(events=events, form=form), start=1):
                    if file:
                        file.write(chunk)
                    else:
                        self.stdout.write(chunk, ending="")
                    if done % 1000 == 0:
                        self.progress(done, total, "events")
                self.progress(total, total, "events")
        except OSError as error:
            raise CommandError(f"Cannot write {output}: {error.strerror}.") from error
        return total


def add_filters(parser: Any) -> None:
    """Options for FILTERS."""
    for name in ("entity-type", "entity-id", "event-type"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--decision", choices=OUTCOMES, help="of tool calls")
    for name in ("start", "end"):
        parser.add_argument(f"--{name}", type=time_of, metavar="ISO-8601")

"""`manage.py audit seal`: hold every recorded event by a signed checkpoint, now."""

from typing import Any

from django.core.management.base import CommandParser

from audit import capture
from audit.ledger import sealing
from audit.models import Event
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Seal events into the ledger and sign a checkpoint. Beat does this every minute."
    examples = (
        ("audit seal", "hold what was recorded by a signed checkpoint, before an export"),
        ("audit seal --json", "the same, with the numbers for a program"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebase", action="store_true", help="once, after a restore into another PostgreSQL")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rebase"]:
            self.stdout.write(f"[OK] transaction ids now count from {sealing.rebase()}")
        capture.collect()
        total = Event.objects.count() - sealing.size() if self.shows_progress else 0
        sealed = sealing.seal(progress=lambda done: self.progress(done, total, "events"))
        if options["json"]:
            self.print_json({"events": sealed.events, "size": sealed.size})
        else:
            self.stdout.write(f"[OK] {sealed.events:,} events sealed, {sealed.size:,} in all")

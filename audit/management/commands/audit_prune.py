"""`manage.py audit prune`: remove old events by AUDIT_RETENTION_DAYS, or erase one payload; proofs stay."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from audit import retention
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Remove events past the days AUDIT_RETENTION_DAYS gives their type, or erase the payload of one event."
    examples = (
        ("audit prune --dry-run", "how many events are past their days"),
        (
            "audit prune --erase 01a22a2d-afa6-7024-adeb-0f895a2145d4 --reason 'asked for by the person'",
            "erase what one event says; its proof stays",
        ),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--erase", metavar="UID", help="erase this event's payload instead")
        parser.add_argument("--reason", default="", help="why it is erased")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["erase"]:
            event = retention.erase(uid=options["erase"], reason=options["reason"])
            self.stdout.write(f"[OK] the payload is erased, event {event.uid} says so")
        elif options["dry_run"]:
            self.stdout.write(f"[OK] {_expired():,} events would be removed")
        else:
            total = _expired() if self.shows_progress else 0
            removed = retention.prune(progress=lambda done: self.progress(done, total, "events"))
            self.stdout.write(f"[OK] {removed:,} events removed")


def _expired() -> int:
    return retention.expired(settings.AUDIT_RETENTION_DAYS, timezone.now()).count()

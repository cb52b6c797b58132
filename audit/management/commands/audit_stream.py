"""`manage.py audit stream`: send the trail on to the SIEM now, which the worker does each minute."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from audit import streaming
from config.commandline.amounts import moment
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Send sealed events that the receiver (AUDIT_STREAM_URL) has not confirmed yet."
    examples = (
        ("audit stream --status", "how many events wait, and what the receiver said last"),
        ("audit stream", "send them now"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--status", action="store_true", help="only say where the stream stands")
        parser.add_argument("--restart", action="store_true", help="begin at the first event again")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["restart"]:
            streaming.restart()
        sent = 0 if options["status"] else self.send()
        standing = streaming.standing()
        if options["json"]:
            self.print_json({"sent": sent, **asdict(standing)})
            return
        if not options["status"]:
            self.stdout.write(f"[OK] {sent:,} events sent to {standing.receiver}")
        last = moment(standing.last_sent_at) if standing.last_sent_at else "never"
        self.stdout.write(f"{standing.waiting:,} sealed events wait; the last was sent {last}")
        if standing.failure:
            self.stdout.write(f"[WARN] the last try: it {standing.failure}")

    def send(self) -> int:
        total = streaming.standing().waiting if self.shows_progress else 0
        return streaming.send(progress=lambda done: self.progress(done, total, "events"))

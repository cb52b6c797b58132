"""`manage.py guard -- COMMAND...`: run one command if the rules allow it."""

import signal
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from audit.permissions import guard
from config.commands import OperationCommand

TIMED_OUT = 124
"""As timeout(1) says it."""


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


class Command(OperationCommand):
    help = "Decide on a command by the rules, run it without a shell inside a project, and record what became of it."
    examples = (
        ("guard -- npm test", "run it if the rules allow it, and record what became of it"),
        ("guard --timeout 60 --root ./shop -- pytest -q", "inside one project, for a minute at most"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--root", type=Path, default=Path(), help="the project; by default the working folder")
        parser.add_argument("--timeout", type=float, default=guard.TIMEOUT_SECONDS, metavar="SECONDS")
        parser.add_argument("--max-output", type=int, default=guard.MAX_OUTPUT_BYTES, metavar="BYTES")
        parser.add_argument("--yes", action="store_true", help="you have read the command and confirm it")
        parser.add_argument("--session", default="", help="the agent session it belongs to")
        parser.add_argument("command", nargs="+", help="after --")

    def handle(self, *args: Any, **options: Any) -> None:
        before = signal.signal(signal.SIGTERM, _end)  # so that the command ends with us
        try:
            outcome = guard.run(
                options["command"],
                root=options["root"],
                timeout_seconds=options["timeout"],
                max_output_bytes=options["max_output"],
                confirmed=options["yes"],
                session_id=options["session"],
            )
        finally:
            signal.signal(signal.SIGTERM, before)
        if options["json"]:
            self.print_json(outcome.as_dict())
        else:
            self.stdout.write(outcome.stdout.decode(errors="replace"), style_func=str, ending="")  # its own colours
            self.stderr.write(outcome.stderr.decode(errors="replace"), style_func=str, ending="")
        if outcome.timed_out:
            self.stderr.write(f"[FAIL] killed after {options['timeout']:g} s")
            sys.exit(TIMED_OUT)
        # A signal's number is negative here and 128 more in a shell.
        code = outcome.exit_code or 0
        sys.exit(code if code >= 0 else 128 - code)

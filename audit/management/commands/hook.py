"""`manage.py hook AGENT`: answer an agent's hook on stdin and stdout. Any failure is exit code 2, which blocks.

manage.py hands this command to audit.permissions.fast_hook first, which answers without Django when it can, and
watches over this.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from audit.dialects import AGENTS, dialect_of
from audit.dialects.dialect import NOT_JUDGED, Ended
from audit.permissions import decisions, hooks, store
from config.commands import OperationCommand

logger = logging.getLogger(__name__)


class Command(OperationCommand):
    help = "Answer an agent's hook: JSON on stdin, its dialect's answer on stdout, exit 2 to block."
    examples = (
        ("hook claude", "what the PreToolUse hook of Claude Code calls, with its JSON on stdin"),
        ("rules decide 'git push --force origin main'", "to see the same answer without an agent"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agent", choices=AGENTS)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Exception as error:  # every failure blocks; exit code 1 would let the tool run
            logger.debug("The hook failed", exc_info=True)
            self.stderr.write(f"{NOT_JUDGED}: {error}")
            sys.exit(2)

    def handle(self, *args: Any, **options: Any) -> None:
        payload = hooks.parse(sys.stdin.buffer.read(hooks.MAX_BYTES + 1))
        reply = decisions.answer_hook(
            agent=options["agent"],
            payload=dialect_of(options["agent"]).wrapped(payload, os.environ),
            local=True,
            root=os.environ.get("CLAUDE_PROJECT_DIR", ""),
            home=str(Path.home()),
        )
        store.compile_rules()  # the next hook answers without Django
        if reply.sentence:
            self.stderr.write(reply.sentence)
        self.stdout.write(json.dumps(reply.answer))
        if reply.exit_code:
            raise Ended(reply.exit_code)

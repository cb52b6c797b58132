"""`manage.py tell AGENT`: what an agent's hook runs as the agent stops: takes what its models took. Refuses nothing."""

import json
import sys
from typing import Any

from django.core.management.base import CommandParser

from audit.agents import hook, tell
from audit.permissions import decisions
from audit.sessions.serializers import UsageSerializer
from audit.sessions.usage import tell_usage
from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Take what an agent's hook tells on stdin: a prompt, or that it stops and what its models took."
    examples = (
        ("tell claude", "what the Stop hook of Claude Code calls, with its JSON on stdin"),
        ("sessions list", "the sessions, with tokens and cost"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agent", choices=sorted(tell.FOLDERS))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            payload = json.loads(sys.stdin.buffer.read(hook.MAX_BYTES))
            if tell.is_prompt(payload):
                decisions.answer_hook(agent=options["agent"], payload=payload, local=True)
                return
            session_id, responses = tell.account(options["agent"], payload)
        except (ValueError, RecursionError, OSError, tell.Untold) as error:
            self.stderr.write(f"Nothing was told: {error}")  # an agent that stops is not kept from it
            return

        def take(batch: list[dict[str, Any]]) -> int:
            body = UsageSerializer(data={"agent": options["agent"], "responses": batch})
            body.is_valid(raise_exception=True)
            return tell_usage(session_id=session_id, **body.validated_data).total

        tell.send(responses, take)

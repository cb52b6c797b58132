"""`manage.py sessions list|show`: what agents did, session by session."""

from typing import Any

from django.core.management.base import CommandParser

from audit.models import AgentSession, AgentSessionQuerySet
from audit.sessions.serializers import SessionPageSerializer, SessionSerializer
from audit.sessions.steps import SessionNotFound, Step, call_text, find_session, prompts_of, steps_of, touched
from audit.sessions.usage import parts_of
from config.commandline.amounts import NOTHING, dollars, moment
from config.commands import OperationCommand, count_of

WAYS = ("agent", "person", "project", "model")
"""By which sessions are narrowed."""
SHOWN = 70
"""Characters of a call."""


class Command(OperationCommand):
    help = "Show sessions of agents: which there were, and what was asked, decided and run in one."
    examples = (
        ("sessions list --agent claude", "the last sessions of one agent"),
        ("sessions show 0b5c6a2e-5d0c-4f0e-9c0a-3f8f1c9d7e11", "every call of one, with what was decided"),
        ("sessions show --agent codex", "the same of its latest"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="the sessions there were, the latest first")
        listing.add_argument("--limit", type=count_of, default=20)
        showing = verbs.add_parser("show", help="the calls of one, in order")
        showing.add_argument("session_id", nargs="?", default="", help="else the latest one")
        for verb in (listing, showing):
            for name in WAYS:
                verb.add_argument(f"--{name}", default="", help=f"of this {name} alone")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self.list, "show": self.show}[options["verb"]](options)

    def list(self, options: dict[str, Any]) -> None:
        found = _wanted(options)[: options["limit"]]
        if options["json"]:
            self.print_json(SessionSerializer(found, many=True).data)
            return
        rows = [
            [
                *(moment(row.last_at), row.agent, row.person, row.calls, row.denied, row.asked),
                *(row.model or NOTHING, _counted(row), row.cost_told or NOTHING, row.session_id),
            ]
            for row in found
        ]
        headers = ["last call", "agent", "person", "calls", "denied", "asked", "model", "tokens", "cost", "session"]
        self.table(headers, rows)

    def show(self, options: dict[str, Any]) -> None:
        session = self._session(options)
        if options["json"]:
            self.print_json(SessionPageSerializer(session).data)
            return
        steps = steps_of(session)
        self.stdout.write(f"{session.agent} of {session.person} in {session.project or 'no folder it named'}")
        self.stdout.write(
            f"{_counted(session)} tokens of {session.responses} responses, {session.cost_told or 'cost unknown'}"
        )
        for part in parts_of(session):
            who = f" ({part.agent_id})" if part.agent_id else ""
            self.stdout.write(f"  {part.model or 'unknown model'}{who}: {dollars(part.cost_micros)}")
        for prompt in prompts_of(session):
            self.stdout.write(f"asked {moment(prompt.timestamp)}: {call_text(prompt.text)[:SHOWN]}")
        self.table(["time", "decision", "outcome", "tool", "call"], [_row(step) for step in steps])
        for path in touched(steps):
            self.stdout.write(f"edited {path}")

    def _session(self, options: dict[str, Any]) -> AgentSession:
        if options["session_id"]:
            return find_session(session_id=options["session_id"])
        latest = _wanted(options).first()
        if latest is None:
            raise SessionNotFound("There is no such session yet. One appears within a minute of its first call.")
        return latest


def _wanted(options: dict[str, Any]) -> AgentSessionQuerySet:
    """The sessions that are asked for, the latest first."""
    wanted = {name: options[name] for name in WAYS if options[name]}
    return AgentSession.objects.filter(**wanted).newest_first()


def _row(step: Step) -> list[Any]:
    return [moment(step.timestamp), step.decision or "", step.outcome or "", step.tool, call_text(step.input)[:SHOWN]]


def _counted(session: AgentSession) -> str:
    return NOTHING if session.tokens is None else f"{session.tokens:,}"

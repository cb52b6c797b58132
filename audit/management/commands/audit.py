"""`manage.py audit record|events|history|rollback`: the trail from a shell."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit import limits, reports, rollback, trail
from audit.export import select
from audit.management.commands.audit_export import FILTERS, add_filters
from audit.models import Event
from audit.serializers import EventSerializer, NewEventSerializer, RollbackSerializer
from config.arguments import given, offer, reads
from config.commandline.amounts import moment
from config.commands import OperationCommand, Whole, count_of

DETAILS = (
    "event_type",
    "entity_type",
    "entity_id",
    "user",
    "context",
    "timestamp",
    "agent",
    "session_id",
    "tool_use_id",
)


class Command(OperationCommand):
    help = "Record events, look them up, and roll an entity back."
    examples = (
        ("audit events --entity-type prompt --limit 5", "the last five events about prompts"),
        ("audit events --decision deny", "what agents were refused lately"),
        ("audit history prompt triage-ticket", "what happened to one prompt, newest first"),
        ("audit rollback prompt triage-ticket --dry-run", "what a rollback by one step would change"),
        ('audit record deploy.finished service shop --new \'{"version": "1.4"}\'', "record an event of your own"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        record = verbs.add_parser("record", help="record an event")
        offer(record, NewEventSerializer, first=["event_type", "entity_type", "entity_id"], only=DETAILS)
        for name, text in (("old", "state before"), ("new", "state after")):
            value = reads(NewEventSerializer, f"{name}_value")
            record.add_argument(f"--{name}", dest=f"{name}_value", type=value, metavar="JSON", help=text)
        events = verbs.add_parser("events", help="list events, newest first")
        add_filters(events)
        events.add_argument("--limit", type=count_of, default=20)
        history = verbs.add_parser("history", help="what happened to an entity, newest first")
        add_entity(history)
        history.add_argument("--limit", type=Whole(1, limits.MOST_SHOWN), default=limits.USUALLY_SHOWN)
        back = verbs.add_parser("rollback", help="restore an earlier state of an entity")
        back.add_argument("entity_type", nargs="?")
        back.add_argument("entity_id", nargs="?")
        back.add_argument("--correlation-id", help="undo everything of one request, command or job instead")
        back.add_argument("--to", metavar="UID", help="the event whose state comes back; else the one before the last")
        back.add_argument("--based-on", metavar="UID", help="the last event you know of; a later one is a conflict")
        back.add_argument("--reason", type=reads(RollbackSerializer, "reason"), default="")
        back.add_argument("--force", action="store_true", help="overwrite what is not as the trail left it")
        back.add_argument("--dry-run", action="store_true", help="only say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs = {"record": self.record, "events": self.events, "history": self.history, "rollback": self.roll_back}
        verbs[options["verb"]](options)

    def record(self, options: dict[str, Any]) -> None:
        new = trail.NewEvent(**given(options, NewEventSerializer))
        self.show(reports.report(events=[new]), options)

    def events(self, options: dict[str, Any]) -> None:
        found = select(**{name: options[name] for name in FILTERS})
        self.show(list(found.newest_first()[: options["limit"]]), options)

    def history(self, options: dict[str, Any]) -> None:
        entity = {"entity_type": options["entity_type"], "entity_id": options["entity_id"]}
        self.show(trail.history(**entity, limit=options["limit"]), options)

    def roll_back(self, options: dict[str, Any]) -> None:
        entity = {name: options[name] for name in ("entity_type", "entity_id")}
        group = options["correlation_id"]
        if bool(group) == bool(entity["entity_id"]):
            raise CommandError("Name an entity by its type and id, or a --correlation-id.")
        plans = rollback.plan_group(correlation_id=group) if group else [rollback.plan(**entity, to=options["to"])]
        for plan in plans:
            self.stdout.write(f"{plan.entity_type} {plan.entity_id}")
            for change in plan.changes:
                self.stdout.write(f"  {change.kind} {change.path or 'value'}: {change.old!r} -> {change.new!r}")
            for conflict in plan.conflicts:
                self.stdout.write(f"  [WARN] not as the trail left it: {conflict.path or 'value'}")
            if not plan.in_place:
                self.stdout.write("  [WARN] only recorded: nothing here writes such an entity. Change it there.")
        if options["dry_run"]:
            return
        how = {"reason": options["reason"], "force": options["force"]}
        if group:
            events = rollback.apply_group(correlation_id=group, **how)
        else:
            asked = {name: options[name] for name in ("to", "based_on")}
            events = [rollback.apply(**entity, **asked, **how)]
        for event in events:
            self.stdout.write(f"[OK] rolled back, event {event.uid}")

    def show(self, events: list[Event], options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(EventSerializer(events, many=True).data)
            return
        rows = [
            [moment(event.timestamp), event.event_type, event.entity_type, event.entity_id, event.user, event.uid]
            for event in events
        ]
        self.table(["time", "event", "type", "entity", "user", "uid"], rows)


def add_entity(parser: Any) -> None:
    parser.add_argument("entity_type")
    parser.add_argument("entity_id")

"""`manage.py schedules`: who is on call, and who takes turns."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.models import Schedule
from escalation.oncall import duty, schedules
from escalation.oncall.serializers import (
    NewOverrideSerializer,
    NewScheduleSerializer,
    OnCallQuerySerializer,
    OverrideSerializer,
    ScheduleSerializer,
    ScheduleUpdateSerializer,
    ShiftsQuerySerializer,
)

ROTATION = '{"people": ["kim", "dana"], "starts_on": "2026-11-30", "at": "09:00", "days": 7}'


class Command(OperationCommand):
    help = "Say who take turns in being on call, who stands in, and see who is on call."
    examples = (
        (f"schedules add primary --rotation '{ROTATION}' --timezone Europe/Berlin", "turns of a week"),
        ("schedules list", "the schedules there are"),
        ("schedules show primary", "its rotations, and who stands in"),
        ("schedules change primary --timezone Europe/Madrid", "what is left out stays"),
        ("schedules on-call", "who is on call now, until when, and who follows"),
        ("schedules shifts primary", "the next two weeks"),
        ("schedules override primary sam --ends-at 2026-12-24T18:00", "Sam stands in from now on"),
        ("schedules end-override primary 01930000-0000-7000-8000-000000000000", "nobody stands in any more"),
        ("schedules remove primary", "with all who stand in"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the schedules there are")
        verbs.add_parser("show", help="one with who stands in").add_argument("name")
        offer(verbs.add_parser("on-call", help="who is on call by each"), OnCallQuerySerializer)
        offer(verbs.add_parser("add", help="add a schedule"), NewScheduleSerializer, first=["name"])
        changing = verbs.add_parser("change", help="change it; what is left out stays as it is")
        changing.add_argument("name")
        offer(changing, ScheduleUpdateSerializer, partial=True)
        shifts = verbs.add_parser("shifts", help="who is on call when")
        shifts.add_argument("name")
        offer(shifts, ShiftsQuerySerializer)
        override = verbs.add_parser("override", help="let somebody stand in")
        override.add_argument("name")
        offer(override, NewOverrideSerializer, first=["person"])
        ending = verbs.add_parser("end-override", help="nobody stands in any more")
        ending.add_argument("name")
        ending.add_argument("override_id", help="`schedules show` has it")
        verbs.add_parser("remove", help="remove it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb'].replace('-', '_')}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(schedules.list_schedules())
        if options["json"]:
            self.print_json(ScheduleSerializer(found, many=True).data)
            return
        self.table(["name", "time zone", "people"], [[each.name, each.timezone, _people(each)] for each in found])

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(ScheduleSerializer(schedules.find_schedule(name=options["name"])).data)

    def do_on_call(self, options: dict[str, Any]) -> None:
        found = duty.on_call(**given(options, OnCallQuerySerializer))
        if options["json"]:
            self.print_json([asdict(each) for each in found])
            return
        rows = [[each.schedule, each.person or "nobody", each.until or "-", each.next_person or "-"] for each in found]
        self.table(["schedule", "on call", "until", "then"], rows)

    def do_shifts(self, options: dict[str, Any]) -> None:
        found = duty.list_shifts(name=options["name"], **given(options, ShiftsQuerySerializer))
        if options["json"]:
            self.print_json([asdict(shift) for shift in found])
            return
        rows = [[shift.starts_at, shift.ends_at, shift.person or "nobody"] for shift in found]
        self.table(["from", "until", "on call"], rows)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(schedules.add_schedule(**given(options, NewScheduleSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, ScheduleUpdateSerializer)
        self._done(schedules.change_schedule(name=options["name"], **changes), options)

    def do_override(self, options: dict[str, Any]) -> None:
        made = schedules.add_override(name=options["name"], **given(options, NewOverrideSerializer))
        shown = OverrideSerializer(made).data
        self.print_json(shown) if options["json"] else self.stdout.write(f"[OK] {made} ({made.pk})")

    def do_end_override(self, options: dict[str, Any]) -> None:
        schedules.remove_override(name=options["name"], override_id=options["override_id"])
        gone = {"removed": options["override_id"]}
        self.print_json(gone) if options["json"] else self.stdout.write("[OK] removed")

    def do_remove(self, options: dict[str, Any]) -> None:
        schedules.remove_schedule(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, schedule: Schedule, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(ScheduleSerializer(schedule).data)
        else:
            self.stdout.write(f"[OK] {schedule.name}: {_people(schedule)}")


def _people(schedule: Schedule) -> str:
    return "; ".join(", ".join(rotation["people"]) for rotation in schedule.rotations)

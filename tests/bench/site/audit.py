"""CPU of one recorded change beside save() alone, in one process and in turns; prints JSON."""

import json
import statistics
import time

import django

django.setup()

from django.db import transaction  # noqa: E402

from audit.trail import record  # noqa: E402
from tests.bench.site.models import Note  # noqa: E402

COUNT, ROUNDS = 300, 7
note = Note.objects.create(name="measured", owner="bench", value={"a": 1})


def change(number: int) -> None:
    note.count = number
    note.value = {"a": number}
    note.save()


def plain() -> None:
    for number in range(COUNT):
        change(number)


def recorded() -> None:
    for number in range(COUNT):
        with transaction.atomic():
            change(number)
            record(
                event_type="note.changed",
                entity_type="note",
                entity_id=str(note.pk),
                old_value={"count": number - 1, "value": {"a": number - 1}},
                new_value={"count": number, "value": {"a": number}},
            )


spent: dict[str, list[tuple[float, float]]] = {"save": [], "recorded": []}
for _ in range(ROUNDS):
    for name, run in (("save", plain), ("recorded", recorded)):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        spent[name].append(((time.process_time() - cpu) / COUNT, COUNT / (time.perf_counter() - wall)))
print(
    json.dumps(
        {
            name: {
                "cpu_us": round(statistics.median(cpu for cpu, _ in rounds) * 1e6),
                "per_second": round(statistics.median(rate for _, rate in rounds)),
            }
            for name, rounds in spent.items()
        }
    )
)

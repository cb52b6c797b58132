"""One of several processes that use the same cache at once: python -m tests.visioncache.writer NAME ROUNDS.

It says "ready", waits for a line, works, and prints what happened; with ROUNDS 0 it prints what the database holds.
As "doomed" it looks up until it is killed, and says "answered N" and, when a flush has ended, "written N".
"""

import json
import os
import sys
from itertools import count
from typing import Any

import django

django.setup()

from tests.visioncache.makers import ask, make_entry, picture  # noqa: E402
from visioncache import counting  # noqa: E402
from visioncache.models import Entry, EntryStat, Lease, Tally  # noqa: E402


def work(name: str, rounds: int) -> dict[str, Any]:
    created = hits = 0
    for number in range(rounds):
        created += make_entry(f"contended-{number}", extracted_data={"by": name}, tags=[name]).created
        hits += ask("counted").hit
    leases = [ask(f"cold-{number}", lease=True).lease for number in range(rounds)]
    return {"created": created, "hits": hits, "granted": sum(lease.status == "granted" for lease in leases if lease)}


def look_up_for_ever() -> None:
    answered, flush = 0, counting.flush

    def flush_and_tell() -> bool:
        begun_with = answered
        written = flush()
        os.write(1, f"written {begun_with if written else 0}\n".encode())
        return written

    counting.FLUSHER.flush = flush_and_tell
    for number in count():
        assert ask("counted").hit
        assert not ask(f"missing {number % 50}").hit
        answered += 1
        os.write(1, f"answered {answered}\n".encode())


def report() -> dict[str, Any]:
    contended = Entry.objects.exclude(image_hash=picture("counted")).prefetch_related("tag_rows")
    tallies = Tally.objects.values_list("hits", "misses", "waits")
    return {
        "entries": contended.count(),
        "whole": all([e.extracted_data["by"]] == e.tags == [tag.name for tag in e.tag_rows.all()] for e in contended),
        "hit_count": sum(EntryStat.objects.values_list("hit_count", flat=True)),
        "leases": Lease.objects.count(),
        "tallies": [sum(column) for column in zip(*tallies, strict=True)],
    }


if __name__ == "__main__":
    name, rounds = sys.argv[1], int(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    if name == "doomed":
        look_up_for_ever()
    print(json.dumps(work(name, rounds) if rounds else report()), flush=True)

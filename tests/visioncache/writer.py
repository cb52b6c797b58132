"""One of several processes that use the same cache at once: python -m tests.visioncache.writer NAME ROUNDS.

It says "ready", waits for a line, works, and prints what happened; with ROUNDS 0 it prints what the database holds.
"""

import json
import sys
from typing import Any

import django

django.setup()

from tests.visioncache.makers import ask, make_entry, picture  # noqa: E402
from visioncache.models import Entry, Lease, Tally  # noqa: E402


def work(name: str, rounds: int) -> dict[str, Any]:
    created = hits = 0
    for number in range(rounds):
        created += make_entry(f"contended-{number}", extracted_data={"by": name}, tags=[name]).created
        hits += ask("counted").hit
    leases = [ask(f"cold-{number}", lease=True).lease for number in range(rounds)]
    return {"created": created, "hits": hits, "granted": sum(lease.status == "granted" for lease in leases if lease)}


def report() -> dict[str, Any]:
    contended = Entry.objects.exclude(image_hash=picture("counted")).prefetch_related("tag_rows")
    tallies = Tally.objects.values_list("hits", "misses", "waits")
    return {
        "entries": contended.count(),
        "whole": all([e.extracted_data["by"]] == e.tags == [tag.name for tag in e.tag_rows.all()] for e in contended),
        "hit_count": Entry.objects.get(image_hash=picture("counted")).hit_count,
        "leases": Lease.objects.count(),
        "tallies": [sum(column) for column in zip(*tallies, strict=True)],
    }


if __name__ == "__main__":
    name, rounds = sys.argv[1], int(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(work(name, rounds) if rounds else report()), flush=True)

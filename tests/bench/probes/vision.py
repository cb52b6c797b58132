"""Look-ups in the vision cache, in process: 20,000 entries, asked for as often as Zipf's law has it."""

import hashlib
import random
import runpy
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from config.keys import create_key
from visioncache.identity import identify
from visioncache.lookups import Lookup, look_up
from visioncache.models import Entry

ENTRIES, MODEL = 20_000, "acme-1"
REQUEST = {"prompt": "What does the status line say?", "parameters": {"temperature": 0, "max_tokens": 512}}
DATA = {"status": "PASSED", "lines": [f"line {number}: all is well with this one" for number in range(20)]}


def cases() -> dict[str, Callable[[], object]]:
    fill(ENTRIES)
    user = User.objects.create_superuser("bench", password="only for measuring")
    _, key = create_key(name="bench", scope="admin", user=user)
    ask = runpy.run_path(str(Path(__file__).with_name("rest.py")))["ask"]
    pictures, absent = asked_for(), picture(-1)

    def by_rest() -> bytes:
        body = {"image_hash": next(pictures), "model_version": MODEL, "request": REQUEST}
        return ask(key, "POST", "/api/v1/visioncache/lookup", body=body)

    return {
        "hit": lambda: found(next(pictures)),
        "hit, of any model": lambda: found(next(pictures), model_version=None),
        "hit, asking for a lease": lambda: found(next(pictures), lease=True),
        "miss of an unknown image": lambda: look_up(image_hash=absent, model_version=MODEL),
        "hit, by REST": by_rest,
    }


def found(image_hash: str, **options: Any) -> Lookup:
    answer = look_up(**{"image_hash": image_hash, "model_version": MODEL, "request": REQUEST, **options})
    assert answer.hit
    return answer


def picture(number: int) -> str:
    return hashlib.sha256(f"image {number}".encode()).hexdigest()


def asked_for() -> Iterator[str]:
    """Images without end, the same ones in every run."""
    chance = random.Random(1)
    ranks = list(range(ENTRIES))
    chance.shuffle(ranks)
    weights = [1 / (rank + 1) for rank in range(ENTRIES)]
    return cycle([picture(number) for number in chance.choices(ranks, weights, k=10_000)])


def fill(count: int, **fields: Any) -> None:
    """So many entries, as storing makes them."""
    now = timezone.now()
    terms = {"confidence_score": 0.9, "size_bytes": 900, "stored_at": now, "expires_at": now + timedelta(days=300)}
    rows = []
    for number in range(count):
        identity = identify(image_hashes=[picture(number)], model_version=MODEL, request=REQUEST)
        keys = {"key": identity.key, "question_key": identity.question_key, "request_hash": identity.request_hash}
        what = {"namespace": "default", "image_hash": picture(number), "image_hashes": [picture(number)]}
        rows.append(
            Entry(model_version=MODEL, request=REQUEST, extracted_data=DATA, **what, **keys, **{**terms, **fields})
        )
    Entry.objects.bulk_create(rows, batch_size=2_000)

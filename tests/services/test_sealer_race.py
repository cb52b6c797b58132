"""Writers whose transactions commit in another order than they began, and sealers among them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import postgres
from tests.services.stack import ROOT, stack
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services

RACE = """
import random, time, django
from concurrent.futures import ThreadPoolExecutor
django.setup()
from django.db import connection, transaction
from audit import trail
from audit.ledger import sealing as ledger, verification
from audit.models import Event, Tile

def write(writer):
    for number in range(60):
        with transaction.atomic():
            trail.record(event_type="race.run", entity_type="race", entity_id=f"{writer}-{number}")
            time.sleep(random.random() * 0.05)
    connection.close()

def seal(running):
    while not all(future.done() for future in running):
        ledger.seal()
        time.sleep(0.02)
    connection.close()

with ThreadPoolExecutor(14) as pool:
    writers = [pool.submit(write, number) for number in range(12)]
    sealers = [pool.submit(seal, writers) for _ in range(2)]
    for future in [*writers, *sealers]:
        future.result()
ledger.seal()
sealed = [id_ for tile in Tile.objects.all() for id_ in ledger.event_ids(tile)]
print(Event.objects.count(), len(sealed), len(set(sealed)), verification.verify().valid)
"""


def test_twelve_writers_lose_no_event_to_the_sealers_and_none_is_sealed_twice(tmp_path: Path) -> None:
    try:
        server = postgres.cluster()
        with server as cluster, stack(tmp_path, database_url=cluster.url, settings="config.settings") as made:
            said = subprocess.run(
                [sys.executable, "-c", RACE], env=made.env, cwd=ROOT, capture_output=True, text=True, check=False
            )
    except ServerMissing as missing:
        pytest.skip(str(missing))
    assert said.stdout.split() == ["720", "720", "720", "True"], said.stderr

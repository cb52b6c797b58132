"""Nothing acknowledged is lost over twenty kills of each child under load. Run by `make prove`; about six minutes each.

tests/services/test_deaths.py is the sample of it that every test run takes.
"""

import sys
from pathlib import Path

import pytest

from tests.services.deaths import CHILDREN, kill_under_load
from tests.services.postgres import cluster
from tests.services.service import Service
from tests.services.throwaway import ServerMissing

ROUNDS = 20


def prove(service: Service) -> None:
    try:
        load = kill_under_load(service, rounds=ROUNDS)
    finally:
        service.kill()
    deaths = service.output.read_text().count("signal 9 (SIGKILL); it starts again")
    assert deaths == ROUNDS * len(CHILDREN)
    sys.stdout.write(
        f"\n{deaths} kills: {len(load.events)} events and {len(load.jobs)} jobs acknowledged, none lost; "
        f"{load.refused} requests refused\n"
    )


def test_on_sqlite(tmp_path: Path) -> None:
    prove(Service(tmp_path, THROTTLE_RATE="0/minute"))


def test_on_postgresql(tmp_path: Path) -> None:
    try:
        with cluster(durable=True) as server:
            prove(Service(tmp_path, DATABASE_URL=server.url, THROTTLE_RATE="0/minute"))
    except ServerMissing as error:
        pytest.skip(str(error))

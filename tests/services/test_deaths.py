"""A killed child is replaced, and nothing acknowledged is lost: one round of tests/proofs/prove_deaths.py."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.deaths import CHILDREN, kill_under_load
from tests.services.postgres import cluster
from tests.services.service import Service
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path, THROTTLE_RATE="0/minute")
    yield made
    made.kill()


def test_every_child_comes_back_after_a_kill_and_nothing_acknowledged_is_lost(service: Service) -> None:
    load = kill_under_load(service, rounds=1, apart=0)
    assert load.events
    assert load.jobs
    log = service.output.read_text()
    components = {found["name"]: found for found in json.loads(service.get("/health/ready")[2])["components"]}
    for victim in CHILDREN:
        assert f"[WARN] {victim} ended: signal 9 (SIGKILL); it starts again in 0.5 s" in log
        assert f"[OK] {victim} runs again" in log
        told = components[f"process {victim}"]
        assert told["status"] == "warn"
        assert "of signal 9 (SIGKILL); runs again" in told["detail"]


def test_it_holds_on_postgresql(tmp_path: Path) -> None:
    try:
        with cluster() as server:
            service = Service(tmp_path, DATABASE_URL=server.url, THROTTLE_RATE="0/minute")
            try:
                kill_under_load(service, rounds=1, victims=["worker", "web"], apart=0)
            finally:
                service.kill()
    except ServerMissing as error:
        pytest.skip(str(error))

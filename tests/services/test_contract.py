"""The running service keeps its contract on either database, each change of it tried with requests of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.contract import fuzz, seed_of_the_code
from tests.services.postgres import cluster
from tests.services.throwaway import ServerMissing

SLOW = ["/api/v1/schemacheck/migrations/trial"]  # runs every migration on a copy, for each request
EXAMPLES = 5  # two to three minutes; `make prove` looks longer


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    try:
        with cluster() as server:
            yield server.url
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.mark.services
@pytest.mark.timeout(1800)
@pytest.mark.skipif("CI" not in os.environ, reason="takes minutes: set CI=true, or run make prove")
def test_schemathesis_finds_nothing(tmp_path: Path, database_url: str) -> None:
    seed = seed_of_the_code()
    done = fuzz(tmp_path, seed=seed, examples=EXAMPLES, database_url=database_url, without=SLOW)
    assert done.returncode == 0, f"Seed {seed}\n{done.stdout}\n{done.stderr}"

"""The running service keeps its contract on either database, each change of it tried with requests of its own."""

import os
from pathlib import Path

import pytest

from tests.services.contract import fuzz, seed_of_the_code

SLOW = ["/api/v1/schemacheck/migrations/trial"]  # runs every migration on a copy, for each request
EXAMPLES = 5  # two to three minutes; `make prove` looks longer


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database; SQLite needs none."""
    return "" if request.param == "sqlite" else request.getfixturevalue("server").url


@pytest.mark.services
@pytest.mark.timeout(1800)
@pytest.mark.skipif("CI" not in os.environ, reason="takes minutes: set CI=true, or run make prove")
def test_schemathesis_finds_nothing(tmp_path: Path, database_url: str) -> None:
    seed = seed_of_the_code()
    done = fuzz(tmp_path, seed=seed, examples=EXAMPLES, database_url=database_url, without=SLOW)
    assert done.returncode == 0, f"Seed {seed}\n{done.stdout}\n{done.stderr}"

"""schemathesis finds nothing on fresh seeds, with a hundred requests made up for each operation. Run by `make prove`.

tests/services/test_contract.py is the sample of it that every test run takes.
"""

import random
from pathlib import Path

import pytest

from tests.services.contract import fuzz
from tests.services.postgres import cluster
from tests.services.throwaway import ServerMissing

EXAMPLES = 100
SEEDS = [random.randrange(2**31) for _ in range(3)]


@pytest.mark.parametrize("seed", SEEDS)
def test_on_sqlite(seed: int, tmp_path: Path) -> None:
    prove(tmp_path, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_on_postgresql(seed: int, tmp_path: Path) -> None:
    try:
        with cluster() as server:
            prove(tmp_path, seed, server.url)
    except ServerMissing as error:
        pytest.skip(str(error))


def prove(folder: Path, seed: int, database_url: str = "") -> None:
    done = fuzz(folder, seed=seed, examples=EXAMPLES, database_url=database_url)
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}{done.stderr}"

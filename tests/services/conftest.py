"""Fixtures of the tests with real servers."""

from collections.abc import Iterator

import pytest

from tests.services.containers import engine, run
from tests.services.postgres import BIN_FOLDERS, Cluster, cluster
from tests.services.throwaway import ServerMissing, find_program

__all__ = ["engine", "run", "server"]


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    try:
        with cluster() as made:
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgresql() -> None:
    """For what starts a server of its own, as the service does for a trial."""
    if find_program("initdb", *BIN_FOLDERS) is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql.")

"""Fixtures of the tests with real servers."""

from collections.abc import Iterator

import pytest

from tests.services.containers import engine, run
from tests.services.postgres import Cluster, cluster
from tests.services.throwaway import ServerMissing

__all__ = ["engine", "run", "server"]


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    try:
        with cluster() as made:
            yield made
    except ServerMissing as missing:
        pytest.skip(str(missing))

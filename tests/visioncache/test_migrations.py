"""What hits came to survives the move from the entries to a table of its own, and the way back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.visioncache.makers import ask, make_entry
from visioncache.buffer import MOST_SAVED
from visioncache.counting import flush
from visioncache.models import Entry, EntryStat

HIT_AT = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def migrate(transactional_db: None) -> Iterator[Callable[[str], Any]]:
    """Go to a migration of the cache; the models as they were then. At the end, to the last one."""

    def go(name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([("visioncache", name)])
        return MigrationExecutor(connection).loader.project_state([("visioncache", name)]).apps

    yield go
    executor = MigrationExecutor(connection)
    executor.migrate([key for key in executor.loader.graph.leaf_nodes() if key[0] == "visioncache"])


def test_hits_move_to_a_table_of_their_own_and_are_counted_on(migrate: Callable[[str], Any]) -> None:
    for name in ("used", "unused", "extreme"):
        make_entry(name, latency_ms=100)
    then = migrate("0001_initial").get_model("visioncache", "Entry").objects.order_by("pk")
    assert [(row.hit_count, row.last_hit_at, row.saved_ms) for row in then] == [(0, None, 0)] * 3
    used, _, extreme = then
    then.filter(pk=used.pk).update(hit_count=5, last_hit_at=HIT_AT, saved_ms=500, saved_cost_micros=35)
    then.filter(pk=extreme.pk).update(hit_count=1, last_hit_at=HIT_AT, saved_ms=2**63 - 1, saved_cost_micros=0)

    migrate("0002_entry_stats")
    found = {entry.image_hash: entry for entry in Entry.objects.all()}
    figures = [(it.hit_count, it.last_hit_at, it.saved_ms, it.saved_cost_micros) for it in found.values()]
    assert sorted(figures, key=str) == [(0, None, 0, 0), (1, HIT_AT, MOST_SAVED, 0), (5, HIT_AT, 500, 35)]
    assert EntryStat.objects.count() == 2
    ask("used")
    ask("unused")
    assert flush()

    then = migrate("0001_initial").get_model("visioncache", "Entry").objects.order_by("pk")
    assert [(row.hit_count, row.saved_ms) for row in then] == [(6, 600), (1, 100), (1, MOST_SAVED)]
    assert then[2].last_hit_at == HIT_AT

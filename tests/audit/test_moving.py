"""What a move between the kinds of database stands on: how values are written, and the ledger's order."""

from array import array
from typing import Any

from django.apps import apps
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from audit.moving.move import _MADE_BY_MIGRATIONS, tables_to_move
from audit.moving.order import ById, exchanged, ids_of
from audit.moving.sides import AS_SQLITE_HAS_IT, kind_of

Columns = tuple[str, ...]
IDS = st.lists(st.integers(0, 2**62), unique=True, max_size=40)


def packed(ids: list[int]) -> bytes:
    tile = array("q", ids)
    tile.byteswap()
    return tile.tobytes()


def one(by_id: ById, table: str, columns: Columns, row: tuple[Any, ...]) -> tuple[Any, ...]:
    [changed] = by_id.all_changed(table, columns, [row])
    return tuple(changed)


def test_it_is_known_how_either_database_writes_each_kind_of_field() -> None:
    kinds = {kind_of(f) for model in apps.get_models(include_auto_created=True) for f in model._meta.concrete_fields}
    assert not kinds - set(AS_SQLITE_HAS_IT), "decide in audit/moving/sides.py how SQLite has these"


def test_what_migrations_make_is_no_reason_to_refuse_a_target(db: None) -> None:
    filled = {model._meta.db_table for model in tables_to_move() if model._default_manager.exists()}
    assert filled <= _MADE_BY_MIGRATIONS


def test_every_table_is_moved_once_but_for_what_is_of_this_database_alone() -> None:
    moved = [model._meta.db_table for model in tables_to_move()]
    left = {"config_heartbeat", "audit_stagedchange", "audit_transactionbase"}
    assert len(moved) == len(set(moved))
    assert set(moved) | left == set(connection.introspection.django_table_names())


@given(IDS)
def test_events_keep_their_ids_among_themselves_and_lie_in_the_trees_order(ids: list[int]) -> None:
    new = exchanged(ids)
    moved = [new.get(id_, id_) for id_ in ids]
    assert moved == sorted(ids)
    assert all(old != given_out for old, given_out in new.items())


@given(IDS, st.integers(1, 7))
def test_tiles_events_and_the_stream_name_the_same_event_afterwards(ids: list[int], size: int) -> None:
    tiles = [ids[start : start + size] for start in range(0, len(ids), size)]
    by_id = ById(map(packed, tiles))
    columns = ("number", "first_tx", "first_id", "last_tx", "last_id", "ids")
    position = 0
    for number, tile in enumerate(tiles):
        row = (number, 7, tile[0], 9, tile[-1], packed(tile))
        _, first_tx, first, last_tx, last, kept = one(by_id, "audit_tile", columns, row)
        assert (first_tx, last_tx) == (0, 0)
        assert (ids_of(kept)[0], ids_of(kept)[-1]) == (first, last)
        for old, new in zip(tile, ids_of(kept), strict=True):
            assert one(by_id, "audit_event", ("id", "actor", "tx"), (old, "a", 8)) == (new, "a", 0)
            assert one(by_id, "audit_streamposition", ("id", "tx", "event_id"), (1, 8, old)) == (1, 0, new)
            assert new == sorted(ids)[position]
            position += 1


def test_a_place_before_the_first_event_stays_there_and_other_tables_are_left_alone() -> None:
    by_id = ById([packed([5, 4])])
    assert one(by_id, "audit_streamposition", ("id", "tx", "event_id"), (1, -1, -1)) == (1, -1, -1)
    assert one(by_id, "prompts_version", ("id", "tx"), (5, 8)) == (5, 8)

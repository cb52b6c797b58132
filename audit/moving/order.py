"""The order of the ledger where a database has no transaction ids.

PostgreSQL's tree follows (tx, id); on SQLite every tx is 0 and the id alone is the order. So events that came to lie
in another order than their ids exchange them: the same ids, given out anew as the tree has the events. No leaf holds an
id, so root and proofs stay.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

Row = Sequence[Any]


def exchanged(ids: Sequence[int]) -> dict[int, int]:
    """For events given in the tree's order: the new id of each that gets another."""
    return {old: new for old, new in zip(ids, sorted(ids), strict=True) if old != new}


def ids_of(data: bytes) -> "array[int]":
    """A tile's ids, which are kept big-endian."""
    ids = array("q", data)
    ids.byteswap()
    return ids


class ById:
    """Rows of PostgreSQL as SQLite orders them."""

    def __init__(self, tiles: Iterable[bytes]) -> None:
        ids = array("q")  # a list of a million takes five times as much
        for data in tiles:
            ids.extend(ids_of(data))
        self._new = exchanged(ids)

    def all_changed(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Row]:
        """The rows of the tables that name an event by its place; those of any other as they are."""
        if table not in ("audit_event", "audit_tile", "audit_streamposition"):
            return rows
        return (
            tuple(self._value(table, column, value) for column, value in zip(columns, row, strict=True)) for row in rows
        )

    def _value(self, table: str, column: str, value: Any) -> Any:
        if column == "ids":
            ids = array("q", [self._new.get(id_, id_) for id_ in ids_of(bytes(value))])
            ids.byteswap()
            return ids.tobytes()
        if column in ("tx", "first_tx", "last_tx"):
            return min(value, 0)  # -1: before the first
        if column in ("first_id", "last_id", "event_id") or (column, table) == ("id", "audit_event"):
            return self._new.get(value, value)
        return value

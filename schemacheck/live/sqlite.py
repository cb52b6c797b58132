"""The audit of an SQLite database, from its schema alone."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DatabaseError

from schemacheck.checker.database.catalog import leads_with
from schemacheck.checker.database.connections import is_django
from schemacheck.checker.findings import Finding
from schemacheck.checker.reading.shapes import quote
from schemacheck.checker.sqlite.types import affinity
from schemacheck.live.findings import finding, needless, without_index
from schemacheck.refusals import DatabaseAway


class _Index(NamedTuple):
    """An index; `is_plain` where its columns, in ascending order and of all rows, say what it is."""

    name: str
    unique: bool
    columns: tuple[str | None, ...]
    is_plain: bool
    is_made: bool
    """By CREATE INDEX, so that it can be dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A table; types and columns of keys under their names in lower case, as SQLite compares them."""

    name: str
    types: Mapping[str, str]
    primary_key: tuple[str, ...]
    indexes: tuple[_Index, ...]

    def has_index_for(self, columns: list[str]) -> bool:
        indexed = [_lower(index.columns) for index in self.indexes if index.is_plain]
        return any(leads_with(one, columns) for one in (self.primary_key, *indexed))

    def is_unique(self, columns: list[str]) -> bool:
        keys = [self.primary_key, *(_lower(index.columns) for index in self.indexes if index.unique)]
        return any(sorted(key) == sorted(columns) for key in keys)


class _ForeignKey(NamedTuple):
    """A foreign key; `referenced` is empty where it means the primary key."""

    columns: tuple[str, ...]
    target: str
    referenced: tuple[str, ...]

    @property
    def shown(self) -> str:
        return ", ".join(quote(column) for column in self.columns)


def audit(connection: Any) -> Iterator[Finding]:
    """What there is to say about its tables. Raises DatabaseAway."""
    try:
        if is_django(connection):
            connection.ensure_connection()
            connection = connection.connection  # the driver's own, which takes `?`
        with closing(connection.cursor()) as cursor:
            tables = {name.lower(): _table(cursor, name) for name in _names(cursor)}
            for table in tables.values():
                yield from _without_key(table)
                yield from _duplicates(table)
                for key in _foreign_keys(cursor, table.name):
                    yield from _without_index(table, key)
                    yield from _target(table, key, tables.get(key.target.lower()))
    except (DatabaseError, sqlite3.Error) as error:
        raise DatabaseAway(f"The database did not answer the audit ({error}). See that it can be opened.") from error


def _lower(columns: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(str(column).lower() for column in columns)


def _rows(cursor: Any, query: str, *parameters: Any) -> list[Any]:
    return list(cursor.execute(query, parameters))


def _names(cursor: Any) -> list[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return [name for (name,) in _rows(cursor, query)]


def _table(cursor: Any, name: str) -> _Table:
    columns = _rows(cursor, "SELECT name, type, pk FROM pragma_table_xinfo(?)", name)
    return _Table(
        name=name,
        types={column.lower(): kind for column, kind, _ in columns},
        primary_key=tuple(column.lower() for column, _, key in sorted(columns, key=lambda row: row[2]) if key),
        indexes=tuple(_indexes(cursor, name)),
    )


def _indexes(cursor: Any, table: str) -> Iterator[_Index]:
    for name, unique, origin, partial in _rows(
        cursor, 'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', table
    ):
        columns = tuple(row[0] for row in _rows(cursor, "SELECT name FROM pragma_index_info(?) ORDER BY seqno", name))
        definition = _rows(cursor, "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", name)
        descends = " DESC" in str(definition and definition[0][0]).upper()
        is_plain = not partial and None not in columns and not descends
        yield _Index(name=name, unique=bool(unique), columns=columns, is_plain=is_plain, is_made=origin == "c")


def _foreign_keys(cursor: Any, table: str) -> Iterator[_ForeignKey]:
    query = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
    keys: dict[int, list[Any]] = {}
    for row in _rows(cursor, query, table):
        keys.setdefault(row[0], []).append(row)
    for rows in keys.values():
        yield _ForeignKey(
            columns=tuple(str(row[2]) for row in rows),
            target=str(rows[0][1]),
            referenced=tuple(row[3] for row in rows if row[3]),
        )


def _without_key(table: _Table) -> Iterator[Finding]:
    if not table.primary_key:
        yield finding(
            "live-table-without-primary-key",
            f"table {quote(table.name)} has no primary key",
            table=quote(table.name),
            hint="SQLite cannot add one to a table: make the table anew with it and copy the rows.",
        )


def _duplicates(table: _Table) -> Iterator[Finding]:
    gone: set[str] = set()
    for index in table.indexes:
        others = (other for other in table.indexes if other is not index and other.name not in gone)
        kept = next((other for other in others if _serves_for(other, index)), None)
        if kept is not None:
            gone.add(index.name)
            same = index.columns == kept.columns
            yield finding(
                "live-duplicate-index" if same else "live-redundant-index",
                needless(index.name, kept.name, same=same),
                table=quote(table.name),
                fix=f"DROP INDEX {quote(index.name)};",
                index=index.name,
                kept=kept.name,
            )


def _serves_for(other: _Index, index: _Index) -> bool:
    """Whether `other` makes `index` needless."""
    if not (index.is_made and index.is_plain and other.is_plain):
        return False
    if index.columns != other.columns:
        return not index.unique and index.columns == other.columns[: len(index.columns)]
    if index.unique and not other.unique:
        return False
    # Of two alike the one that is a constraint, or is unique, or comes first by name, stays.
    return not other.is_made or other.unique > index.unique or other.name < index.name


def _without_index(table: _Table, key: _ForeignKey) -> Iterator[Finding]:
    if not table.has_index_for([column.lower() for column in key.columns]):
        name = quote(f"{table.name}_" + "_".join(key.columns))
        yield without_index(
            key.shown,
            table=quote(table.name),
            target=quote(key.target),
            fix=f"CREATE INDEX {name} ON {quote(table.name)} ({key.shown});",
            references=key.target,
        )


def _target(table: _Table, key: _ForeignKey, target: _Table | None) -> Iterator[Finding]:
    if target is None:
        yield _wrong(table, f"there is no table {quote(key.target)}, to which {key.shown} refers")
        return
    wanted = [column.lower() for column in key.referenced or target.primary_key[: len(key.columns)]]
    if len(wanted) < len(key.columns) or not target.types.keys() >= set(wanted):
        yield _wrong(table, f"{quote(target.name)} has no column for {key.shown} to refer to")
    elif not target.is_unique(wanted):
        yield _wrong(table, f"the columns of {quote(target.name)} to which {key.shown} refers are not unique")
    else:
        for column, other in zip(key.columns, wanted, strict=True):
            yield from _types(table, column.lower(), target, other)


def _wrong(table: _Table, message: str) -> Finding:
    hint = "Make the table anew with the right reference; SQLite cannot change one."
    return finding("live-foreign-key-target", message, table=quote(table.name), hint=hint)


def _types(table: _Table, column: str, target: _Table, other: str) -> Iterator[Finding]:
    """SQLite stores two types the same way when their affinity is, whatever they are called."""
    mine, theirs = table.types[column], target.types[other]
    if affinity(mine) != affinity(theirs):
        yield finding(
            "live-foreign-key-type",
            f"{quote(column)} is {mine}, but {quote(target.name)}.{quote(other)} is {theirs}",
            table=quote(table.name),
            references=target.name,
        )

"""Rows that an INSERT makes without a value where one is required, as a table that is built anew gets its rows."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from schemacheck.checker.findings import Severity
from schemacheck.checker.sqlite.judged import Judged
from schemacheck.checker.sqlite.pieces import bare
from schemacheck.checker.sqlite.replica import Replica

_MAX_WORDS = 5_000
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
_END = {"from", "where", "group", "order", "limit", "union", "intersect", "except", "on", "returning"}


class _Insert(NamedTuple):
    table: str
    columns: list[str]  # none: those of the table, in their order
    values: list[list[str]]  # the words of each, of the first row
    source: str  # the one table that a query reads
    is_certain: bool  # VALUES: it makes a row whatever is in any table


def check_insert(item: Judged, replica: Replica) -> None:
    """Say where a required column gets no value; what SQLite would say of it, or of rows with NULL where they are."""
    insert = _read([word for _, word in islice(item.piece.words, _MAX_WORDS)])
    if insert is None:
        return
    columns = replica.rows(_COLUMNS, insert.table)
    given = insert.columns or [str(name).lower() for name, *_, hidden in columns if not hidden]
    if not columns or len(given) != len(insert.values):
        return
    values = dict(zip(given, insert.values, strict=True))
    keys = sum(1 for *_, key, _ in columns if key)
    read = replica.rows(_COLUMNS, insert.source)
    nullable = {str(name).lower() for name, _, required, _, key, _ in read if not required and not key}
    for name, kind, required, default, key, hidden in columns:
        numbers_itself = key and keys == 1 and str(kind).upper() == "INTEGER"
        if not required or hidden or numbers_itself:
            continue
        value = values.get(str(name).lower())
        if (value is None and default is None) or value == ["null"]:
            _refused(item, insert, name)
        elif value and len(value) in (1, 3) and value[-1] in nullable and not _is_excluded(item, value[-1]):
            message = f'SQLite refuses rows whose "{value[-1]}" is NULL: "{name}" of "{insert.table}" is required'
            hint = f"Give them a value: coalesce({value[-1]}, ...)."
            item.add(0, "sqlite-required-value", Severity.WARNING, message, hint=hint)


def _refused(item: Judged, insert: _Insert, name: str) -> None:
    message = f"NOT NULL constraint failed: {insert.table}.{name}"
    if insert.is_certain:
        item.add(0, "sqlite-error", Severity.ERROR, message, hint=f'Give "{name}" a value.')
    else:
        message = f"SQLite refuses the first row this query finds: {message}"
        item.add(0, "sqlite-required-value", Severity.WARNING, message, hint=f'Give "{name}" a value.')


def _is_excluded(item: Judged, column: str) -> bool:
    """Whether the query's conditions speak of a column, so that its NULLs may be left out."""
    words = [bare(word) for _, word in islice(item.piece.words, _MAX_WORDS)]
    return "where" in words and column in words[words.index("where") :]


def _read(words: Sequence[str]) -> _Insert | None:
    """INSERT INTO table [(columns)] VALUES ... or SELECT ... FROM one table; None for all else."""
    said = [word if word.startswith("'") else bare(word) for word in words]
    if said[:1] not in (["insert"], ["replace"]) or "into" not in said[1:4] or said[1:3] == ["or", "ignore"]:
        return None
    at = said.index("into") + 1
    if said[at + 1 : at + 2] == ["."]:
        at += 2
    table, at = said[at], at + 1
    columns: list[str] = []
    if said[at : at + 1] == ["("]:
        columns = [column[0] for column in _items(said, at + 1)]
        at = said.index(")", at) + 1
    if said[at : at + 2] == ["values", "("]:
        return _Insert(table, columns, list(_items(said, at + 2)), "", is_certain=True)
    if said[at : at + 1] != ["select"] or said[at + 1 : at + 2] in (["distinct"], ["all"]):
        return None
    return _Insert(table, columns, list(_items(said, at + 1)), _source(said, at), is_certain=False)


def _items(said: Sequence[str], start: int) -> Iterator[list[str]]:
    """What stands between commas, up to the parenthesis that closes or the word that ends a list."""
    depth, item = 0, list[str]()
    for word in said[start:]:
        if depth == 0 and (word == ")" or word in _END):
            break
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "," and depth == 0:
            yield item
            item = []
        else:
            item.append(word)
    yield item


def _source(said: Sequence[str], start: int) -> str:
    """The table a query reads, where it reads one and no more."""
    if "from" not in said[start:]:
        return ""
    at = said.index("from", start) + 1
    if said[at + 1 : at + 2] == ["."]:
        at += 2
    after = said[at + 1] if at + 1 < len(said) else "where"
    return said[at] if at < len(said) and after in _END else ""

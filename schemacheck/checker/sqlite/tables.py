"""What SQLite accepts in a table and should not."""

import re
from typing import Any

from schemacheck.checker.findings import Proof, Severity
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.sqlite.judged import Hints, Judged
from schemacheck.checker.sqlite.replica import Replica
from schemacheck.checker.sqlite.types import KNOWN, SUGGESTED, affinity

_KINDS = ("create_table", "alter_table")


def check_table(item: Judged, replica: Replica, before: list[str]) -> None:
    """Warn of a definition SQLite took; `before` are the columns there were."""
    if item.kind not in _KINDS:
        return
    if item.piece.query_offset is None:  # else nobody wrote the types
        _check_types(item, replica, before)
    _check_primary_key(item, replica)


def check_foreign_keys(item: Judged, replica: Replica, hints: Hints, *, is_live: bool) -> None:
    """Foreign keys to nothing, once the script is known: SQLite accepts them, and every later INSERT fails."""
    if item.kind not in _KINDS or (item.proof is Proof.PARSE and is_live):
        return
    if "REFERENCES" not in item.piece.text.upper():
        return  # most: and asking for keys takes as long as all the rest
    keys: dict[int, list[Any]] = {}
    query = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
    for row in replica.rows(query, item.table_name):
        keys.setdefault(row[0], []).append(row)
    for rows in keys.values():
        start = item.piece.find(str(rows[0][1]))
        if start is None:
            continue  # it was there before this statement
        message, hint = _fault(rows, replica, hints, is_live=is_live)
        if message:
            item.add(start, "sqlite-foreign-key-target", Severity.WARNING, message, hint=hint)


def _fault(rows: list[Any], replica: Replica, hints: Hints, *, is_live: bool) -> tuple[str, str]:
    """What is wrong with what a foreign key refers to, and a hint."""
    target = str(rows[0][1])
    columns = replica.columns(target)
    if not columns:
        if not is_live:
            return "", ""
        return f'there is no table "{target}" to refer to', hints.like(target, replica.tables)
    named = [str(row[3]) for row in rows if row[3]]
    there = {column.lower() for column in columns}
    missing = [name for name in named if name.lower() not in there]
    if missing:
        return f'table "{target}" has no column "{missing[0]}" to refer to', hints.like(missing[0], lambda: columns)
    if not _is_unique(replica, target, named):
        hint = "SQLite fails with a foreign key mismatch as soon as a row is inserted; make them UNIQUE."
        return f'the columns referred to in "{target}" are not unique', hint
    return "", ""


def _check_types(item: Judged, replica: Replica, before: list[str]) -> None:
    old = set(before)
    for row in replica.rows("SELECT name, type FROM pragma_table_xinfo(?)", item.table_name):
        name, declared = str(row[0]), str(row[1] or "")
        if name in old or not declared:
            continue
        named = re.findall(r"[^\W\d]\w*", declared.partition("(")[0].lower())
        unknown = [word for word in named if word not in KNOWN]
        if unknown or declared.endswith("]"):
            item.add(
                item.piece.word_after(name, unknown[0] if unknown else ""),
                "sqlite-unknown-type",
                Severity.WARNING,
                f'SQLite has no type "{declared}"; column "{name}" gets the affinity {affinity(declared)}',
                hint=did_you_mean(unknown[0] if unknown else declared, SUGGESTED),
                facts={"affinity": affinity(declared)},
            )


def _check_primary_key(item: Judged, replica: Replica) -> None:
    if item.kind != "create_table" or item.piece.word(1) in ("TEMP", "TEMPORARY", "VIRTUAL"):
        return
    rows = replica.rows("SELECT name, pk FROM pragma_table_xinfo(?)", item.table_name)
    if not rows or any(row[1] for row in rows):
        return
    start = item.piece.name_offset
    message = f'table "{item.table_name}" has no primary key'
    item.add(start, "table-without-primary-key", Severity.WARNING, message)
    hint = "Add a primary key, for instance: id integer PRIMARY KEY."
    fix = "id integer PRIMARY KEY"
    item.add(start, "table-without-primary-key", Severity.SUGGESTION, hint, fix=fix)


def _is_unique(replica: Replica, table: str, columns: list[str]) -> bool:
    key = {str(row[0]).lower() for row in replica.rows("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0", table)}
    wanted = {column.lower() for column in columns}
    if key and (not wanted or wanted == key):
        return True
    for row in replica.rows('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', table):
        names = {str(item[0]).lower() for item in replica.rows("SELECT name FROM pragma_index_info(?)", row[0])}
        if names == wanted:
            return True
    return False

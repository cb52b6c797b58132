"""SQLite's own verdict on a script: its schema is copied into memory and the script's definitions run there.

The live database is only asked for `sqlite_master`. Only CREATE, ALTER and DROP run, and only in the copy; an
authorizer refuses whatever could reach beyond it (ATTACH, PRAGMA, extensions).
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from schemacheck.catalog import did_you_mean
from schemacheck.findings import Facts, Finding, Proof, Report, Severity, StatementReport
from schemacheck.parser import Source
from schemacheck.session import DatabaseAway
from schemacheck.shapes import words

_TIME_LIMIT_SECONDS = 2.0
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'[^']*(?:''[^']*)*'?|\"[^\"]*(?:\"\"[^\"]*)*\"?|\[[^\]]*\]?|`[^`]*`?|\w+|;|\s+|.",
    re.DOTALL,
)
_NEAR = re.compile(r'near "(?P<near>.*)": syntax error\Z|unrecognized token: "(?P<token>.*)"\Z', re.DOTALL)
_NAMED = re.compile(
    r"(?:no such (?:table|column|index|view|function): |duplicate column name: |unknown column )"
    r"\"?(?P<name>[^\"]+?)\"?\Z"
    r"|(?:table|index|view|trigger) \"?(?P<other>[^\"]+?)\"? already exists\Z"
)
_UNSPEAKABLE = re.compile("[\\0\\ud800-\\udfff]")
_DEFINITIONS = {"CREATE", "ALTER", "DROP"}
_REFUSED = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
_SQLITE_TYPES = words(
    "int integer tinyint smallint mediumint bigint unsigned big int2 int4 int8 character varchar varying nchar native "
    "nvarchar text clob blob real double precision float numeric decimal boolean bool date datetime time timestamp "
    "json jsonb uuid char string any bytea number timestamptz"
)
_SUGGESTED = ("integer", "text", "real", "blob", "numeric", "boolean", "date", "datetime", "varchar", "bigint", "json")


@dataclass(slots=True)
class _Piece:
    offset: int
    text: str
    words: list[tuple[int, str]] = field(default_factory=list)  # tokens that matter, with their offset in the text

    def word(self, number: int) -> str:
        return self.words[number][1].upper() if number < len(self.words) else ""


@dataclass(slots=True)
class _Judged:
    piece: _Piece
    kind: str
    table_name: str | None
    findings: list[Finding]
    proof: Proof


def check_script(script: str, connection: Any, *, proof: Proof) -> Report:
    """Judge a script for SQLite; without a SQLite connection the copy begins empty. Raises DatabaseAway."""
    source = Source(script)
    schema = _read_schema(connection) if connection is not None and proof is not Proof.PARSE else None
    reached = Proof.PARSE if schema is None else Proof.CATALOG
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if schema:
            copy.deserialize(_image(tuple(schema)))
        _limit(copy)
        judged = [_judge(source, piece, copy, reached) for piece in _split(script)]
        for item in judged:
            _check_foreign_keys(source, item, copy, is_live=schema is not None)
    finally:
        copy.close()
    return Report(dialect="sqlite", proof=reached, statements=tuple(_reports(source, judged)))


@lru_cache(maxsize=4)
def _image(schema: tuple[str, ...]) -> bytes:
    """An empty database of that schema, kept because replaying 200 tables takes 50 ms and copying them 1 ms."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        for sql in schema:
            with suppress(sqlite3.Error):  # shadow tables of a virtual table made before, a module not loaded here
                database.execute(sql)
        return database.serialize()


def _limit(copy: sqlite3.Connection) -> None:
    def authorize(action: int, *_: Any) -> int:
        return sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK

    deadline = time.monotonic() + _TIME_LIMIT_SECONDS
    copy.set_authorizer(authorize)
    copy.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)


def _reports(source: Source, judged: list[_Judged]) -> Iterator[StatementReport]:
    for index, item in enumerate(judged):
        ordered = sorted(item.findings, key=lambda finding: (finding.line or 0, finding.column or 0))
        yield StatementReport(
            index=index,
            kind=item.kind,
            table_name=item.table_name,
            line=source.position(item.piece.offset)[0],
            proof=item.proof,
            findings=tuple(ordered),
        )


def _read_schema(connection: Any) -> list[str]:
    """The definitions in the live database, tables first."""
    query = (
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"
    )
    try:
        if isinstance(connection, sqlite3.Connection):
            return [row[0] for row in connection.execute(query)]
        with connection.cursor() as cursor:
            cursor.execute(query)
            return [row[0] for row in cursor.fetchall()]
    except Exception as error:
        from django.db import DatabaseError

        if not isinstance(error, (sqlite3.Error, DatabaseError)):
            raise
        raise DatabaseAway(
            f"The SQLite database cannot be read ({error}), so nothing was checked. See that its file exists, is "
            "readable, and is not locked; then check again."
        ) from error


def _judge(source: Source, piece: _Piece, copy: sqlite3.Connection, reached: Proof) -> _Judged:
    kind = _kind(piece)
    item = _Judged(piece, kind, _table_name(piece), [], Proof.PARSE)
    if bad := _UNSPEAKABLE.search(piece.text):
        item.table_name = None
        message = "the statement has a character that SQL cannot hold: NUL or half a surrogate pair"
        _add(source, item, bad.start(), "unreadable-statement", Severity.ERROR, message)
        return item
    if piece.word(0) not in _DEFINITIONS:
        return _parse_only(source, item, copy, reached)
    before = _columns(copy, item.table_name)
    try:
        copy.execute(piece.text)
    except (sqlite3.Error, sqlite3.Warning) as error:
        _refused(source, item, copy, error, reached)
        return item
    item.proof = reached
    if kind in ("create_table", "alter_table"):
        _check_types(source, item, copy, before)
        _check_required(source, item)
        _check_primary_key(source, item, copy)
    return item


def _parse_only(source: Source, item: _Judged, copy: sqlite3.Connection, reached: Proof) -> _Judged:
    """Statements that are no definitions: compiled by EXPLAIN where that cannot take effect, never run."""
    if item.piece.word(0) in {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES"}:
        try:
            copy.execute(f"EXPLAIN {item.piece.text}")
            item.proof = reached
        except (sqlite3.Error, sqlite3.Warning) as error:
            _refused(source, item, copy, error, reached)
    elif item.piece.word(0) not in _STATEMENTS:
        word = item.piece.words[0][1] if item.piece.words else item.piece.text
        start = item.piece.words[0][0] if item.piece.words else 0
        _add(source, item, start, "sqlite-error", Severity.ERROR, f'near "{word[:80]}": syntax error')
    return item


_STATEMENTS = {
    *("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "ATTACH", "DETACH", "VACUUM"),
    *("ANALYZE", "REINDEX", "EXPLAIN"),
}


def _refused(
    source: Source, item: _Judged, copy: sqlite3.Connection, error: sqlite3.Error | sqlite3.Warning, reached: Proof
) -> None:
    message = str(error)
    if message == "interrupted":
        message = f"the statement took longer than {_TIME_LIMIT_SECONDS:.0f} seconds to check"
    missing = message.startswith(("no such table: ", "no such index: ", "no such view: "))
    if missing and reached is Proof.PARSE:
        return  # without the schema nobody can tell
    item.proof = reached
    hint = ""
    named = _NAMED.search(message)
    name = (named["name"] or named["other"]).rpartition(".")[2] if named else ""
    if message.startswith("no such table: "):
        hint = did_you_mean(name, _tables(copy))
    elif message.startswith(("no such column: ", "unknown column")):
        hint = did_you_mean(name, _columns(copy, item.table_name))
    start = _error_offset(item.piece, copy, message, name)
    _add(source, item, start, "sqlite-error", Severity.ERROR, message, hint=hint)


def _error_offset(piece: _Piece, copy: sqlite3.Connection, message: str, name: str) -> int:
    """Where the message points: Python's sqlite3 does not tell, so look where the statement stops compiling."""
    if message == "incomplete input":
        return len(piece.text)
    near = _NEAR.search(message)
    if near is None:
        return next((offset for offset, word in reversed(piece.words) if _bare(word) == name.lower()), 0) if name else 0
    text = near["near"] or near["token"] or ""
    candidates = [offset for offset, word in piece.words if word == text or text.startswith(word)]
    for offset in candidates[:50]:
        if _compile(copy, piece.text[: offset + len(text)]) == message:
            return offset
    return candidates[0] if candidates else 0


def _compile(copy: sqlite3.Connection, text: str) -> str:
    try:
        copy.execute(f"EXPLAIN {text}")
    except (sqlite3.Error, sqlite3.Warning) as error:
        return str(error)
    return ""


def _check_types(source: Source, item: _Judged, copy: sqlite3.Connection, before: list[str]) -> None:
    for row in _rows(copy, "SELECT name, type FROM pragma_table_xinfo(?)", item.table_name):
        name, declared = str(row[0]), str(row[1] or "")
        if name in before or not declared:
            continue
        named = re.findall(r"[^\W\d]\w*", declared.partition("(")[0].lower())
        unknown = [word for word in named if word not in _SQLITE_TYPES]
        if unknown or declared.endswith("]"):
            hint = did_you_mean(unknown[0] if unknown else declared, _SUGGESTED)
            _add(
                source,
                item,
                _word_after(item.piece, name, unknown[0] if unknown else ""),
                "sqlite-unknown-type",
                Severity.WARNING,
                f'SQLite has no type "{declared}"; column "{name}" gets the affinity {affinity(declared)}',
                hint=hint,
                facts={"affinity": affinity(declared)},
            )


def affinity(declared: str) -> str:
    """SQLite's rule for any word, documented in "Datatypes In SQLite", section 3.1."""
    upper = declared.upper()
    for part, affinity in (("INT", "INTEGER"), ("CHAR", "TEXT"), ("CLOB", "TEXT"), ("TEXT", "TEXT"), ("BLOB", "BLOB")):
        if part in upper:
            return affinity
    return "REAL" if any(part in upper for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def _check_required(source: Source, item: _Judged) -> None:
    said = {word.upper() for _, word in item.piece.words}
    if item.kind == "alter_table" and {"ADD", "NOT", "NULL"} <= said and "DEFAULT" not in said:
        message = "SQLite refuses this column if the table has rows: they would be NULL"
        _add(source, item, 0, "sqlite-required-column", Severity.WARNING, message, hint="Give it a constant default.")


def _check_primary_key(source: Source, item: _Judged, copy: sqlite3.Connection) -> None:
    if item.kind != "create_table" or item.piece.word(1) in ("TEMP", "TEMPORARY", "VIRTUAL"):
        return
    rows = list(_rows(copy, "SELECT name, pk FROM pragma_table_xinfo(?)", item.table_name))
    if not rows or any(row[1] for row in rows):
        return
    start = _name_offset(item.piece)
    message = f'table "{item.table_name}" has no primary key'
    _add(source, item, start, "table-without-primary-key", Severity.WARNING, message)
    hint = "Add a primary key, for instance: id integer PRIMARY KEY."
    fix = "id integer PRIMARY KEY"
    _add(source, item, start, "table-without-primary-key", Severity.SUGGESTION, hint, fix=fix)


def _check_foreign_keys(source: Source, item: _Judged, copy: sqlite3.Connection, *, is_live: bool) -> None:
    """Foreign keys to nothing: SQLite accepts them, and every later INSERT fails."""
    if item.kind not in ("create_table", "alter_table") or (item.proof is Proof.PARSE and is_live):
        return
    keys: dict[int, list[Any]] = {}
    query = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
    for row in _rows(copy, query, item.table_name):
        keys.setdefault(row[0], []).append(row)
    for rows in keys.values():
        target = str(rows[0][1])
        if not any(_bare(word) == target.lower() for _, word in item.piece.words):
            continue  # it was there before this statement
        columns = _columns(copy, target)
        start = next((o for o, word in reversed(item.piece.words) if _bare(word) == target.lower()), 0)
        missing = [str(row[3]) for row in rows if row[3] and str(row[3]).lower() not in {c.lower() for c in columns}]
        if not columns and not is_live:
            continue
        if not columns:
            message, hint = f'there is no table "{target}" to refer to', did_you_mean(target, _tables(copy))
        elif missing:
            message = f'table "{target}" has no column "{missing[0]}" to refer to'
            hint = did_you_mean(missing[0], columns)
        elif not _is_unique(copy, target, [str(row[3]) for row in rows if row[3]]):
            message = f'the columns referred to in "{target}" are not unique'
            hint = "SQLite fails with a foreign key mismatch as soon as a row is inserted; make them UNIQUE."
        else:
            continue
        _add(source, item, start, "sqlite-foreign-key-target", Severity.WARNING, message, hint=hint)


def _is_unique(copy: sqlite3.Connection, table: str, columns: list[str]) -> bool:
    key = {str(row[0]).lower() for row in _rows(copy, "SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0", table)}
    wanted = {column.lower() for column in columns}
    if key and (not wanted or wanted == key):
        return True
    for row in _rows(copy, 'SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', table):
        names = {str(item[0]).lower() for item in _rows(copy, "SELECT name FROM pragma_index_info(?)", row[0])}
        if names == wanted:
            return True
    return False


def _columns(copy: sqlite3.Connection, table: str | None) -> list[str]:
    return [str(row[0]) for row in _rows(copy, "SELECT name FROM pragma_table_xinfo(?)", table)]


def _tables(copy: sqlite3.Connection) -> list[str]:
    return [str(row[0]) for row in copy.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]


def _rows(copy: sqlite3.Connection, query: str, table: str | None) -> list[Any]:
    return copy.execute(query, ((table or "").rpartition(".")[2],)).fetchall()


def _add(
    source: Source,
    item: _Judged,
    start: int,
    rule: str,
    severity: Severity,
    message: str,
    *,
    hint: str = "",
    fix: str = "",
    facts: Facts | None = None,
) -> None:
    line, column = source.position(item.piece.offset + start)
    item.findings.append(
        Finding(
            rule=rule,
            severity=severity,
            message=message,
            line=line,
            column=column,
            hint=hint,
            fix=fix,
            facts=facts or {},
        )
    )


def _split(script: str) -> Iterator[_Piece]:
    """Statements; a trigger's body keeps its semicolons until its END."""
    start, in_trigger = 0, False
    found: list[tuple[int, str]] = []
    for match in _TOKEN.finditer(script):
        mark = match[0]
        if mark.isspace() or mark.startswith(("--", "/*")):
            continue
        if mark != ";":
            if not found:
                start = match.start()
            found.append((match.start() - start, mark))
            if len(found) <= 4:
                in_trigger = in_trigger or mark.upper() == "TRIGGER"
            continue
        if in_trigger and not (len(found) > 1 and found[-1][1].upper() == "END"):
            found.append((match.start() - start, mark))
            continue
        if found:
            yield _Piece(start, script[start : match.start()], found)
        found, in_trigger = [], False
    if found:
        yield _Piece(start, script[start:].rstrip(), found)


_SKIPPED = {"TEMP", "TEMPORARY", "UNIQUE", "VIRTUAL"}


def _kind(piece: _Piece) -> str:
    first = piece.word(0)
    if first not in _DEFINITIONS:
        return first.lower() or "unknown"
    second = next((word.upper() for _, word in piece.words[1:4] if word.upper() not in _SKIPPED), "")
    return f"{first}_{second}".lower().rstrip("_")


def _name_index(piece: _Piece) -> int | None:
    said = [word.upper() for _, word in piece.words]
    if "TABLE" not in said[:4] or said[0] not in _DEFINITIONS:
        return None
    index = said.index("TABLE") + 1
    while index < len(said) and said[index] in ("IF", "NOT", "EXISTS"):
        index += 1
    if index + 2 < len(said) and said[index + 1] == ".":
        index += 2
    return index if index < len(said) else None


def _name_offset(piece: _Piece) -> int:
    index = _name_index(piece)
    return piece.words[index][0] if index is not None else 0


def _table_name(piece: _Piece) -> str | None:
    index = _name_index(piece)
    return _plain(piece.words[index][1]) if index is not None else None


def _word_after(piece: _Piece, column: str, word: str) -> int:
    """Where a column's type stands; the column itself if it cannot be told."""
    for position, (offset, text) in enumerate(piece.words):
        if _bare(text) == column.lower():
            for later, other in piece.words[position + 1 : position + 6]:
                if _bare(other) == word:
                    return later
            return offset
    return 0


def _plain(word: str) -> str:
    if len(word) > 1 and word[0] in "\"'`[":
        quote = "]" if word[0] == "[" else word[0]
        return word[1:].removesuffix(quote).replace(quote * 2, quote)
    return word


def _bare(word: str) -> str:
    return _plain(word).lower()

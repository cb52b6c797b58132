"""An audit of the tables there are: what no script shows, because it was left out or came about with time.

Read only, and from catalogs and statistics alone: no table is opened, so nobody waits for the audit or it for them.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from django.db import DatabaseError, connections

from schemacheck import checks
from schemacheck.findings import Finding, Proof, Report, Severity, StatementReport
from schemacheck.models import Check
from schemacheck.rules import RULES
from schemacheck.session import DatabaseAway, ServerError, open_session
from schemacheck.shapes import quote
from schemacheck.sqlite import affinity

_ENDING = 50  # percent of a sequence's values
_USED_SINCE_DAYS = 7  # statistics younger than this say nothing of an index's use
_EVERYWHERE = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"

# Each answers with a JSON list. pg_get_indexdef and its like are not used: they open the table.
_TABLES = f"""
SELECT json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'rows', greatest(c.reltuples, 0)::bigint))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND {_EVERYWHERE}
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')
  AND NOT EXISTS (
    SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
"""
_FOREIGN_KEYS = f"""
SELECT json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'name', k.conname,
  'rows', greatest(c.reltuples, 0)::bigint, 'target_schema', tn.nspname, 'target', t.relname,
  'columns', (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (attnum, n)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
  'types', (SELECT json_agg(format_type(a.atttypid, NULL) ORDER BY u.n)
            FROM unnest(k.conkey) WITH ORDINALITY u (attnum, n)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
  'target_columns', (SELECT json_agg(a.attname ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u (attnum, n)
                     JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
  'target_types', (SELECT json_agg(format_type(a.atttypid, NULL) ORDER BY u.n)
                   FROM unnest(k.confkey) WITH ORDINALITY u (attnum, n)
                   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
  'indexed', EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (SELECT array_agg(p.attnum ORDER BY p.attnum) FROM unnest(i.indkey::int2[]) WITH ORDINALITY p (attnum, n)
         WHERE p.n <= least(cardinality(k.conkey), i.indnkeyatts))
      = (SELECT array_agg(p ORDER BY p) FROM unnest(k.conkey) p))))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND {_EVERYWHERE}
"""
_INDEXES = f"""
SELECT json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'name', ic.relname,
  'key', i.indkey::text, 'columns', i.indnkeyatts, 'total', i.indnatts, 'expressions', i.indexprs IS NOT NULL,
  'shape', concat_ws('|', ic.relam, i.indclass::text, i.indcollation::text, i.indoption::text, i.indexprs::text),
  'classes', i.indclass::text, 'collations', i.indcollation::text, 'options', i.indoption::text,
  'method', m.amname, 'predicate', i.indpred::text, 'unique', i.indisunique, 'valid', i.indisvalid,
  'constraint', (SELECT k.conname FROM pg_constraint k WHERE k.conindid = i.indexrelid
    AND k.contype IN ('p', 'u', 'x') LIMIT 1),
  'replica', i.indisreplident, 'partition', ic.relispartition, 'partitioned', ic.relkind = 'I',
  'bytes', ic.relpages::bigint * current_setting('block_size')::bigint, 'scans', coalesce(s.idx_scan, 0),
  'building', EXISTS (SELECT 1 FROM pg_stat_progress_create_index b WHERE b.index_relid = i.indexrelid)
  ) ORDER BY ic.relname)
FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = ic.relam
LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
WHERE c.relkind IN ('r', 'p', 'm') AND {_EVERYWHERE}
"""
_CONSTRAINTS = f"""
SELECT json_agg(json_build_object('schema', n.nspname, 'table', c.relname, 'name', k.conname, 'kind', k.contype))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT k.convalidated AND k.contype IN ('f', 'c') AND k.conparentid = 0 AND {_EVERYWHERE}
"""
_SEQUENCES = f"""
SELECT json_agg(json_build_object('schema', s.schemaname, 'name', s.sequencename, 'last', s.last_value::text,
  'max', least(s.max_value, CASE owner.type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647
               ELSE 9223372036854775807 END)::text,
  'min', s.min_value::text, 'step', s.increment_by::text, 'cycles', s.cycle,
  'table', owner.relname, 'table_schema', owner.nspname, 'column', owner.attname, 'type', owner.type))
FROM pg_sequences s JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class q ON q.relnamespace = n.oid AND q.relname = s.sequencename AND q.relkind = 'S'
LEFT JOIN LATERAL (
  SELECT t.relname, tn.nspname, a.attname, format_type(a.atttypid, NULL) AS type
  FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.objid = q.oid AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i') LIMIT 1) owner ON true
WHERE s.last_value IS NOT NULL AND {_EVERYWHERE}
"""
_STATISTICS = """
SELECT json_build_object('days', extract(epoch FROM now() - stats_reset) / 86400,
  'replica', pg_is_in_recovery(), 'has_replicas', EXISTS (SELECT 1 FROM pg_stat_replication))
FROM pg_stat_database WHERE datname = current_database()
"""


def audit_live_schema(*, database: str | None = None) -> Check:
    """Audit the tables there are, and keep what was found. Raises InvalidCheck, DatabaseAway, UnsupportedDatabase."""
    started = time.perf_counter()
    alias = checks.alias(database)
    report = audit(connections[alias])
    return checks.keep(
        report, sql=f"-- the live schema of {alias}", database=alias, started=started, kept=checks.has_history()
    )


def audit(connection: Any) -> Report:
    """What there is to say about the tables of a database; each finding names its table and how to mend it."""
    vendor = str(getattr(connection, "vendor", "postgresql"))  # a plain psycopg connection names none
    match vendor:
        case "sqlite":
            found = _on_sqlite(connection)
        case "postgresql":
            found = _on_postgresql(connection)
        case _:
            from schemacheck.validator import UnsupportedDatabase

            raise UnsupportedDatabase(f"The audit knows PostgreSQL and SQLite, not {vendor}. Choose another database.")
    return Report(dialect=vendor, proof=Proof.CATALOG, statements=tuple(_by_table(sorted(found, key=_order))))


def _by_table(found: list[Finding]) -> Iterator[StatementReport]:
    """The findings in the shape of every report: a statement a table."""
    tables: dict[str, list[Finding]] = {}
    for finding in found:
        tables.setdefault(finding.facts.get("table", ""), []).append(finding)
    for index, (table, findings) in enumerate(tables.items()):
        yield StatementReport(
            index=index,
            kind="live_table",
            table_name=table or None,
            line=1,
            proof=Proof.CATALOG,
            findings=tuple(findings),
        )


def _order(finding: Finding) -> tuple[Any, ...]:
    return finding.facts.get("table", ""), list(Severity).index(finding.severity), finding.rule, finding.message


def _finding(code: str, message: str, *, table: str, fix: str = "", hint: str = "", **facts: Any) -> Finding:
    rule = RULES[code]
    return Finding(
        rule=code, severity=rule.severity, message=message, hint=hint, fix=fix, facts={"table": table, **facts}
    )


def _on_postgresql(connection: Any) -> Iterator[Finding]:
    with open_session(connection) as session:
        if session is None:
            raise DatabaseAway("The connection's transaction has already failed; roll it back and audit again.")

        def ask(what: str, query: str) -> Any:
            answer = session.attempt(query)
            if isinstance(answer, ServerError):
                refused.append(f"{what}: {answer.message} ({answer.sqlstate})")
                return []
            return answer or []

        refused: list[str] = []
        tables, keys = ask("tables", _TABLES), ask("foreign keys", _FOREIGN_KEYS)
        indexes, constraints = ask("indexes", _INDEXES), ask("constraints", _CONSTRAINTS)
        sequences, statistics = ask("sequences", _SEQUENCES), ask("statistics", _STATISTICS)
    for row in tables:
        yield _without_key(_name(row["schema"], row["table"]), row["rows"])
    for row in keys:
        yield from _foreign_key(row)
    yield from _indexes(indexes, statistics or {})
    for row in constraints:
        yield _not_validated(row)
    for row in sequences:
        yield from _sequence(row)
    for reason in refused:
        yield _finding("live-not-looked-at", f"not looked at: {reason}", table="")


def _name(schema: str, name: str) -> str:
    return quote(name) if schema == "public" else f"{quote(schema)}.{quote(name)}"


def _without_key(table: str, rows: int) -> Finding:
    hint = "If a column, or several, are unique and never NULL, make them the key instead."
    fix = f"ALTER TABLE {table} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"
    return _finding(
        "live-table-without-primary-key",
        f"table {table} has no primary key",
        table=table,
        fix=fix,
        hint=hint,
        estimated_rows=rows,
    )


def _foreign_key(row: dict[str, Any]) -> Iterator[Finding]:
    table, target = _name(row["schema"], row["table"]), _name(row["target_schema"], row["target"])
    columns = ", ".join(quote(column) for column in row["columns"])
    if not row["indexed"]:
        yield _finding(
            "live-foreign-key-without-index",
            f"no index begins with {columns}, so each DELETE in {target} reads all of {table}",
            table=table,
            fix=f"CREATE INDEX CONCURRENTLY ON {table} ({columns});",
            constraint=row["name"],
            references=target,
            estimated_rows=row["rows"],
        )
    for column, kind, other, wanted in zip(
        row["columns"], row["types"], row["target_columns"], row["target_types"], strict=True
    ):
        if kind != wanted:
            yield _finding(
                "live-foreign-key-type",
                f"{quote(column)} is {kind}, but {target}.{quote(other)}, which it refers to, is {wanted}",
                table=table,
                fix=f"ALTER TABLE {table} ALTER COLUMN {quote(column)} TYPE {wanted};",
                hint="On a large table that rewrites every row: add a column of the right type and swap them instead.",
                constraint=row["name"],
            )


def _indexes(indexes: list[dict[str, Any]], statistics: dict[str, Any]) -> Iterator[Finding]:
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in indexes:
        by_table.setdefault(_name(row["schema"], row["table"]), []).append(row)
    for table, rows in by_table.items():
        gone = {row["name"] for row in rows if not row["valid"]}
        yield from (
            _invalid_index(table, row)
            for row in rows
            if not row["valid"] and not row["building"] and not row["partitioned"]
        )
        yield from _needless(table, rows, gone)
        days = statistics.get("days")
        if days is not None and days >= _USED_SINCE_DAYS:
            idle = (row for row in rows if not row["scans"] and row["name"] not in gone and _is_droppable(row))
            yield from (_unused(table, row, days, statistics) for row in idle)


def _needless(table: str, rows: list[dict[str, Any]], gone: set[str]) -> Iterator[Finding]:
    for exact in (True, False):  # of two alike one must be left to stand for a beginning
        for row in rows:
            others = (other for other in rows if other is not row)
            twin = next((other for other in others if _serves_for(other, row, gone, exact=exact)), None)
            if row["name"] not in gone and not row["partition"] and twin is not None:
                gone.add(row["name"])
                yield _superfluous(table, row, twin)


def _is_droppable(row: dict[str, Any]) -> bool:
    """Whether it is there for searches only."""
    is_needed = row["unique"] or row["constraint"] or row["replica"] or row["partition"] or row["partitioned"]
    return not is_needed and bool(row["bytes"])


def _serves_for(other: dict[str, Any], row: dict[str, Any], gone: set[str], *, exact: bool) -> bool:
    """Whether `other` makes `row` needless."""
    if other["name"] in gone or not other["valid"] or not row["valid"] or row["constraint"] or row["replica"]:
        return False
    if (row["predicate"], row["method"]) != (other["predicate"], other["method"]):
        return False
    if exact:
        if (row["key"], row["shape"], row["columns"]) != (other["key"], other["shape"], other["columns"]):
            return False
        if row["unique"] and not other["unique"]:
            return False
        # Of two alike the one that is a constraint, or is unique, or comes first by name, stays.
        return bool(other["constraint"]) or other["unique"] > row["unique"] or other["name"] < row["name"]
    if row["unique"] or row["expressions"] or other["expressions"] or row["method"] != "btree":
        return False
    return row["columns"] == row["total"] < other["columns"] and all(
        other[part].split()[: row["columns"]] == row[part].split()
        for part in ("key", "classes", "collations", "options")
    )


def _drop(row: dict[str, Any]) -> str:
    return f"DROP INDEX CONCURRENTLY {_name(row['schema'], row['name'])};"


def _superfluous(table: str, row: dict[str, Any], twin: dict[str, Any]) -> Finding:
    same = (row["key"], row["columns"]) == (twin["key"], twin["columns"])
    code = "live-duplicate-index" if same else "live-redundant-index"
    return _finding(
        code,
        _said(row, twin, same=same),
        table=table,
        fix=_drop(row),
        index=row["name"],
        kept=twin["name"],
        bytes=row["bytes"],
        scans=row["scans"],
    )


def _said(row: dict[str, Any], twin: dict[str, Any], *, same: bool) -> str:
    name, other = quote(row["name"]), quote(twin["name"])
    return f"index {name} does what {other} does" if same else f"index {name} is the beginning of {other}"


def _unused(table: str, row: dict[str, Any], days: float, statistics: dict[str, Any]) -> Finding:
    hint = "There are replicas: look at their statistics too." if statistics.get("has_replicas") else ""
    return _finding(
        "live-unused-index",
        f"index {quote(row['name'])} was not used once in {days:.0f} days",
        table=table,
        fix=_drop(row),
        hint=hint,
        index=row["name"],
        bytes=row["bytes"],
    )


def _invalid_index(table: str, row: dict[str, Any]) -> Finding:
    return _finding(
        "live-invalid-index",
        f"index {quote(row['name'])} is invalid and serves no search",
        table=table,
        fix=f"REINDEX INDEX CONCURRENTLY {_name(row['schema'], row['name'])};",
        hint="If it is UNIQUE and fails again, rows are there twice. To be rid of it instead: " + _drop(row),
        index=row["name"],
    )


def _not_validated(row: dict[str, Any]) -> Finding:
    table = _name(row["schema"], row["table"])
    kind = "foreign key" if row["kind"] == "f" else "check"
    return _finding(
        "live-constraint-not-validated",
        f"{kind} {quote(row['name'])} was never validated",
        table=table,
        fix=f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(row['name'])};",
        constraint=row["name"],
    )


def _sequence(row: dict[str, Any]) -> Iterator[Finding]:
    last, step = int(row["last"]), int(row["step"])
    end, begin = (int(row["max"]), int(row["min"])) if step > 0 else (int(row["min"]), int(row["max"]))
    used = 100 * abs(last - begin) / max(1, abs(end - begin))
    if row["cycles"] or used < _ENDING:
        return
    name = _name(row["schema"], row["name"])
    owner = _name(row["table_schema"], row["table"]) if row["table"] else ""
    is_small = row["type"] in ("smallint", "integer")
    fix = f"ALTER TABLE {owner} ALTER COLUMN {quote(row['column'])} TYPE bigint;" if owner and is_small else ""
    yield _finding(
        "live-sequence-exhaustion",
        f"sequence {name} has used {used:.0f} % of its values" + (f" ({owner}.{row['column']})" if owner else ""),
        table=owner or name,
        fix=(f"{fix}\n" if fix else "") + f"ALTER SEQUENCE {name} AS bigint;" * bool(is_small),
        hint="That rewrites the table under ACCESS EXCLUSIVE; on a large one add a bigint column and swap them.",
        sequence=row["name"],
        last_value=last,
        last_possible=end,
        percent=round(used, 1),
    )


def _on_sqlite(connection: Any) -> Iterator[Finding]:
    try:
        connection.ensure_connection()
        with closing(connection.connection.cursor()) as cursor:  # the driver's own, which takes `?`
            tables = _rows(
                cursor,
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
                "ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name",
            )
            known = {
                name: _rows(cursor, "SELECT name, type, pk FROM pragma_table_xinfo(?)", name) for (name,) in tables
            }
            for name, columns in known.items():
                table = quote(name)
                if not any(key for _, _, key in columns):
                    yield _finding(
                        "live-table-without-primary-key",
                        f"table {table} has no primary key",
                        table=table,
                        hint="SQLite cannot add one to a table: make the table anew with it and copy the rows.",
                    )
                indexes = _sqlite_indexes(cursor, name)
                yield from _sqlite_duplicates(table, indexes)
                yield from _sqlite_keys(cursor, name, known, indexes)
    except (DatabaseError, sqlite3.Error) as error:
        raise DatabaseAway(f"The database did not answer the audit ({error}). See that it can be opened.") from error


def _rows(cursor: Any, query: str, *parameters: Any) -> list[Any]:
    return list(cursor.execute(query, parameters))


def _sqlite_indexes(cursor: Any, name: str) -> list[dict[str, Any]]:
    found = []
    for index, unique, origin, partial in _rows(
        cursor, 'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', name
    ):
        columns = [row[0] for row in _rows(cursor, "SELECT name FROM pragma_index_info(?) ORDER BY seqno", index)]
        definition = _rows(cursor, "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", index)
        plain = not partial and None not in columns and " DESC" not in str(definition and definition[0][0]).upper()
        made = origin == "c"
        found.append({"name": index, "unique": bool(unique), "columns": columns, "plain": plain, "made": made})
    return found


def _sqlite_duplicates(table: str, indexes: list[dict[str, Any]]) -> Iterator[Finding]:
    gone: set[str] = set()
    for row in indexes:
        for other in indexes:
            if row is other or other["name"] in gone or not (row["made"] and row["plain"] and other["plain"]):
                continue
            same = row["columns"] == other["columns"]
            prefix = row["columns"] == other["columns"][: len(row["columns"])]
            stays = same and (not row["unique"] or other["unique"])
            stays = stays and (not other["made"] or other["unique"] > row["unique"] or other["name"] < row["name"])
            if stays or (prefix and not same and not row["unique"]):
                gone.add(row["name"])
                yield _finding(
                    "live-duplicate-index" if same else "live-redundant-index",
                    _said(row, other, same=same),
                    table=table,
                    fix=f"DROP INDEX {quote(row['name'])};",
                    index=row["name"],
                    kept=other["name"],
                )
                break


def _sqlite_keys(
    cursor: Any, name: str, known: dict[str, list[Any]], indexes: list[dict[str, Any]]
) -> Iterator[Finding]:
    table = quote(name)
    folded = {other.lower(): other for other in known}
    keys: dict[int, list[Any]] = {}
    query = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
    for row in _rows(cursor, query, name):
        keys.setdefault(row[0], []).append(row)
    own = {column.lower(): kind for column, kind, _ in known[name]}
    primary = [column.lower() for column, _, key in sorted(known[name], key=lambda row: row[2]) if key]
    for rows in keys.values():
        columns = [str(row[2]) for row in rows]
        bare = [column.lower() for column in columns]
        beginnings = [[str(part).lower() for part in row["columns"][: len(bare)]] for row in indexes if row["plain"]]
        beginnings.append(primary[: len(bare)])
        listed = ", ".join(quote(column) for column in columns)
        if not any(sorted(beginning) == sorted(bare) for beginning in beginnings):
            yield _finding(
                "live-foreign-key-without-index",
                f"no index begins with {listed}, so each DELETE in {quote(rows[0][1])} reads all of {table}",
                table=table,
                fix=f"CREATE INDEX {quote(f'{name}_' + '_'.join(columns))} ON {table} ({listed});",
                references=rows[0][1],
            )
        target = folded.get(str(rows[0][1]).lower())
        if target is None:
            yield _target(table, f"there is no table {quote(rows[0][1])}, to which {listed} refers")
            continue
        theirs = {column.lower(): kind for column, kind, _ in known[target]}
        their_key = [column for column, _, key in sorted(known[target], key=lambda row: row[2]) if key]
        wanted = [str(row[3]).lower() if row[3] else key.lower() for row, key in _paired(rows, their_key)]
        missing = [column for column in wanted if column not in theirs]
        unique = [their_key, *(row["columns"] for row in _sqlite_indexes(cursor, target) if row["unique"])]
        if missing or len(wanted) < len(columns):
            yield _target(table, f"{quote(target)} has no column for {listed} to refer to")
        elif not any(sorted(wanted) == sorted(str(part).lower() for part in key) for key in unique):
            yield _target(table, f"the columns of {quote(target)} to which {listed} refers are not unique")
        else:
            for column, other in zip(bare, wanted, strict=True):
                if own[column].lower() != theirs[other].lower() and not _alike(own[column], theirs[other]):
                    yield _finding(
                        "live-foreign-key-type",
                        f"{quote(column)} is {own[column]}, but {quote(target)}.{quote(other)} is {theirs[other]}",
                        table=table,
                        references=target,
                    )


def _paired(rows: list[Any], key: list[str]) -> Iterator[tuple[Any, str]]:
    for position, row in enumerate(rows):
        if row[3] or position < len(key):
            yield row, key[position] if position < len(key) else ""


def _alike(one: str, other: str) -> bool:
    """Whether SQLite stores both the same way, whatever they are called."""
    return affinity(one) == affinity(other)


def _target(table: str, message: str) -> Finding:
    hint = "Make the table anew with the right reference; SQLite cannot change one."
    return _finding("live-foreign-key-target", message, table=table, hint=hint)

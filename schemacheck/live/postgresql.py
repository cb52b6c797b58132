"""The audit of a PostgreSQL database, from its catalogs and statistics."""

from collections.abc import Iterator
from typing import Any

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import leads_with
from schemacheck.checker.database.session import open_session
from schemacheck.checker.findings import Finding
from schemacheck.checker.reading.shapes import quote
from schemacheck.live.findings import finding, needless, without_index
from schemacheck.refusals import DatabaseAway

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
  'key', k.conkey))
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


def audit(connection: Any) -> Iterator[Finding]:
    """What there is to say about its tables. Raises DatabaseAway."""
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
        yield from _foreign_key(row, indexes)
    yield from _indexes(indexes, statistics or {})
    for row in constraints:
        yield _not_validated(row)
    for row in sequences:
        yield from _sequence(row)
    for reason in refused:
        yield finding("live-not-looked-at", f"not looked at: {reason}", table="")


def _name(schema: str, name: str) -> str:
    return quote(name) if schema == "public" else f"{quote(schema)}.{quote(name)}"


def _without_key(table: str, rows: int) -> Finding:
    hint = "If a column, or several, are unique and never NULL, make them the key instead."
    fix = f"ALTER TABLE {table} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;"
    return finding(
        "live-table-without-primary-key",
        f"table {table} has no primary key",
        table=table,
        fix=fix,
        hint=hint,
        estimated_rows=rows,
    )


def _foreign_key(row: dict[str, Any], indexes: list[dict[str, Any]]) -> Iterator[Finding]:
    table, target = _name(row["schema"], row["table"]), _name(row["target_schema"], row["target"])
    columns = ", ".join(quote(column) for column in row["columns"])
    if not any(_serves_key(index, row) for index in indexes):
        yield without_index(
            columns,
            table=table,
            target=target,
            fix=f"CREATE INDEX CONCURRENTLY ON {table} ({columns});",
            constraint=row["name"],
            references=target,
            estimated_rows=row["rows"],
        )
    for column, kind, other, wanted in zip(
        row["columns"], row["types"], row["target_columns"], row["target_types"], strict=True
    ):
        if kind != wanted:
            yield finding(
                "live-foreign-key-type",
                f"{quote(column)} is {kind}, but {target}.{quote(other)}, which it refers to, is {wanted}",
                table=table,
                fix=f"ALTER TABLE {table} ALTER COLUMN {quote(column)} TYPE {wanted};",
                hint="On a large table that rewrites every row: add a column of the right type and swap them instead.",
                constraint=row["name"],
            )


def _serves_key(index: dict[str, Any], key: dict[str, Any]) -> bool:
    if (index["schema"], index["table"]) != (key["schema"], key["table"]) or not index["valid"] or index["predicate"]:
        return False
    return leads_with([int(number) for number in index["key"].split()][: index["columns"]], key["key"])


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
    return finding(
        code,
        needless(row["name"], twin["name"], same=same),
        table=table,
        fix=_drop(row),
        index=row["name"],
        kept=twin["name"],
        bytes=row["bytes"],
        scans=row["scans"],
    )


def _unused(table: str, row: dict[str, Any], days: float, statistics: dict[str, Any]) -> Finding:
    hint = "There are replicas: look at their statistics too." if statistics.get("has_replicas") else ""
    return finding(
        "live-unused-index",
        f"index {quote(row['name'])} was not used once in {days:.0f} days",
        table=table,
        fix=_drop(row),
        hint=hint,
        index=row["name"],
        bytes=row["bytes"],
    )


def _invalid_index(table: str, row: dict[str, Any]) -> Finding:
    return finding(
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
    return finding(
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
    yield finding(
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

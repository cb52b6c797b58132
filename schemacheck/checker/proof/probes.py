"""Asks existing rows whether they hold to what a statement would demand of them; only where probes were asked for.

What is new is read off the copies: their constraints after the statement, less those before it, so that inheritance,
partitions and defaults are followed by the server itself. Each question is one bounded, read-only SELECT that stops at
the first row it finds. Nothing is asked that would run a function of the database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.findings import Proof, Severity
from schemacheck.checker.proof.blueprints import Blueprint
from schemacheck.checker.proof.copies import Bench
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import expression_sql
from schemacheck.checker.reading.shapes import AlterationShape, quote
from schemacheck.checker.scope import Scope

PROBE_TIMEOUT_MS = 1_000
_MAX_QUESTIONS = 50
_LIMITED = re.compile(r"character(?: varying)?\((\d+)\)")
_STATE = """
SELECT pg_catalog.json_object_agg(c.relname, pg_catalog.json_build_object(
  'kind', c.relkind,
  'columns', (SELECT pg_catalog.json_object_agg(a.attnum, pg_catalog.json_build_object(
      'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
      'generated', a.attgenerated <> '', 'identity', a.attidentity <> '',
      'domain', (SELECT t.typtype = 'd' FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid),
      'domain_default', (SELECT t.typdefault IS NOT NULL FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid),
      'default', (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d
                  WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)))
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'bound', pg_catalog.pg_get_partition_constraintdef(c.oid),
  'is_default', pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT',
  'checks', (SELECT pg_catalog.json_object_agg(k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid))
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated),
  'keys', (SELECT pg_catalog.json_object_agg(ic.relname, pg_catalog.json_build_object(
      'columns', (SELECT pg_catalog.json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, true) ORDER BY n)
                  FROM pg_catalog.generate_series(1, i.indnkeyatts) n),
      'where', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
      'operators', (SELECT pg_catalog.json_agg(o.oid::pg_catalog.regoper::text ORDER BY u.n)
        FROM pg_catalog.pg_constraint k, pg_catalog.unnest(k.conexclop) WITH ORDINALITY u (oid, n)
        JOIN pg_catalog.pg_operator o ON o.oid = u.oid WHERE k.conindid = i.indexrelid AND k.contype = 'x')))
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion)),
  'foreign', (SELECT pg_catalog.json_object_agg(k.conname, pg_catalog.json_build_object(
      'target', t.relname, 'full', k.confmatchtype = 'f',
      'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.n) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY
         u (attnum, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
      'referenced', (SELECT pg_catalog.json_agg(a.attname ORDER BY u.n) FROM pg_catalog.unnest(k.confkey)
         WITH ORDINALITY u (attnum, n) JOIN pg_catalog.pg_attribute a
         ON a.attrelid = k.confrelid AND a.attnum = u.attnum)))
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
    WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.convalidated AND k.conparentid = 0)))
FROM pg_catalog.pg_class c
WHERE c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
"""

State = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Question:
    """A row that answers `sql` refuses the statement with this error."""

    sql: str
    sqlstate: str
    message: str


def state(bench: Bench) -> State:
    """The constraints of all copies as they are now."""
    names = ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in bench.copies.values())
    state = bench.session.attempt(_STATE, ("{" + names + "}",))
    return {} if isinstance(state, ServerError) or not state else state


def probe(scope: Scope, bench: Bench, before: State, after: State) -> None:
    """Report the first demand of the statement that existing rows do not meet. Raises DatabaseAway."""
    if not bench.may_probe:
        _limit(scope, "a probe would run functions of the database")
        return
    changes = list(_changes(scope, bench, before, after))
    questions = [question for stage in _STAGES for change in changes for question in stage(change)]
    for question in questions[:_MAX_QUESTIONS]:
        if _ask(scope, bench, question):
            return
    if len(questions) > _MAX_QUESTIONS:
        _limit(scope, f"it would take more than {_MAX_QUESTIONS} questions")


def _ask(scope: Scope, bench: Bench, question: _Question) -> bool:
    """Ask; answers whether there is nothing more to ask."""
    session = bench.session
    session.command(
        f"SAVEPOINT handrail_probe; SET LOCAL statement_timeout = {PROBE_TIMEOUT_MS};"
        "SET LOCAL transaction_read_only = on"
    )
    answer = session.attempt(question.sql)
    session.command("ROLLBACK TO handrail_probe; RELEASE handrail_probe")
    if not isinstance(answer, ServerError):
        if answer:
            _report(scope, question.sqlstate, question.message)
        return bool(answer)
    if answer.sqlstate.startswith("22") or answer.sqlstate in ("23502", "23514"):  # a value that does not convert
        _report(scope, answer.sqlstate, answer.message)
        return True
    _limit(scope, f"a probe of existing rows did not answer ({answer.sqlstate}: {answer.message})")
    return False


def _report(scope: Scope, sqlstate: str, message: str) -> None:
    hint = "Correct the rows first; a constraint can also be added NOT VALID and validated later."
    facts = {"proof": Proof.COPIES.value, "probed": True}
    scope.error("existing-rows-violate", message, sqlstate, hint=hint, facts=facts)


def _limit(scope: Scope, reason: str) -> None:
    scope.add("proof-limited", Severity.SUGGESTION, f"existing rows were not probed: {reason}")


def _validated(scope: Scope) -> set[str]:
    shape = shape_of(scope.statement)
    if not isinstance(shape, AlterationShape):
        return set()
    return {action.name for action in shape.actions if action.kind == "ValidateConstraint"}


def _using(scope: Scope) -> dict[str, str]:
    shape = shape_of(scope.statement)
    if not isinstance(shape, AlterationShape):
        return {}
    expressions = {}
    for action in shape.actions:
        if action.kind == "AlterColumnType" and action.using is not None and (sql := expression_sql(action.using)):
            expressions[action.name] = sql
    return expressions


@dataclass(frozen=True, slots=True)
class _Change:
    """A table's copy before and after the statement, and the rows as the statement would leave them."""

    blueprint: Blueprint
    bench: Bench
    oids: Mapping[str, int]
    old: Mapping[str, Any]
    now: Mapping[str, Any]
    pending: set[str]
    """Constraints that the statement validates."""
    using: Mapping[str, str]
    cells: Mapping[str, str | None]
    converted: list[str]
    """Columns whose type changes."""

    @property
    def rows(self) -> str:
        return _rows(self.bench.sources[self.blueprint.oid], self.cells)

    @property
    def known(self) -> set[str]:
        return {column for column, cell in self.cells.items() if cell is not None}

    def new(self, kind: str) -> Iterator[tuple[str, Any, bool]]:
        """Keys, checks or foreign keys: each with its name, and whether the copy had it just so before."""
        had = self.old[kind] or {}
        for name, item in (self.now[kind] or {}).items():
            yield name, item, had.get(name) == item

    def exists(self, condition: str) -> str:
        return f"SELECT pg_catalog.to_json(EXISTS (SELECT 1 FROM {self.rows} WHERE {condition}))"  # noqa: S608


def _changes(scope: Scope, bench: Bench, before: State, after: State) -> Iterator[_Change]:
    oids = {name: oid for oid, name in bench.copies.items()}
    validated, using = _validated(scope), _using(scope)
    for name in sorted(after):
        blueprint, old, now = bench.blueprints.get(oids.get(name, 0)), before.get(name), after[name]
        if blueprint is None or old is None or now["kind"] == "p" or blueprint.kind != "r":
            continue
        cells, converted = _cells(old["columns"] or {}, now["columns"] or {}, using)
        pending = validated & set(blueprint.unvalidated)
        yield _Change(blueprint, bench, oids, old, now, pending, using, cells, converted)


def _conversions(change: _Change) -> Iterator[_Question]:
    if change.converted:
        columns = ", ".join(f"pg_catalog.count({quote(column)})" for column in change.converted)
        sql = f"SELECT pg_catalog.to_json(pg_catalog.num_nulls({columns}) < 0) FROM {change.rows}"  # noqa: S608
        yield _Question(sql, "", "")
    source = change.bench.sources[change.blueprint.oid]
    for value, kind, size in _shortened(change.old["columns"] or {}, change.now["columns"] or {}, change.using):
        yield _Question(_too_long(source, value, size), "22001", f"value too long for type {kind}")


def _keys(change: _Change) -> Iterator[_Question]:
    for index, key, is_same in change.new("keys"):
        if not is_same or set(change.converted) & {str(column).strip('"') for column in key["columns"]}:
            state = "23P01" if key["operators"] else "23505"
            yield _Question(_repeated(change.rows, key), state, _key_message(index, key))


def _required(change: _Change) -> Iterator[_Question]:
    had = change.old["columns"] or {}
    for number, column in (change.now["columns"] or {}).items():
        name = column["name"]
        if column["not_null"] and name in change.known and not (had.get(number) or {}).get("not_null"):
            said = f'column "{name}" of relation "{change.blueprint.name}" contains null values'
            yield _Question(change.exists(f"{quote(name)} IS NULL"), "23502", said)


def _checks(change: _Change) -> Iterator[_Question]:
    for name, check, is_same in change.new("checks"):
        if name in change.pending or not (is_same or name in change.blueprint.unvalidated):
            said = f'check constraint "{name}" of relation "{change.blueprint.name}" is violated by some row'
            yield _Question(change.exists(f"NOT ({check})"), "23514", said)


def _bound(change: _Change) -> Iterator[_Question]:
    bound, table = change.now["bound"], change.blueprint.name
    if bound and bound != change.old["bound"]:
        said = f'partition constraint of relation "{table}" is violated by some row'
        if change.now["is_default"] and change.old["bound"]:
            said = f'updated partition constraint for default partition "{table}" would be violated by some row'
        yield _Question(change.exists(f"NOT ({bound})"), "23514", said)


def _foreign_keys(change: _Change) -> Iterator[_Question]:
    for name, key, is_same in change.new("foreign"):
        is_new = not is_same and set(key["columns"]) <= change.known
        if key["target"] in change.oids and (name in change.pending or is_new):
            target = change.bench.sources[change.oids[key["target"]]]
            said = f'insert or update on table "{change.blueprint.name}" violates foreign key constraint "{name}"'
            yield _Question(_orphans(change.rows, key, target), "23503", said)


# In the order in which the server looks: all tables' conversions before any table's keys, and so on.
_STAGES = (_conversions, _keys, _required, _checks, _bound, _foreign_keys)


def _cells(
    old: Mapping[str, Any], now: Mapping[str, Any], using: Mapping[str, str]
) -> tuple[dict[str, str | None], list[str]]:
    """What each column would hold, in terms of the rows there are, and the columns whose type changes."""
    cells: dict[str, str | None] = {}
    changed = []
    for number, column in now.items():
        earlier = old.get(number)
        if earlier is None:
            default = column["default"] or "NULL"
            own = column["identity"] or column["generated"] or "nextval(" in default
            unknown = column["default"] is None and column["domain_default"]
            cells[column["name"]] = None if own or unknown else f"({default})::{column['type']}"
            if column["domain"] and cells[column["name"]]:
                changed.append(column["name"])
        elif earlier["type"] != column["type"] or earlier["name"] in using:
            sql = using.get(earlier["name"]) or quote(earlier["name"])
            cells[column["name"]] = f"CAST(({sql}) AS {column['type']})"
            changed.append(column["name"])
        else:
            cells[column["name"]] = quote(earlier["name"])
    return cells, changed


def _shortened(
    old: Mapping[str, Any], now: Mapping[str, Any], using: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Values that get a type of limited length: the cast above would cut them off, and ALTER TABLE refuses them."""
    for number, column in now.items():
        earlier, limited = old.get(number), _LIMITED.fullmatch(column["type"])
        if earlier and limited and (earlier["type"] != column["type"] or earlier["name"] in using):
            yield using.get(earlier["name"]) or quote(earlier["name"]), column["type"], limited[1]


def _too_long(source: str, value: str, size: str) -> str:
    text = f"pg_catalog.rtrim(CAST(({value}) AS pg_catalog.text), ' ')"  # blanks at the end are cut off in silence
    longer = f"SELECT 1 FROM ONLY {source} AS handrail_rows WHERE pg_catalog.length({text}) > {size}"  # noqa: S608
    return f"SELECT pg_catalog.to_json(EXISTS ({longer}))"


def _rows(source: str, cells: Mapping[str, str | None]) -> str:
    listed = ", ".join(f"{cell} AS {quote(name)}" for name, cell in cells.items() if cell is not None)
    return f"(SELECT {listed} FROM ONLY {source}) AS handrail_rows"  # noqa: S608  -- catalog expressions, quoted names


def _repeated(rows: str, key: Mapping[str, Any]) -> str:
    columns, where = key["columns"], key["where"] or "true"
    if key["operators"]:
        numbered = f"(SELECT *, pg_catalog.row_number() OVER () AS handrail_row FROM {rows} WHERE {where})"  # noqa: S608
        parts = ", ".join(f"({column}) AS k{n}" for n, column in enumerate(columns))
        side = f"(SELECT handrail_row, {parts} FROM {numbered} AS r)"  # noqa: S608
        pairs = " AND ".join(
            f"a.k{n} OPERATOR({_qualified(operator)}) b.k{n}" for n, operator in enumerate(key["operators"])
        )
        pair = f"SELECT 1 FROM {side} AS a JOIN {side} AS b ON a.handrail_row < b.handrail_row AND {pairs}"  # noqa: S608
        return f"SELECT pg_catalog.to_json(EXISTS ({pair}))"
    listed = ", ".join(f"({column})" for column in columns)
    present = " AND ".join(f"({column}) IS NOT NULL" for column in columns)
    return (
        f"SELECT pg_catalog.to_json(EXISTS (SELECT 1 FROM {rows} WHERE ({where}) AND {present}"  # noqa: S608
        f" GROUP BY {listed} HAVING pg_catalog.count(*) > 1))"
    )


def _qualified(operator: str) -> str:
    return operator if "." in operator else f"pg_catalog.{operator}"


def _key_message(index: str, key: Mapping[str, Any]) -> str:
    kind = "exclusion constraint" if key["operators"] else "unique index"
    return f'could not create {kind} "{index}"'


def _orphans(rows: str, key: Mapping[str, Any], target: str) -> str:
    pairs = list(zip(key["columns"], key["referenced"], strict=True))
    same = " AND ".join(f"k.{quote(theirs)} = handrail_rows.{quote(mine)}" for mine, theirs in pairs)
    absent = [f"handrail_rows.{quote(mine)} IS NULL" for mine, _ in pairs]
    present = " AND ".join(f"handrail_rows.{quote(mine)} IS NOT NULL" for mine, _ in pairs)
    lost = f"({present} AND NOT EXISTS (SELECT 1 FROM {target} AS k WHERE {same}))"  # noqa: S608
    if key["full"] and len(pairs) > 1:
        some = f"(({' OR '.join(absent)}) AND NOT ({' AND '.join(absent)}))"
        lost = f"({lost} OR {some})"
    return f"SELECT pg_catalog.to_json(EXISTS (SELECT 1 FROM {rows} WHERE {lost}))"  # noqa: S608

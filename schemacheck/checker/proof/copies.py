"""Runs statements on empty temporary copies of the tables they name, and never on the tables themselves.

All of it happens in a transaction (or savepoint) that is rolled back. The live tables see no more than the ACCESS SHARE
lock of a SELECT. Nothing runs that could have an effect outside: no event triggers, no functions of the database, no
partition bound that calls a volatile function; a statement that would need them stays at `catalog`, and says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import Catalog, Table
from schemacheck.checker.findings import Proof, Severity
from schemacheck.checker.proof.aside import Aside, changes_one, made_by, qualified_types
from schemacheck.checker.proof.blueprints import Blueprint, Code, draw
from schemacheck.checker.proof.made import speaks_of_made
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.parser import Statement, walk
from schemacheck.checker.reading.shapes import Name, quote
from schemacheck.checker.scope import Scope

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session

_FIRST_ORDINARY_OID = 16384
_BENCH = "handrail_copies"
# What a copy is not: it has no owner to change, no schema to move within, is never logged, and stands alone.
_NOT_ON_COPIES = {
    "ChangeOwner": "ownership",
    "SetLogged": "SET LOGGED",
    "SetUnLogged": "SET UNLOGGED",
    "EnableTrig": "triggers",
    "DisableTrig": "triggers",
    "EnableAlwaysTrig": "triggers",
    "EnableReplicaTrig": "triggers",
    "EnableRule": "rules",
    "DisableRule": "rules",
    "EnableAlwaysRule": "rules",
    "EnableReplicaRule": "rules",
    "SetTableSpace": "tablespaces",
    "GenericOptions": "foreign tables",
    "DetachPartitionFinalize": "DETACH ... FINALIZE",
}
_RULES = {
    "22023": "invalid-parameter",
    "22P02": "invalid-literal",
    "2BP01": "dependent-objects",
    "42701": "duplicate-column",
    "42703": "undefined-column",
    "42704": "undefined-object",
    "42710": "duplicate-object",
    "42804": "datatype-mismatch",
    "42809": "wrong-object-kind",
    "42883": "undefined-function",
    "42P01": "undefined-table",
    "42P07": "duplicate-table",
    "42830": "foreign-key-not-unique",
}
# These speak of the copy or of our limits, not of the statement.
_ABOUT_US = ("25", "40", "53", "54", "55P", "57", "58", "XX")
_MADE_HERE = {"42704", "42883", "42P01", "3F000", "42703"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a statement ran on copies; if not, `error` is the server's objection or `reason` why nobody asked it."""

    error: ServerError | None = None
    reason: str = ""


@dataclass(slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(slots=True)
class Bench:
    """The copies made for a script so far; closed, it judges nothing more."""

    session: "Session"
    copies: dict[int, str] = field(default_factory=dict)  # OID of a relation -> name of its copy
    made: dict[tuple[str, str], str] = field(default_factory=dict)  # schema, name by the script -> name of its copy
    blueprints: dict[int, Blueprint] = field(default_factory=dict)
    aside: set[tuple[str, str]] = field(default_factory=set)  # types and sequences the script made
    tainted: set[tuple[str, str]] = field(default_factory=set)
    sources: dict[int, str] = field(default_factory=dict)  # OID of a relation -> where its rows are
    opened: bool = False
    may_probe: bool = False
    closed: str = ""

    def prepare(self, scope: Scope, before: "Resolved") -> str:
        """Make the copies a statement needs; answers with why that cannot be. Raises DatabaseAway."""
        if self.aside and changes_one(scope.statement):
            self.close("the script changes a type or a sequence that its copies may use")
        if before.makes and before.makes.hindrance:
            return before.makes.hindrance
        return self.closed or unsuitable(scope.statement, scope.catalog) or self._prepare(scope, before)

    def judge(self, scope: Scope, before: "Resolved") -> Outcome:
        """Run the statement on its copies, after the catalog found nothing against it. Raises DatabaseAway."""
        edits = self._edits(scope.statement, scope.catalog, before)
        if isinstance(edits, str):
            return Outcome(reason=edits)
        sql, edits = _apply(scope.statement.sql, edits)
        answer = self.session.run(sql)
        if isinstance(answer, ServerError):
            if answer.sqlstate.startswith(_ABOUT_US) and answer.sqlstate not in _OURS_AFTER_ALL:
                return Outcome(reason=f"{answer.sqlstate}: {answer.message}")
            if before.makes and answer.sqlstate in ("42P07", "42710"):
                return Outcome(reason="a copy has its name")  # the catalog knows of no such thing
            if speaks_of_made(scope.catalog, answer):
                return Outcome(reason=f"the server does not know yet what the script makes ({answer.message})")
            if answer.sqlstate == "42883" and _takes_rows(scope.statement):
                return Outcome(reason="a function takes rows of the table, and a copy's rows are of another type")
            return Outcome(error=_translated(answer, sql, edits, self))
        self._remember(before)
        return Outcome()

    def taint(self, before: "Resolved") -> None:
        """Something happened to these tables that the copies did not see."""
        self.tainted.update(before.names)

    def clear(self) -> None:
        """Take the copies away again, so that names mean the tables themselves."""
        if self.opened:
            self.session.command(f"ROLLBACK TO {_BENCH}; RELEASE {_BENCH}")
        self.opened = False
        self.copies, self.made, self.blueprints, self.sources = {}, {}, {}, {}
        self.aside = set()

    def close(self, reason: str) -> None:
        """Judge nothing more on copies, and take them away."""
        self.clear()
        self.closed = reason

    def _prepare(self, scope: Scope, before: "Resolved") -> str:
        """Copy what the statement names; answers with why that cannot be."""
        if before.names & self.tainted:
            return "an earlier statement changed a table in a way its copy did not follow"
        if before.missing:
            return f"{before.missing} is not known"
        wanted = {table.oid for table in before.tables if table.oid >= _FIRST_ORDINARY_OID}
        if not self.opened:
            self.session.command(f"SAVEPOINT {_BENCH}")
            self.opened = True
        plan = draw(self.session, wanted, code_of(scope.statement))
        if isinstance(plan, str):
            return plan
        self.may_probe = plan.may_probe
        fresh = [blueprint for blueprint in plan.relations if blueprint.oid not in self.copies]
        for blueprint in fresh:
            self.blueprints[blueprint.oid] = blueprint
        if not fresh:
            return ""
        if error := self._build(fresh, plan.taken):
            for blueprint in fresh:
                self.copies.pop(blueprint.oid, None)
            return f"a copy could not be made ({error.sqlstate}: {error.message})"
        return ""

    def _build(self, fresh: list[Blueprint], taken: frozenset[str]) -> ServerError | None:
        used = {*self.copies.values(), *self.made.values()}
        commands: list[str] = []
        for blueprint in fresh:
            source = f"{quote(blueprint.schema)}.{quote(blueprint.name)}"
            name = blueprint.name
            if blueprint.is_temporary and blueprint.is_mine and name not in used:
                aside = f"handrail_aside_{blueprint.oid}"
                commands.append(f"ALTER TABLE {source} RENAME TO {aside}")
                source = f"pg_temp.{aside}"
                for number, index in enumerate(blueprint.indexes):
                    commands.append(f"ALTER INDEX pg_temp.{quote(index)} RENAME TO {aside}_{number}")
            elif name in used or name in taken:
                name = f"handrail_copy_{blueprint.oid}"
            used.add(name)
            self.copies[blueprint.oid] = name
            self.sources[blueprint.oid] = source
            commands.append(self._creation(blueprint, name, source))
            commands.extend(self._family(blueprint, name))
        for blueprint in fresh:
            commands.extend(self._foreign_keys(blueprint))
        step = f"{_BENCH}_build"
        if error := self.session.command(f"SAVEPOINT {step};" + ";".join(commands)):
            self.session.command(f"ROLLBACK TO {step}; RELEASE {step}")
            return error
        self._name_indexes(fresh)
        self.session.command(f"RELEASE {step}")
        return None

    def _creation(self, blueprint: Blueprint, name: str, source: str) -> str:
        options = "INCLUDING ALL EXCLUDING COMMENTS EXCLUDING STATISTICS"
        if blueprint.bound:
            options += " EXCLUDING IDENTITY"  # a partition has its parent's
        if blueprint.spells_checks:
            options += " EXCLUDING CONSTRAINTS"
        ending = f" PARTITION BY {blueprint.key}" if blueprint.key else ""
        elders = [quote(self.copies[parent]) for parent in blueprint.parents if parent in self.copies]
        if elders and not blueprint.bound:
            ending = f" INHERITS ({', '.join(f'pg_temp.{elder}' for elder in elders)})"
        return f"CREATE TEMP TABLE {quote(name)} (LIKE {source} {options}){ending}"

    def _family(self, blueprint: Blueprint, name: str) -> Iterator[str]:
        for check in blueprint.checks if blueprint.spells_checks else ():
            if check.local or not any(parent in self.copies for parent in blueprint.parents):
                yield f"ALTER TABLE pg_temp.{quote(name)} ADD CONSTRAINT {quote(check.name)} {check.definition}"
        if blueprint.of_type:
            yield f"ALTER TABLE pg_temp.{quote(name)} OF {blueprint.of_type}"
        for parent in blueprint.parents:
            if parent not in self.copies:
                continue
            elder = quote(self.copies[parent])
            if blueprint.bound:
                yield f"ALTER TABLE pg_temp.{elder} ATTACH PARTITION pg_temp.{quote(name)} {blueprint.bound}"

    def _foreign_keys(self, blueprint: Blueprint) -> Iterator[str]:
        for key in blueprint.keys:
            if key.references in self.copies:
                columns, referenced = (", ".join(map(quote, names)) for names in (key.columns, key.referenced))
                yield (
                    f"ALTER TABLE pg_temp.{quote(self.copies[blueprint.oid])} ADD CONSTRAINT {quote(key.name)}"
                    f" FOREIGN KEY ({columns}) REFERENCES pg_temp.{quote(self.copies[key.references])} ({referenced})"
                )

    def _name_indexes(self, fresh: list[Blueprint]) -> None:
        """LIKE names indexes anew, in the order of the old ones: give them their names back."""
        named = {self.copies[b.oid]: b.indexes for b in fresh if b.indexes}
        if not named:
            return
        answer = self.session.attempt(_INDEXES, ("{" + ",".join(map(_quoted, named)) + "}",))
        if isinstance(answer, ServerError):
            return
        renames = [
            pair
            for table, indexes in (answer or {}).items()
            if len(indexes) == len(named[table])
            for pair in zip(indexes, named[table], strict=True)
            if pair[0] != pair[1]
        ]
        steps = [f"ALTER INDEX pg_temp.{quote(old)} RENAME TO handrail_index_{n}" for n, (old, _) in enumerate(renames)]
        steps += [
            f"ALTER INDEX pg_temp.handrail_index_{n} RENAME TO {quote(new)}" for n, (_, new) in enumerate(renames)
        ]
        if steps:
            step = f"{_BENCH}_names"
            if self.session.command(f"SAVEPOINT {step};" + ";".join(steps)):
                self.session.command(f"ROLLBACK TO {step}")
            self.session.command(f"RELEASE {step}")

    def copy_of(self, table: Table) -> str | None:
        """The name of the copy of a relation."""
        return self.made.get((table.schema, table.name)) or self.copies.get(table.oid)

    def _edits(self, statement: Statement, catalog: Catalog, before: "Resolved") -> "list[_Edit] | str":
        node = statement.node
        edits: list[_Edit] = []
        target = getattr(getattr(node, "into", None), "rel", None) if isinstance(node, ast.CreateTableAsStmt) else None
        if isinstance(node, ast.CreateStmt) or target is not None:
            before.copy = self._new_name(before.created)
            edits.append(_kind_edit(statement))
        for location, table in before.places:
            name = self.copy_of(table)
            if name is None:
                if table is before.subject or table.is_new:
                    return f"{table.name} has no copy"
                continue  # a view or a catalog: it may be read where it is
            edits.append(_Edit(location, _name_end(statement, location), f"pg_temp.{quote(name)}"))
        places = list(qualified_types(statement, catalog, self.aside))
        if before.makes:
            places.append((before.makes.location, before.makes.key[1]))
        edits.extend(_Edit(at, _name_end(statement, at), f"pg_temp.{quote(name)}") for at, name in places)
        own = f"pg_temp.{quote(before.copy)}" if before.own_places else ""
        edits.extend(_Edit(location, _name_end(statement, location), own) for location in before.own_places)
        if target is not None:
            edits.extend(_without_data(statement))
        if isinstance(node, ast.IndexStmt) and node.concurrent:
            start = statement.find("concurrently")
            edits.append(_Edit(start, start + len("concurrently"), ""))
        return edits

    def _new_name(self, created: tuple[str, str]) -> str:
        used = {*self.copies.values(), *self.made.values()}
        return created[1] if created[1] not in used else f"handrail_made_{len(self.made)}"

    def _remember(self, before: "Resolved") -> None:
        if before.makes:
            self.aside.add(before.makes.key)
        if before.created[1]:
            self.made[before.created] = before.copy
        if before.renamed is not None:
            table, new = before.renamed
            self.made[table.schema, new] = new
            self.copies.pop(table.oid, None)
            self.made.pop((table.schema, table.name), None)


@dataclass(slots=True)
class Resolved:
    """What the relations a statement names meant before it was simulated."""

    places: list[tuple[int, Table]] = field(default_factory=list)
    own_places: list[int] = field(default_factory=list)  # where a CREATE TABLE names the table it makes
    subject: Table | None = None
    created: tuple[str, str] = ("", "")
    stands: bool = False  # what it would create is there already
    copy: str = ""
    renamed: tuple[Table, str] | None = None
    missing: str = ""
    makes: Aside | None = None  # the type or sequence it makes

    @property
    def tables(self) -> list[Table]:
        return [table for _, table in self.places]

    @property
    def names(self) -> set[tuple[str, str]]:
        return {(table.schema, table.name) for table in self.tables}


def resolve(statement: Statement, catalog: Catalog) -> Resolved:  # noqa: C901, PLR0912  -- a case a kind of name
    """Look up every relation a statement names, before the simulation changes what they mean."""
    resolved = Resolved()
    node = statement.node
    if node is None:
        return resolved
    creating = None
    resolved.makes = made_by(statement, catalog)
    if isinstance(node, ast.CreateSeqStmt) and resolved.makes:
        resolved.stands = resolved.makes.key in catalog.tables
    match node:
        case ast.CreateStmt():
            creating = node.relation
        case ast.CreateTableAsStmt():
            creating = node.into.rel
        case ast.AlterTableStmt() | ast.IndexStmt() | ast.RenameStmt():
            resolved.subject = catalog.table(range_name(node.relation))
    if creating is not None:
        name = range_name(creating)
        resolved.created = (catalog.schema_for_new(name, creating.relpersistence) or "public", name.name)
        resolved.stands = resolved.created in catalog.tables
    defined = {cte.ctename for cte in walk(node) if isinstance(cte, ast.CommonTableExpr)}
    for item in walk(node):
        if not isinstance(item, ast.RangeVar) or not item.relname or item.location < 0:
            continue
        if resolved.makes and item.location == resolved.makes.location:
            continue
        name = range_name(item)
        table = catalog.table(name)
        is_own = creating is not None and item.location == creating.location
        if is_own or (creating is not None and table is None and _is_new(name, creating, resolved.created, catalog)):
            resolved.own_places.append(item.location)
        elif table is not None:
            resolved.places.append((item.location, table))
        elif name.name not in defined and not isinstance(node, ast.CreateTableAsStmt):
            resolved.missing = str(name)
    renames_relation = isinstance(node, ast.RenameStmt) and node.rename_type == ast.OBJECT_TABLE
    if renames_relation and resolved.subject:
        resolved.renamed = (resolved.subject, node.newname)
    return resolved


def _is_new(name: Name, creating: Any, created: tuple[str, str], catalog: Catalog) -> bool:
    if name.name != created[1]:
        return False
    return name.schema is None or catalog.schema_called(name.schema) == created[0] or creating.schemaname == name.schema


def unsuitable(statement: Statement, catalog: Catalog) -> str:  # noqa: C901, PLR0912  -- a case a reason
    """Why a statement may not, or need not, be run on copies; empty if it may."""
    node = statement.node
    if catalog.in_recovery:
        return "a replica makes no temporary tables"
    match node:
        case ast.CreateStmt():
            for part in walk(node):
                if isinstance(part, ast.PartitionBoundSpec):
                    for call in walk(part):
                        if isinstance(call, ast.FuncCall) and _is_volatile(call, catalog):
                            return "its partition bound calls a volatile function"
        case ast.AlterTableStmt() if node.objtype == ast.OBJECT_TABLE:
            for item in node.cmds:
                command = item.alter_table_cmd
                kind = str(ast.AlterTableType.Name(command.subtype)).removeprefix("AT_")
                if kind in _NOT_ON_COPIES:
                    return f"copies have no {_NOT_ON_COPIES[kind]}"
                if kind in ("AttachPartition", "DetachPartition"):
                    body = getattr(command, "def").partition_cmd
                    if body.concurrent:
                        return "DETACH CONCURRENTLY runs in no transaction"
                    for call in walk(body):
                        if isinstance(call, ast.FuncCall) and _is_volatile(call, catalog):
                            return "its partition bound calls a volatile function"
        case (
            ast.IndexStmt()
            | ast.CreateEnumStmt()
            | ast.CompositeTypeStmt()
            | ast.CreateDomainStmt()
            | ast.CreateSeqStmt()
        ):
            return ""
        case ast.RenameStmt() if node.rename_type in (ast.OBJECT_TABLE, ast.OBJECT_COLUMN, ast.OBJECT_TABCONSTRAINT):
            return "" if node.relation.relname else "it does not name a table"
        case ast.CreateTableAsStmt() if node.objtype == ast.OBJECT_TABLE and node.query.HasField("select_stmt"):
            return ""
        case _:
            return "statements of this kind are judged by the catalog"
    return ""


def _is_volatile(call: Any, catalog: Catalog) -> bool:
    return catalog.volatile.get(call.funcname[-1].string.sval, "v") == "v"


def _takes_rows(statement: Statement) -> bool:
    """Whether an expression may use a whole row: `t.*`, or `t` alone."""
    names = {node.relname for node in walk(statement.node) if isinstance(node, ast.RangeVar)}
    return any(
        node.fields[-1].HasField("a_star") or node.fields[-1].string.sval in names
        for node in walk(statement.node)
        if isinstance(node, ast.ColumnRef)
    )


def has_column(node: Any) -> bool:
    return any(isinstance(part, ast.ColumnRef) for part in walk(node))


def code_of(statement: Statement) -> Code:
    """What a statement could run. A call that refers to a column is folded by no planner."""
    folded: set[str] = set()
    functions: set[str] = set()
    operators: set[str] = set()
    types: set[str] = set()
    if not isinstance(statement.node, ast.CreateTableAsStmt):  # WITH NO DATA neither plans nor runs the query
        for node in walk(statement.node):
            match node:
                case ast.FuncCall():
                    functions.add(node.funcname[-1].string.sval)
                    if not has_column(node):
                        folded.add(node.funcname[-1].string.sval)
                case ast.A_Expr() if node.name and not has_column(node):
                    operators.add(node.name[-1].string.sval)
                case ast.TypeName() if node.names:
                    types.add(node.names[-1].string.sval)
    return Code(
        folded=frozenset(folded),
        functions=frozenset(functions),
        operators=frozenset(operators),
        types=frozenset(types),
    )


def _kind_edit(statement: Statement) -> _Edit:
    """CREATE [UNLOGGED] TABLE becomes CREATE TEMP TABLE."""
    tokens = statement.tokens()
    first = tokens[0]
    table = next(start for start, word in tokens if word.lower() == "table")
    return _Edit(first[0] + len(first[1]), table, " TEMP ")


def _without_data(statement: Statement) -> Iterator[_Edit]:
    """CREATE TABLE AS ... WITH NO DATA: the query is analysed, and neither planned nor run."""
    words = [(start, word.lower()) for start, word in statement.tokens()]
    end = len(statement.sql.encode())
    if len(words) > 2 and words[-1][1] == "data":
        cut = 3 if words[-2][1] == "no" else 2
        if words[-cut][1] == "with":
            yield _Edit(words[-cut][0], end, " WITH NO DATA")
            return
    yield _Edit(end, end, " WITH NO DATA")


def _name_end(statement: Statement, location: int) -> int:
    """The byte after a qualified name that begins at a location."""
    tokens = [(start, word) for start, word in statement.tokens() if start >= location]
    end = tokens[0][0] + len(tokens[0][1].encode())
    position = 1
    while position + 1 < len(tokens) and tokens[position][1] == ".":
        end = tokens[position + 1][0] + len(tokens[position + 1][1].encode())
        position += 2
    return end


def _apply(sql: str, edits: list[_Edit]) -> tuple[str, list[_Edit]]:
    raw = sql.encode()
    ordered = sorted(edits, key=lambda edit: edit.start)
    for edit in reversed(ordered):
        raw = raw[: edit.start] + edit.text.encode() + raw[edit.end :]
    return raw.decode(), ordered


def _translated(error: ServerError, sql: str, edits: list[_Edit], bench: Bench) -> ServerError:
    """The server's objection in terms of the statement as written; `position` becomes a byte of it."""
    position = None
    if error.position is not None:
        byte = len(sql[: error.position - 1].encode())
        for edit in edits:
            width = len(edit.text.encode())
            if byte >= edit.start + width:
                byte += edit.end - edit.start - width
            elif byte >= edit.start:
                byte = edit.start
        position = byte
    message = error.message
    for oid, name in bench.copies.items():
        if name.startswith("handrail_copy_"):
            message = message.replace(name, bench.blueprints[oid].name)
    return ServerError(error.sqlstate, message, error.hint, position)


def report(scope: Scope, error: ServerError, proof: Proof = Proof.COPIES) -> None:
    """The server's objection as a finding."""
    doubted = error.sqlstate in _MADE_HERE and not scope.catalog.is_certain
    severity = Severity.WARNING if doubted else Severity.ERROR
    scope.add(
        _RULES.get(error.sqlstate, "invalid-definition"),
        severity,
        error.message,
        -1 if error.position is None else error.position,
        sqlstate=error.sqlstate,
        hint=error.hint,
        facts={"proof": proof.value},
    )


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_OURS_AFTER_ALL = {"54011", "54001", "54000"}
_INDEXES = """
SELECT pg_catalog.json_object_agg(relname, indexes) FROM (
  SELECT t.relname, pg_catalog.json_agg(c.relname ORDER BY c.oid) AS indexes
  FROM pg_catalog.pg_class t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE t.relnamespace = pg_catalog.pg_my_temp_schema() AND t.relname = ANY ($1::text[]) GROUP BY t.relname) found
"""

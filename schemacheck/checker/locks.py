"""Forecasts the strongest lock a statement takes on each relation, and whether it rewrites or scans it.

Source: AlterTableGetLockLevel and the documentation's table of lock modes; see docs/schemacheck.md.
"""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Catalog, Column, Constraint, Table
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.findings import Lock
from schemacheck.checker.reading.lowering import range_name, shape_of
from schemacheck.checker.reading.parser import Statement, walk
from schemacheck.checker.reading.shapes import (
    Action,
    AlterationShape,
    ColumnShape,
    ConstraintShape,
    IndexShape,
    Name,
    TableShape,
    words,
)

ORDER = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
_SHARE_UPDATE = {
    "SetStatistics",
    "ClusterOn",
    "DropCluster",
    "SetOptions",
    "ResetOptions",
    "ValidateConstraint",
    "AttachPartition",
    "SetRelOptions",
    "ResetRelOptions",
    "DetachPartitionFinalize",
}
_EXCLUSIVE_OPTIONS = {"user_catalog_table", "check_option", "security_barrier", "security_invoker"}
VOLATILE_FUNCTIONS = words(
    "random clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc "
    "uuid_generate_v4 nextval setval currval lastval pg_sleep txid_current pg_current_xact_id setseed "
    "random_normal"
)


def forecast(statement: Statement, catalog: Catalog) -> tuple[Lock, ...]:
    """The locks on relations that exist before the script; what the script made itself nobody waits for."""
    strongest: dict[str, Lock] = {}
    for name, mode, rewrites, reads in _locks(statement, catalog):
        table = catalog.table(name)
        if table is not None and table.is_new:
            continue
        relation = table.display if table else name.sql
        lock = Lock(relation=relation, mode=mode, rewrites=rewrites, scans=reads)
        known = strongest.get(relation)
        strongest[relation] = _stronger(lock, known) if known else lock
    return tuple(strongest.values())


def _stronger(one: Lock, other: Lock) -> Lock:
    return Lock(
        relation=one.relation,
        mode=max(one.mode, other.mode, key=ORDER.index),
        rewrites=one.rewrites or other.rewrites,
        scans=one.scans or other.scans,
    )


_Taken = tuple[Name, str, bool, bool]


def _locks(statement: Statement, catalog: Catalog) -> Iterator[_Taken]:  # noqa: C901, PLR0912  -- a case a kind
    node = statement.node
    match node:
        case ast.CreateStmt():
            yield from _create_table(shape_of(statement), catalog)
        case ast.AlterTableStmt() if statement.kind == "alter_table":
            yield from _alter_table(shape_of(statement), catalog)
        case ast.IndexStmt():
            yield from _create_index(shape_of(statement), catalog)
        case ast.DropStmt():
            yield from _drop(node, catalog)
        case ast.RenameStmt() if node.missing_ok and catalog.is_live and not catalog.table(range_name(node.relation)):
            return
        case ast.RenameStmt() if node.relation.relname:
            mode = "SHARE UPDATE EXCLUSIVE" if node.rename_type == ast.OBJECT_INDEX else "ACCESS EXCLUSIVE"
            yield range_name(node.relation), mode, False, False
            if node.rename_type in (ast.OBJECT_COLUMN, ast.OBJECT_TABCONSTRAINT) and node.relation.inh:
                yield from _relatives(catalog.table(range_name(node.relation)), mode)
        case ast.AlterObjectSchemaStmt() if node.relation.relname:
            yield range_name(node.relation), "ACCESS EXCLUSIVE", False, False
        case ast.TruncateStmt():
            for relation in node.relations:
                yield from _with_family(relation.range_var, "ACCESS EXCLUSIVE", catalog)
                if node.behavior == ast.DROP_CASCADE:
                    yield from _referring(catalog.table(range_name(relation.range_var)))
        case ast.LockStmt():
            for relation in node.relations:
                yield from _with_family(relation.range_var, ORDER[node.mode - 1], catalog)
        case ast.CreateTrigStmt():
            table = catalog.table(range_name(node.relation))
            yield range_name(node.relation), "SHARE ROW EXCLUSIVE", False, False
            if node.row and table and table.kind == "p":
                yield from _relatives(table, "SHARE ROW EXCLUSIVE")
        case ast.CreatePolicyStmt():
            yield range_name(node.table), "ACCESS EXCLUSIVE", False, False
        case ast.CreateStatsStmt():
            for relation in node.relations:
                yield range_name(relation.range_var), "SHARE UPDATE EXCLUSIVE", False, False
        case ast.ReindexStmt() if node.relation.relname:
            yield from _reindex(node, catalog)
        case ast.RefreshMatViewStmt():
            mode = "EXCLUSIVE" if node.concurrent else "ACCESS EXCLUSIVE"
            yield range_name(node.relation), mode, not node.concurrent, False
        case ast.VacuumStmt():
            full = node.is_vacuumcmd and any(item.def_elem.defname == "full" for item in node.options)
            for item in node.rels:
                mode = "ACCESS EXCLUSIVE" if full else "SHARE UPDATE EXCLUSIVE"
                name = range_name(item.vacuum_relation.relation)
                yield name, mode, full, node.is_vacuumcmd
                yield from _partitions(catalog.table(name), mode, rewrites=full, reads=node.is_vacuumcmd)
        case ast.ClusterStmt() if node.relation.relname:
            yield range_name(node.relation), "ACCESS EXCLUSIVE", True, True


def _create_index(shape: IndexShape, catalog: Catalog) -> Iterator[_Taken]:
    mode = "SHARE UPDATE EXCLUSIVE" if shape.concurrently else "SHARE"
    yield shape.table, mode, False, True
    if not shape.only:
        yield from _partitions(catalog.table(shape.table), mode, reads=True)


def _reindex(node: Any, catalog: Catalog) -> Iterator[_Taken]:
    """The table an index belongs to is locked, not the index alone; of a partitioned one each part by itself."""
    mode = "SHARE UPDATE EXCLUSIVE" if any(i.def_elem.defname == "concurrently" for i in node.params) else "SHARE"
    name = range_name(node.relation)
    owner = catalog.index(name)
    table = owner[0] if owner else catalog.table(name)
    yield Name(table.schema, table.name) if table else name, mode, False, True
    yield from _partitions(table, mode, reads=True)


def _with_family(relation: Any, mode: str, catalog: Catalog) -> Iterator[_Taken]:
    """A relation and, unless ONLY forbids it, all below it."""
    name = range_name(relation)
    yield name, mode, False, False
    if relation.inh:
        yield from _relatives(catalog.table(name), mode)


def _referring(table: Table | None) -> Iterator[_Taken]:
    """The tables whose foreign keys lead to one."""
    for shown, _ in table.referenced_by if table else ():
        yield _split(shown), "ACCESS EXCLUSIVE", False, False


def _create_table(shape: TableShape, catalog: Catalog) -> Iterator[_Taken]:
    parent_mode = "ACCESS EXCLUSIVE" if shape.is_partition else "SHARE UPDATE EXCLUSIVE"
    for parent in shape.parents:
        yield parent, parent_mode, False, False
        if shape.is_partition:
            yield from _joined(catalog.table(parent), catalog)
    for like, _ in shape.likes:
        yield like, "ACCESS SHARE", False, False
    for constraint in shape.all_constraints:
        if constraint.references and constraint.references.name != shape.name.name:
            yield from _referenced(constraint.references, catalog)


def _referenced(name: Name, catalog: Catalog) -> Iterator[_Taken]:
    """A new foreign key locks what it refers to, and every partition of that."""
    yield name, "SHARE ROW EXCLUSIVE", False, False
    target = catalog.table(name)
    if target and target.kind == "p":
        yield from _relatives(target, "SHARE ROW EXCLUSIVE")


def _joined(parent: Table | None, catalog: Catalog) -> Iterator[_Taken]:
    """A new partition narrows the default one and inherits the foreign keys."""
    if parent is None:
        return
    for relative in parent.default_family:
        yield Name(relative.schema, relative.name), "ACCESS EXCLUSIVE", False, True
    for key in parent.constraints:
        if key.references:
            yield from _referenced(_split(key.references), catalog)


def _partitions(table: Table | None, mode: str, *, rewrites: bool = False, reads: bool = False) -> Iterator[_Taken]:
    """What is below a table that is cut into partitions; children that merely inherit are tables of their own."""
    if table is not None and table.kind == "p":
        yield from _relatives(table, mode, rewrites=rewrites, reads=reads)


def _relatives(table: Table | None, mode: str, *, rewrites: bool = False, reads: bool = False) -> Iterator[_Taken]:
    for relative in table.descendants if table else ():
        yield Name(relative.schema, relative.name), mode, rewrites and relative.kind == "r", reads


def _alter_table(shape: AlterationShape, catalog: Catalog) -> Iterator[_Taken]:
    table = catalog.table(shape.name)
    if table is None and shape.missing_ok and catalog.is_live and catalog.is_certain:
        return
    if table is not None and table.kind not in "rpmf":
        yield shape.name, "ACCESS EXCLUSIVE", False, False
        return
    for action in shape.actions:
        mode, rewrites, reads = _mode(action), _rewrites(action, table, catalog), scans(action, table, shape)
        parted = table is not None and table.kind == "p"
        yield shape.name, mode, rewrites and not parted, reads
        keeps_looking = action.kind == "DropColumn"  # ONLY leaves the children their column, but tells them so
        if (not shape.only or keeps_looking) and _recurses(action, table, parted=parted):
            if action.constraint and action.constraint.kind == "unique":
                mode = "SHARE"  # each partition gets an index, and no constraint of its own to write down
            yield from _relatives(table, mode, rewrites=rewrites, reads=reads)
        yield from _others(action, table, catalog)


_RECURSIVE = {
    "AddColumn",
    "DropColumn",
    "ColumnDefault",
    "SetNotNull",
    "SetStatistics",
    "SetStorage",
    "AlterColumnType",
    "DropNotNull",
    "DropExpression",
    "SetExpression",
}


def _recurses(action: Action, table: Table | None, *, parted: bool) -> bool:
    """Whether a command goes on to the tables below, unless ONLY forbids it."""
    if action.kind == "AddConstraint" and action.constraint:
        stays = getattr(action.node, "def").constraint.is_no_inherit
        return (action.constraint.kind in ("check", "primary", "not_null") and not stays) or parted
    if action.kind in ("DropConstraint", "ValidateConstraint"):
        known = table.constraint(action.name) if table else None
        return parted or known is None or known.kind in "cn"
    if action.kind.startswith(("EnableTrig", "DisableTrig", "EnableAlwaysTrig", "EnableReplicaTrig")):
        return parted
    return action.kind in _RECURSIVE


def _mode(action: Action) -> str:
    kind = action.kind
    if kind == "DetachPartition" and getattr(action.node, "def").partition_cmd.concurrent:
        return "SHARE UPDATE EXCLUSIVE"
    if kind in ("SetRelOptions", "ResetRelOptions"):
        options = {item.def_elem.defname for item in getattr(action.node, "def").list.items}
        return "ACCESS EXCLUSIVE" if options & _EXCLUSIVE_OPTIONS else "SHARE UPDATE EXCLUSIVE"
    if kind in _SHARE_UPDATE:
        return "SHARE UPDATE EXCLUSIVE"
    if kind.startswith(("EnableTrig", "DisableTrig", "EnableAlwaysTrig", "EnableReplicaTrig")):
        return "SHARE ROW EXCLUSIVE"
    if kind == "AddConstraint" and action.constraint and action.constraint.kind == "foreign":
        return "SHARE ROW EXCLUSIVE"
    return "ACCESS EXCLUSIVE"


def _others(action: Action, table: Table | None, catalog: Catalog) -> Iterator[_Taken]:
    """Relations besides the altered one and those below it."""
    added = [action.constraint] if action.kind == "AddConstraint" and action.constraint else []
    added += list(action.column.constraints) if action.kind == "AddColumn" and action.column else []
    for constraint in added:
        if constraint.references:
            yield from _referenced(constraint.references, catalog)
    if table is not None:
        yield from _of_constraints(action, table, catalog)
    match action.kind:
        case "AttachPartition" | "DetachPartition":
            name = range_name(getattr(action.node, "def").partition_cmd.name)
            yield name, "ACCESS EXCLUSIVE", False, action.kind == "AttachPartition"
            yield from _families(action, table, catalog.table(name), catalog)
        case "AddInherit" | "DropInherit":
            body = getattr(action.node, "def")
            mode = "SHARE UPDATE EXCLUSIVE" if action.kind == "AddInherit" else "ACCESS SHARE"
            yield range_name(body.range_var), mode, False, False


def _of_constraints(action: Action, table: Table, catalog: Catalog) -> Iterator[_Taken]:
    """What the constraints lead to that a command drops or validates."""
    match action.kind:
        case "ValidateConstraint" if known := table.constraint(action.name):
            if known.references and not known.validated:
                yield _split(known.references), "ROW SHARE", False, False
        case "DropConstraint" if known := table.constraint(action.name):
            yield from _freed(known, catalog)
            if action.cascade and known.kind in "pu":
                yield from _referring(table)
        case "DropColumn":
            for known in table.constraints:
                if action.name in known.columns:
                    yield from _freed(known, catalog)


def _freed(constraint: Constraint, catalog: Catalog) -> Iterator[_Taken]:
    """Dropping a foreign key drops the triggers of what it refers to, and of every partition of that."""
    if constraint.references:
        name = _split(constraint.references)
        yield name, "ACCESS EXCLUSIVE", False, False
        yield from _partitions(catalog.table(name), "ACCESS EXCLUSIVE")


def _families(action: Action, table: Table | None, other: Table | None, catalog: Catalog) -> Iterator[_Taken]:
    """ATTACH and DETACH reach the default partition, what lies below the new one, and look at what lies above."""
    if action.kind == "AttachPartition":
        yield from _joined(table, catalog)
        yield from _relatives(other, "ACCESS EXCLUSIVE", reads=True)
        for relative in table.ancestors if table else ():
            yield Name(relative.schema, relative.name), "ACCESS SHARE", False, False
    elif table is not None:
        yield from _relatives(other, "ACCESS EXCLUSIVE")
        for relative in table.default_family:
            yield Name(relative.schema, relative.name), "ACCESS EXCLUSIVE", False, False


def _drop(node: Any, catalog: Catalog) -> Iterator[_Taken]:
    if node.remove_type == ast.OBJECT_INDEX:
        mode = "SHARE UPDATE EXCLUSIVE" if node.concurrent else "ACCESS EXCLUSIVE"
        for name in names_of(node.objects):
            if found := catalog.index(name):
                yield Name(found[0].schema, found[0].name), mode, False, False
                yield from _partitions(found[0], mode)
    elif node.remove_type in (ast.OBJECT_TABLE, ast.OBJECT_VIEW, ast.OBJECT_MATVIEW, ast.OBJECT_FOREIGN_TABLE):
        for name in names_of(node.objects):
            yield name, "ACCESS EXCLUSIVE", False, False
            table = catalog.table(name)
            yield from _relatives(table, "ACCESS EXCLUSIVE")
            for constraint in table.constraints if table else ():
                yield from _freed(constraint, catalog)
            if node.behavior == ast.DROP_CASCADE:
                yield from _referring(table)


def _split(qualified: str) -> Name:
    schema, dot, name = qualified.rpartition(".")
    return Name(schema.strip('"') if dot else None, name.strip('"'))


def _rewrites(action: Action, table: Table | None, catalog: Catalog) -> bool:
    match action.kind:
        case "AddColumn" if action.missing_ok and table and table.column(action.name):
            return False
        case "AddColumn":
            return action.column is not None and new_column_rewrites(action.column, catalog)
        case "AlterColumnType":
            return type_change_rewrites(action, table, catalog)
        case "SetLogged":
            return table is None or table.persistence == "u"
        case "SetUnLogged":
            return table is None or table.persistence == "p"
        case "SetAccessMethod" | "SetExpression":
            return True
    return False


def new_column_rewrites(column: ColumnShape, catalog: Catalog) -> bool:
    """Whether ADD COLUMN must write every row: only constants and stable expressions are kept beside the table."""
    generated = column.constraint("generated")
    if column.constraint("identity") or (generated and generated.stored) or (column.type and column.type.serial):
        return True
    info = catalog.type(column.type) if column.type else None
    if info is not None and info.is_constrained:
        return True  # each row is asked whether it meets the domain
    default = column.constraint("default")
    return default is not None and volatile_function(default, catalog) is not None


def volatile_function(default: ConstraintShape, catalog: Catalog) -> str | None:
    """The volatile function a default calls, by the catalog or, without one, by well-known names."""
    for node in walk(default.expression):
        if isinstance(node, ast.FuncCall):
            name = node.funcname[-1].string.sval
            if catalog.volatile.get(name, "v" if name in VOLATILE_FUNCTIONS else "") == "v":
                return str(name)
    return None


def type_change_rewrites(action: Action, table: Table | None, catalog: Catalog) -> bool:
    """Whether ALTER COLUMN TYPE must write every row; without the old type, whether it may."""
    if action.type is None:
        return False
    column = table.column(action.name) if table else None
    using = action.using is not None and not _is_plain_cast(action)
    if column is None or column.type is None:
        return action.type.name.name != "text" or action.type.is_array or using
    new = catalog.type(action.type)
    if new is None or using:
        return True
    if column.type.kind == "d" and column.type.base_display == new.display:
        return False
    if catalog.is_utc and catalog.major >= _FIRST_UTC and {column.type.base_display, new.base_display} == _STAMPS:
        return _modifiers(column.type_sql) != list(action.type.modifiers)
    return not _same_on_disk(column, new.base_display, action.type.modifiers) or new.is_constrained


_FIRST_UTC = 12  # from here on the server compares with the zone of the session
_STAMPS = {"timestamp without time zone", "timestamp with time zone"}


def _is_plain_cast(action: Action) -> bool:
    """USING column::type changes nothing about how the cast is done."""
    node = action.using
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return bool(node.HasField("column_ref")) and node.column_ref.fields[-1].string.sval == action.name


def _same_on_disk(column: Column, new: str, modifiers: tuple[int | str, ...]) -> bool:
    assert column.type is not None
    old = column.type.base_display
    before = _modifiers(column.type_sql)
    after = [int(item) for item in modifiers if str(item).lstrip("-").isdigit()]
    if (old, new) in {("character varying", "text"), ("cidr", "inet"), ("xml", "text")}:
        return True
    if old == "text" and new == "character varying":
        return not after
    if old != new:
        return False
    if before == after or not after:
        return new not in ("character", "bit") or before == (after or [1])
    if not before or new in ("character", "bit"):
        return new.startswith("time") and after[0] >= 6
    if new == "numeric":
        return after[0] >= before[0] and (after[1:] or [0]) == (before[1:] or [0])
    return after[0] >= before[0]


def _modifiers(type_sql: str) -> list[int]:
    inside = type_sql.partition("(")[2].partition(")")[0]
    return [int(part) for part in inside.split(",") if part.lstrip("-").isdigit()]


def scans(action: Action, table: Table | None, shape: AlterationShape) -> bool:
    """Whether a command reads every row while it holds its lock."""
    match action.kind:
        case "SetNotNull":
            return not_null_proof(action.name, table, shape) is None
        case "AddConstraint":
            added = action.constraint
            return added is not None and not added.not_valid and added.using_index is None
        case "ValidateConstraint":
            constraint = table.constraint(action.name) if table else None
            return constraint is None or not constraint.validated
        case "AttachPartition":
            return False
        case "AddColumn" if action.column:
            kinds = {constraint.kind for constraint in action.column.constraints}
            return bool(kinds & {"check", "unique", "primary"}) or ("foreign" in kinds and "default" in kinds)
    return False


def not_null_proof(column: str, table: Table | None, shape: AlterationShape) -> str | None:
    """Why SET NOT NULL need not look at the rows: the column already is, or a validated CHECK says so.

    What the same command drops proves nothing: the server drops first.
    """
    if table is None:
        return None
    dropped = {action.name for action in shape.actions if action.kind == "DropConstraint"}
    known = table.column(column)
    if known and known.not_null:
        return "already NOT NULL"
    for constraint in table.constraints:
        if constraint.name in dropped:
            continue
        if constraint.proves_not_null and constraint.validated and constraint.columns == (column,):
            return f"validated constraint {constraint.name}"
    return None

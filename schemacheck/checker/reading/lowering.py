"""Reads the parser's tree of a CREATE TABLE, ALTER TABLE or CREATE INDEX into shapes."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.reading.shapes import (
    SERIALS,
    Action,
    AlterationShape,
    ColumnShape,
    ConstraintShape,
    IndexShape,
    Name,
    TableShape,
    TypeShape,
)

_CONSTRAINTS = {
    ast.CONSTR_PRIMARY: "primary",
    ast.CONSTR_UNIQUE: "unique",
    ast.CONSTR_FOREIGN: "foreign",
    ast.CONSTR_CHECK: "check",
    ast.CONSTR_EXCLUSION: "exclusion",
    ast.CONSTR_NOTNULL: "not_null",
    ast.CONSTR_NULL: "null",
    ast.CONSTR_DEFAULT: "default",
    ast.CONSTR_IDENTITY: "identity",
    ast.CONSTR_GENERATED: "generated",
}
_STRATEGIES = {
    ast.PARTITION_STRATEGY_RANGE: "r",
    ast.PARTITION_STRATEGY_LIST: "l",
    ast.PARTITION_STRATEGY_HASH: "h",
}
_LIKE_INDEXES = 1 << 6  # CREATE_TABLE_LIKE_INDEXES in PostgreSQL's parsenodes.h
_BARE = {"not_null", "null"}
_DEFERS = {ast.CONSTR_ATTR_DEFERRABLE, ast.CONSTR_ATTR_DEFERRED}


def range_name(relation: Any) -> Name:
    """The name in a RangeVar."""
    return Name(relation.schemaname or None, relation.relname, relation.location)


def name_list(nodes: Iterable[Any], location: int = -1) -> Name:
    """A qualified name given as a list of strings."""
    parts = _strings(nodes)
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1] if parts else "", location)


def _strings(nodes: Iterable[Any]) -> tuple[str, ...]:
    return tuple([node.string.sval for node in nodes])


def type_shape(node: Any) -> TypeShape:
    """A TypeName."""
    name, is_array = name_list(node.names, node.location), len(node.array_bounds) > 0
    return TypeShape(
        name=name,
        modifiers=tuple(map(_modifier, node.typmods)),
        is_array=is_array,
        is_set=node.setof,
        serial=SERIALS.get(name.name) if name.schema is None and not is_array else None,
    )


def shape_of(statement: Statement) -> Any:
    """The shape of a CREATE TABLE, ALTER TABLE or CREATE INDEX, read once; None for other statements."""
    if statement.shape is None:
        match statement.node:
            case ast.CreateStmt():
                statement.shape = table_shape(statement.node)
            case ast.AlterTableStmt():
                statement.shape = alteration_shape(statement.node)
            case ast.IndexStmt():
                statement.shape = index_shape(statement.node)
    return statement.shape


def table_shape(node: Any) -> TableShape:
    """A CREATE TABLE."""
    columns, constraints, likes = [], [], []
    for element in node.table_elts:
        match element.WhichOneof("node"):
            case "column_def":
                columns.append(column_shape(element.column_def))
            case "constraint":
                constraints.append(constraint_shape(element.constraint))
            case "table_like_clause":
                like = element.table_like_clause
                likes.append((range_name(like.relation), bool(like.options & _LIKE_INDEXES)))
    partition = node.partspec if node.HasField("partspec") else None
    return TableShape(
        name=range_name(node.relation),
        columns=tuple(columns),
        all_constraints=(*constraints, *(item for column in columns for item in column.constraints)),
        parents=tuple(range_name(parent.range_var) for parent in node.inh_relations),
        likes=tuple(likes),
        of_type=name_list(node.of_typename.names, node.of_typename.location) if node.HasField("of_typename") else None,
        is_partition=node.HasField("partbound"),
        partition_columns=tuple(part.partition_elem.name for part in partition.part_params) if partition else None,
        partition_strategy=_STRATEGIES.get(partition.strategy, "") if partition else "",
        partition_elements=tuple(part.partition_elem for part in partition.part_params) if partition else (),
        bound=node.partbound if node.HasField("partbound") else None,
        if_not_exists=node.if_not_exists,
        persistence=node.relation.relpersistence,
    )


def column_shape(node: Any) -> ColumnShape:
    """A column; DEFERRABLE written after a constraint belongs to it."""
    constraints = []
    for item in node.constraints:
        constraint = item.constraint
        if constraint.contype in _CONSTRAINTS:
            constraints.append(constraint_shape(constraint, column=node.colname))
        elif constraint.contype in _DEFERS and constraints:
            constraints[-1] = _as_deferrable(constraints[-1], deferred=constraint.contype == ast.CONSTR_ATTR_DEFERRED)
    return ColumnShape(
        name=node.colname,
        type=type_shape(node.type_name) if node.HasField("type_name") else None,
        location=node.location,
        constraints=tuple(constraints),
        is_collated=node.HasField("coll_clause"),
    )


def constraint_shape(node: Any, *, column: str | None = None) -> ConstraintShape:
    """A constraint of a table or, with `column`, of a column."""
    kind = _CONSTRAINTS.get(node.contype, "other")
    own = (column,) if column else ()
    location, name = node.location, node.conname or None
    if column and kind in _BARE:  # written on a column: nothing else can stand there
        return ConstraintShape(kind=kind, location=location, name=name, columns=own)
    if kind == "foreign":
        return ConstraintShape(
            kind=kind,
            location=location,
            name=name,
            columns=own or _strings(node.fk_attrs),
            references=range_name(node.pktable),
            referenced_columns=_strings(node.pk_attrs),
            not_valid=node.skip_validation and not node.initially_valid,
            deferrable=node.deferrable,
            deferred=node.initdeferred,
            enforced=node.is_enforced,
        )
    return ConstraintShape(
        kind=kind,
        location=location,
        name=name,
        columns=own or _strings(node.keys) or tuple(item.list.items[0].index_elem.name for item in node.exclusions),
        expression=node.raw_expr if node.HasField("raw_expr") else None,
        not_valid=node.skip_validation and not node.initially_valid,
        no_inherit=node.is_no_inherit,
        deferrable=node.deferrable,
        deferred=node.initdeferred,
        using_index=node.indexname or None,
        always=node.generated_when == "a",
        stored=node.generated_kind == "s",
        enforced=node.is_enforced or kind != "check",
        method=node.access_method or "btree",
        elements=tuple(item.list.items[0].index_elem for item in node.exclusions),
        predicate=node.where_clause if node.HasField("where_clause") else None,
    )


def alteration_shape(node: Any) -> AlterationShape:
    """An ALTER TABLE."""
    actions = tuple([_action(item.alter_table_cmd, order) for order, item in enumerate(node.cmds)])
    return AlterationShape(
        name=range_name(node.relation),
        actions=actions,
        columns=tuple([action.column._replace(name=action.name) for action in actions if action.column]),
        missing_ok=node.missing_ok,
        only=not node.relation.inh,
    )


def index_shape(node: Any) -> IndexShape:
    """A CREATE INDEX."""
    return IndexShape(
        name=node.idxname or None,
        table=range_name(node.relation),
        columns=tuple(item.index_elem.name or None for item in node.index_params),
        unique=node.unique,
        concurrently=node.concurrent,
        partial=node.HasField("where_clause"),
        if_not_exists=node.if_not_exists,
        only=not node.relation.inh,
        including=tuple(item.index_elem.name for item in node.index_including_params),
        method=node.access_method or "btree",
        elements=tuple(item.index_elem for item in node.index_params),
        predicate=node.where_clause if node.HasField("where_clause") else None,
    )


def called(element: Any) -> str | None:
    """The part that a column or expression of an index has in a name PostgreSQL chooses (FigureIndexColname)."""
    if element.name:
        return str(element.name)
    node = element.expr
    while node.HasField("type_cast") or node.HasField("collate_clause"):
        inner = node.type_cast if node.HasField("type_cast") else node.collate_clause
        if node.HasField("type_cast") and not _names_itself(inner.arg):
            return str(inner.type_name.names[-1].string.sval)
        node = inner.arg
    if node.HasField("func_call"):
        return str(node.func_call.funcname[-1].string.sval)
    if node.HasField("column_ref"):
        return str(node.column_ref.fields[-1].string.sval)
    return "coalesce" if node.HasField("coalesce_expr") else None


def _names_itself(node: Any) -> bool:
    return any(node.HasField(kind) for kind in ("func_call", "column_ref", "type_cast", "collate_clause"))


@cache
def _action_kind(subtype: int) -> str:
    return str(ast.AlterTableType.Name(subtype)).removeprefix("AT_")


def _action(node: Any, order: int) -> Action:
    kind = _action_kind(node.subtype)
    body = getattr(node, "def") if node.HasField("def") else None
    column = constraint = declared = using = None
    match body.WhichOneof("node") if body is not None else None:
        case "column_def" if body is not None:
            column = column_shape(body.column_def)
            declared = column.type
            using = body.column_def.raw_default if body.column_def.HasField("raw_default") else None
        case "constraint" if body is not None:
            constraint = constraint_shape(body.constraint, column=node.name or None)
    if kind == "ColumnDefault" and body is not None:
        using = body
    name = node.name or (column.name if column else "") or (constraint.name or "" if constraint else "")
    return Action(
        kind=kind,
        order=order,
        name=name,
        node=node,
        column=column,
        constraint=constraint,
        type=declared,
        using=using,
        missing_ok=node.missing_ok,
        cascade=node.behavior == ast.DROP_CASCADE,
    )


def _modifier(node: Any) -> int | str:
    value = node.a_const
    if value.HasField("ival"):
        return int(value.ival.ival)
    return str(value.sval.sval or value.fval.fval)


def _as_deferrable(constraint: ConstraintShape, *, deferred: bool) -> ConstraintShape:
    """INITIALLY DEFERRED alone makes it deferrable too."""
    return constraint._replace(deferrable=True, deferred=constraint.deferred or deferred)

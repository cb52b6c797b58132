"""What a command of ALTER TABLE may not do because of the tables above and below, or of the type a table is of."""

from collections.abc import Callable

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.partitioning import keys_below, nullable_below, required_above
from schemacheck.checker.proof.kinship import find, known_below
from schemacheck.checker.reading.shapes import Action
from schemacheck.checker.scope import Scope

_TYPED = {
    "AddColumn": "add column to",
    "DropColumn": "drop column from",
    "AlterColumnType": "alter column type of",
    "AddInherit": "change inheritance of",
}
_MUST_BE_ADDED = "{} must be added to child tables too"
_ONLY_PARENT = "cannot {} from only the partitioned table when partitions exist"


def refused_by_family(scope: Scope, table: Table, action: Action, place: Callable[[], int], *, only: bool) -> bool:
    """Whether the server refuses a command for the sake of the family; reports it."""
    if table.of_type and action.kind in _TYPED:
        scope.error("wrong-object-kind", f"cannot {_TYPED[action.kind]} typed table", "42809", place())
        return True
    if table.kind == "p" and action.kind in ("ClusterOn", "DropCluster"):
        scope.error("wrong-object-kind", "cannot mark index clustered in partitioned table", "0A000", place())
        return True
    if action.kind == "DropExpression" and only and table.has_children:
        message = "ALTER TABLE / DROP EXPRESSION must be applied to child tables too"
        scope.error("inherited-column", message, "0A000", place())
        return True
    message = _key_in_the_way(scope, table, action) or (only and _left_alone(scope, table, action)) or ""
    if action.kind == "DropNotNull" and not message and table.is_partition and _is_required(scope, table, action.name):
        message = f'column "{action.name}" is marked NOT NULL in parent table'
    if action.kind == "DropExpression" and (column := table.column(action.name)) and column.inherited:
        message = "cannot drop generation expression from inherited column"
    if action.kind == "AddColumn" and table.has_children and action.column and action.column.constraint("identity"):
        message = "cannot recursively add identity column to table that has child tables"
    if message:
        scope.error("inherited-column", message, "42P16", place())
    return bool(message)


def _key_in_the_way(scope: Scope, table: Table, action: Action) -> str:
    """A column that a table is partitioned by stays what it is."""
    if action.kind not in ("DropColumn", "AlterColumnType") or table.column(action.name) is None:
        return ""
    family = (table, *known_below(scope.catalog, table))
    users = [member.name for member in family if member.key and action.name in member.key.used]
    if not users and scope.session and table.oid and any(relative.kind == "p" for relative in table.descendants):
        users = [name for name, column in keys_below(scope.session, table.oid) if column == action.name]
    verb = "drop" if action.kind == "DropColumn" else "alter"
    because = "because it is part of the partition key of relation"
    return f'cannot {verb} column "{action.name}" {because} "{users[0]}"' if users else ""


def _left_alone(scope: Scope, table: Table, action: Action) -> str:
    """ONLY, where what is below must follow."""
    if not table.has_children:
        return ""
    parted = table.kind == "p"
    match action.kind:
        case "AddColumn":
            return _MUST_BE_ADDED.format("column")
        case "DropColumn" if parted:
            return _ONLY_PARENT.format("drop column")
        case "AddConstraint" if action.constraint and action.constraint.kind == "check":
            return "" if action.constraint.no_inherit else _MUST_BE_ADDED.format("constraint")
        case "AddConstraint" if parted and action.constraint and action.constraint.kind == "primary":
            new = [name for name in action.constraint.columns if (c := table.column(name)) and not c.not_null]
            return _MUST_BE_ADDED.format("constraint") if any(_is_nullable(scope, table, n) for n in new) else ""
        case "SetNotNull" if parted and _is_nullable(scope, table, action.name):
            return _MUST_BE_ADDED.format("constraint")
        case "DropNotNull" if parted and (column := table.column(action.name)) and column.not_null:
            return _ONLY_PARENT.format("remove constraint")
        case "DropConstraint" if parted and (known := table.constraint(action.name)) and known.kind == "c":
            return _ONLY_PARENT.format("remove constraint")
    return ""


def _is_nullable(scope: Scope, table: Table, name: str) -> bool:
    """Whether a partition has a column that may be NULL; what the script did to one counts."""
    family = {(child.schema, child.name): child for child in known_below(scope.catalog, table)}
    if any(table.relative in child.parents and _allows_null(child, name) for child in family.values()):
        return True
    if scope.session is None or not table.oid:
        return False
    return any(child not in family for child in nullable_below(scope.session, table.oid, name))


def _allows_null(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and not column.not_null


def _is_required(scope: Scope, table: Table, name: str) -> bool:
    """Whether a parent says NOT NULL of a column."""
    parents = {relative: find(scope.catalog, relative) for relative in table.parents}
    known = [parent for parent in parents.values() if parent]
    if any((column := parent.column(name)) and column.not_null for parent in known):
        return True
    if len(known) == len(parents) or scope.session is None or not table.oid:
        return False
    return bool(required_above(scope.session, table.oid, name))

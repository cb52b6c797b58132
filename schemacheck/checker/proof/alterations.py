"""ALTER TABLE: does the server find the table and all that the commands touch?"""

from functools import partial

from schemacheck.checker.database.builtin_types import SYSTEM_COLUMNS
from schemacheck.checker.database.catalog import Column, Constraint, Table
from schemacheck.checker.database.dependents import views_on
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.proof.constraints import add_constraint
from schemacheck.checker.proof.expressions import check_conversion, check_default
from schemacheck.checker.proof.families import attach, detach, disinherit, inherit
from schemacheck.checker.proof.inheritance import refused_by_family
from schemacheck.checker.proof.kinship import pass_on
from schemacheck.checker.proof.replica_identity import check_identity
from schemacheck.checker.proof.tables import (
    INTEGERS,
    add_column,
    check_column_expressions,
    own_sequence,
    sql_of,
)
from schemacheck.checker.proof.types import column_type
from schemacheck.checker.proof.unused import called_in
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.shapes import Action, AlterationShape, quote
from schemacheck.checker.scope import Scope

_KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "i": "index",
    "I": "index",
    "S": "sequence",
    "f": "foreign table",
    "c": "composite type",
}
# The server works in passes, not in the order written: drops, then type changes, new columns, constraints, the rest.
_FIRST_ORDINARY_OID = 16384  # FirstNormalObjectId in PostgreSQL's transam.h: below are its own catalogs
_PASSES = {"DropColumn": 0, "DropConstraint": 0, "AlterColumnType": 1, "AddColumn": 2}
_CONSTRAINT_PASSES = {"primary": 4, "unique": 4, "foreign": 6}


def check_alter_table(scope: Scope) -> None:
    """Judge an ALTER TABLE and change the table in the catalog."""
    shape: AlterationShape = shape_of(scope.statement)
    scope.table_name = str(shape.name)
    table = scope.catalog.table(shape.name)
    if table is None and shape.missing_ok:
        if scope.catalog.is_live:
            message = f'relation "{shape.name}" does not exist, so nothing would be done'
            scope.warn("nothing-to-do", message, shape.name.location, sqlstate="42P01")
        return
    table = table or scope.require_table(shape.name)
    if table is None:
        _check_alone(scope, shape.actions)
        return
    scope.target = table
    if not table.is_new:
        _check_kind(scope, table, shape.actions)
    if not _may_alter(scope, table, shape.name.location):
        return
    before = table
    for action in sorted(shape.actions, key=lambda item: (_pass(item), item.order)):
        place = partial(_find, scope, action.name, action)  # looked for where there is something to say
        if not refused_by_family(scope, table, action, place, only=shape.only):
            table = _apply(scope, table, action)
    scope.catalog.put(table)
    if not shape.only:
        pass_on(scope.catalog, before, table)


def _pass(action: Action) -> int:
    if action.kind == "AddConstraint" and action.constraint:
        return _CONSTRAINT_PASSES.get(action.constraint.kind, 5)
    return _PASSES.get(action.kind, 3)


def _may_alter(scope: Scope, table: Table, location: int) -> bool:
    expected = scope.statement.kind.removeprefix("alter_")
    if (expected == "table" and table.kind not in "rpfvmiIS") or (expected == "type" and table.kind != "c"):
        message = f'"{table.name}" is not a {"table" if expected == "table" else _KINDS["c"]}'
        scope.error("wrong-object-kind", message, "42809", location)
        return False
    if not table.is_mine:
        noun = _KINDS.get(table.kind, "relation")
        scope.error("permission", f"must be owner of {noun} {table.name}", "42501", location)
        return False
    if 0 < table.oid < _FIRST_ORDINARY_OID and not scope.catalog.system_changes:
        message = f'permission denied: "{table.name}" is a system catalog'
        scope.error("permission", message, "42501", location)
        return False
    return table.is_known and table.kind in "rpf"


# What ALTER TABLE may do to relations that are not tables, after ATSimplePermissions in tablecmds.c.
_FOR_VIEWS = {"ColumnDefault", "AddIdentity", "SetIdentity", "DropIdentity", "SetRelOptions", "ResetRelOptions"}
_FOR_MATERIALIZED = {
    "SetStatistics",
    "SetOptions",
    "ResetOptions",
    "SetStorage",
    "SetCompression",
    "ClusterOn",
    "DropCluster",
    "SetTableSpace",
    "SetRelOptions",
    "ResetRelOptions",
    "SetAccessMethod",
    "ReplicaIdentity",
}
_FOR_INDEXES = {"SetStatistics", "SetTableSpace", "SetRelOptions", "ResetRelOptions"}
_ALLOWED = {
    "v": _FOR_VIEWS,
    "m": _FOR_MATERIALIZED,
    "i": _FOR_INDEXES,
    "I": _FOR_INDEXES | {"AttachPartition"},
    "S": {"SetLogged", "SetUnLogged"},
}
_NOT_FOR_FOREIGN = {"SetTableSpace", "SetLogged", "SetUnLogged", "ClusterOn", "DropCluster", "AttachPartition"}


def _check_kind(scope: Scope, table: Table, actions: tuple[Action, ...]) -> None:
    """What a relation that is no table cannot do."""
    if scope.statement.kind != "alter_table" or not scope.catalog.is_live:
        return
    allowed = _ALLOWED.get(table.kind)
    for action in actions:
        if action.kind == "ChangeOwner":
            continue
        if action.kind == "AttachPartition" and table.kind == "i":
            scope.error("wrong-object-kind", f'"{table.name}" is not a partitioned table', "42P17")
        elif (allowed is not None and action.kind not in allowed) or (
            table.kind == "f" and action.kind in _NOT_FOR_FOREIGN
        ):
            noun = _KINDS.get(table.kind, "relation")
            message = f'ALTER action {action.kind} cannot be performed on relation "{table.name}"'
            hint = f"This operation is not supported for {noun}s."
            scope.error("wrong-object-kind", message, "42809", hint=hint)
            return


def _check_alone(scope: Scope, actions: tuple[Action, ...]) -> None:
    """What can be said of the commands without knowing the table: the types they name."""
    for action in actions:
        if action.kind in ("AddColumn", "AlterColumnType") and action.type:
            column_type(scope, action.name, action.type)


def _apply(scope: Scope, table: Table, action: Action) -> Table:  # noqa: C901  -- a case a command
    match action.kind:
        case "AddColumn":
            return _add_column(scope, table, action)
        case "DropColumn":
            return _drop_column(scope, table, action)
        case "AlterColumnType":
            return _change_type(scope, table, action)
        case "AddConstraint" if action.constraint:
            return add_constraint(scope, table, action.constraint, is_new=False)
        case "DropConstraint":
            return _drop_constraint(scope, table, action)
        case "ValidateConstraint" | "AlterConstraint":
            return _touch_constraint(scope, table, action)
        case _ if action.kind in _APART:
            return _APART[action.kind](scope, table, action)
        case "SetLogged" | "SetUnLogged":
            _check_persistence(scope, table, action)
        case _ if action.kind in _TRIGGER_ACTIONS and action.name and not table.is_new:
            _check_trigger(scope, table, action)
        case "ChangeOwner":
            _check_role(scope, action)
        case _ if action.kind in _COLUMN_ACTIONS:
            return _change_column(scope, table, action)
    return table


_APART = {
    "AttachPartition": attach,
    "DetachPartition": detach,
    "AddInherit": inherit,
    "DropInherit": disinherit,
    "ReplicaIdentity": check_identity,
}
_TRIGGER_ACTIONS = {
    f"{verb}{what}": what
    for verb in ("Enable", "Disable", "EnableAlways", "EnableReplica")
    for what in ("Trig", "Rule")
}


def _check_trigger(scope: Scope, table: Table, action: Action) -> None:
    noun, names = ("trigger", table.triggers) if action.kind.endswith("Trig") else ("rule", table.rules)
    if scope.catalog.is_live and action.name not in names:
        joint = "for table" if noun == "trigger" else "for relation"
        message = f'{noun} "{action.name}" {joint} "{table.name}" does not exist'
        hint = did_you_mean(action.name, names)
        scope.unknown("undefined-object", message, "42704", _find(scope, action.name, action), hint=hint)


def _check_persistence(scope: Scope, table: Table, action: Action) -> None:
    """SET LOGGED and UNLOGGED: a permanent table may not refer to an unlogged one."""
    if table.persistence == "t":
        message = f'cannot change logged status of table "{table.name}" because it is temporary'
        scope.error("wrong-object-kind", message, "42P16")
    elif action.kind == "SetLogged":
        for key in table.constraints:
            if key.kind == "f" and key.persistence == "u" and (key.references or "").split(".")[-1] != table.name:
                message = (
                    f'could not change table "{table.name}" to logged because it references unlogged table'
                    f' "{key.references}"'
                )
                scope.error("foreign-key-persistence", message, "42P16")
                return
    elif table.referring_permanently:
        message = (
            f'could not change table "{table.name}" to unlogged because it references logged table'
            f' "{table.referring_permanently[0]}"'
        )
        scope.error("foreign-key-persistence", message, "42P16")


_COLUMN_ACTIONS = {
    "ColumnDefault",
    "SetNotNull",
    "DropNotNull",
    "SetStatistics",
    "SetOptions",
    "ResetOptions",
    "SetStorage",
    "SetCompression",
    "SetExpression",
    "DropExpression",
    "AddIdentity",
    "SetIdentity",
    "DropIdentity",
}


def _find(scope: Scope, name: str, action: Action) -> int:
    """Where an action names something: ALTER TABLE's tree has no location, so count the commands' commas."""
    depth = commas = 0
    for start, word in scope.statement.tokens():
        depth += (word in "([") - (word in ")]") if word else 0
        if word == "," and depth == 0:
            commas += 1
        elif commas == action.order and (word.strip('"').replace('""', '"') == name or word.lower() == name):
            earlier = scope.target and scope.target.name == name and action.order == 0
            if earlier and start == scope.statement.node.relation.location:
                continue
            return start
    return -1


def _add_column(scope: Scope, table: Table, action: Action) -> Table:
    assert action.column is not None
    name = action.column.name
    if existing := table.column(name):
        if action.missing_ok:
            message = f'column "{name}" of relation "{table.name}" already exists, so it would be left as it is'
            facts = {"type": existing.type_sql}
            scope.warn("already-exists", message, action.column.location, sqlstate="42701", facts=facts)
        else:
            message = f'column "{name}" of relation "{table.name}" already exists'
            hint = "Use another name, or ADD COLUMN IF NOT EXISTS if it may be there already."
            scope.error("duplicate-column", message, "42701", action.column.location, hint=hint)
        return table
    if table.is_partition:
        message = "cannot add column to a partition"
        scope.error("inherited-column", message, "42809", action.column.location)
    default = action.column.constraint("default")
    if (
        table.row_type_in
        and default
        and not (default.expression.HasField("a_const") and default.expression.a_const.isnull)
    ):
        _report_row_type(scope, table, action.column.location)
    table = add_column(scope, table, action.column)
    own_sequence(scope, table, action.column)
    check_column_expressions(scope, table, action.column)
    for constraint in action.column.constraints:
        table = add_constraint(scope, table, constraint, is_new=False)
    return table


def _drop_column(scope: Scope, table: Table, action: Action) -> Table:
    column = table.column(action.name)
    location = _find(scope, action.name, action)
    if action.name in SYSTEM_COLUMNS:
        scope.error("system-column", f'cannot drop system column "{action.name}"', "0A000", location)
        return table
    if column is None:
        if action.missing_ok:
            message = f'column "{action.name}" of relation "{table.name}" does not exist, so nothing would be done'
            scope.warn("nothing-to-do", message, location, sqlstate="42703")
        else:
            scope.unknown_column(table, action.name, location)
        return table
    if column.inherited:
        scope.error("inherited-column", f'cannot drop inherited column "{action.name}"', "42P16", location)
        return table
    if (views := views_on(scope.catalog, table, column.name)) and not action.cascade:
        message = f"cannot drop column {column.name} of table {table.name} because other objects depend on it"
        hint = f"These views use it: {', '.join(views)}. Drop them first, or use CASCADE to drop them too."
        scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": views})
    keys = [item for item in table.constraints if column.name in item.columns]
    generated = [other.name for other in table.columns if column.name in other.uses]
    users = [f"column {name} of table {table.name}" for name in generated]
    users += sorted(
        {user for used, user in table.column_users if used == column.name}.union(*(k.used_by for k in keys))
    )
    if users and not action.cascade:
        message = f"cannot drop column {column.name} of table {table.name} because other objects depend on it"
        hint = f"These use it: {', '.join(users)}. Drop them first, or use CASCADE to drop them too."
        scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": users})
    indexes = tuple(index for index in table.indexes if action.name not in index.columns)
    constraints = tuple(item for item in table.constraints if action.name not in item.columns)
    for owned in [other for other in scope.catalog.tables.values() if other.owned_by == (*table[:2], column.name)]:
        scope.catalog.remove(owned)
    columns = tuple(item for item in table.columns if item is not column and item.name not in generated)
    return table._replace(columns=columns, indexes=indexes, constraints=constraints)


def _change_type(scope: Scope, table: Table, action: Action) -> Table:  # noqa: C901  -- a case a refusal
    column = table.column(action.name)
    location = _find(scope, action.name, action)
    if column is None:
        if action.name in SYSTEM_COLUMNS:
            scope.error("system-column", f'cannot alter system column "{action.name}"', "0A000", location)
        else:
            scope.unknown_column(table, action.name, location)
        if action.type:
            column_type(scope, action.name, action.type)
        return table
    if column.inherited:
        scope.error("inherited-column", f'cannot alter inherited column "{action.name}"', "42P16", location)
        return table
    assert action.type is not None
    info = column_type(scope, action.name, action.type)
    if info is None:
        return table
    sql = sql_of(action.type, info.display)
    if column.identity and info.base_display not in INTEGERS:
        message = "identity column type must be smallint, integer, or bigint"
        scope.error("invalid-identity", message, "22023", location)
    elif generated := [other.name for other in table.columns if column.name in other.uses]:
        message = "cannot alter type of a column used by a generated column"
        hint = f'Column "{column.name}" is used by generated column "{generated[0]}".'
        scope.error("dependent-objects", message, "0A000", location, hint=hint, facts={"dependents": generated})
    elif views := views_on(scope.catalog, table, column.name):
        message = "cannot alter type of a column used by a view or rule"
        hint = f"These views use it: {', '.join(views)}. Drop them, change the type, and make them again."
        scope.error("dependent-objects", message, "0A000", location, hint=hint, facts={"dependents": views})
    elif table.row_type_in and table.kind in "rp":
        _report_row_type(scope, table, location)
    elif users := sorted({user for used, user in table.column_users if used == column.name}):
        message = f"cannot alter type of a column used by {users[0].split()[0]} definition"
        hint = f"These use it: {', '.join(users)}. Drop them, change the type, and make them again."
        scope.error("dependent-objects", message, "0A000", location, hint=hint, facts={"dependents": users})
    elif not scope.has_error:
        check_conversion(scope, scope.target or table, column, info, action.using)
    changed = column._replace(type=info, type_sql=sql)
    return table._replace(columns=tuple(changed if item is column else item for item in table.columns))


def _report_row_type(scope: Scope, table: Table, location: int) -> None:
    user = table.row_type_in[0]
    message = f'cannot alter table "{table.name}" because column "{user}" uses its row type'
    facts = {"columns": list(table.row_type_in)}
    scope.error("dependent-objects", message, "0A000", location, facts=facts)


def _drop_constraint(scope: Scope, table: Table, action: Action) -> Table:
    constraint = _require_constraint(scope, table, action)
    if constraint is None:
        return table
    if constraint.inherited:
        message = f'cannot drop inherited constraint "{action.name}" of relation "{table.name}"'
        scope.error("inherited-constraint", message, "42P16", _find(scope, action.name, action))
        return table
    if constraint.used_by and not action.cascade:
        location = _find(scope, action.name, action)
        message = f"cannot drop constraint {action.name} on table {table.name} because other objects depend on it"
        users = sorted(set(constraint.used_by))
        hint = f"These depend on it: {', '.join(users[:5])}. Drop them first, or use CASCADE to drop them too."
        scope.error("dependent-objects", message, "2BP01", location, hint=hint, facts={"dependents": users})
        return table
    if constraint.kind in "pu" and table.is_new and table.referenced_by and not action.cascade:
        key = sorted(constraint.columns)
        if sum(index.is_key and sorted(map(str, index.columns)) == key for index in table.indexes) == 1:
            _report_dependents(scope, table, action, constraint)
    return table._replace(
        constraints=tuple(item for item in table.constraints if item is not constraint),
        indexes=tuple(item for item in table.indexes if item.name != constraint.name),
    )


def _report_dependents(scope: Scope, table: Table, action: Action, constraint: Constraint) -> None:
    users = [f"{name} on {other}" for other, name in table.referenced_by]
    scope.warn(
        "dependent-objects",
        f'foreign keys refer to "{table.name}" and may depend on constraint "{constraint.name}"',
        _find(scope, action.name, action),
        sqlstate="2BP01",
        hint="The server refuses if one does, unless CASCADE is given.",
        facts={"foreign_keys": users},
    )


def _require_constraint(scope: Scope, table: Table, action: Action) -> Constraint | None:
    constraint = table.constraint(action.name)
    if constraint is not None:
        return constraint
    location = _find(scope, action.name, action)
    message = f'constraint "{action.name}" of relation "{table.name}" does not exist'
    if action.missing_ok:
        scope.warn("nothing-to-do", f"{message}, so nothing would be done", location, sqlstate="42704")
    elif scope.catalog.major < 18 or not action.name.endswith("_not_null"):  # NOT NULL has a name from 18 on
        hint = did_you_mean(action.name, [item.name for item in table.constraints])
        scope.error("undefined-constraint", message, "42704", location, hint=hint)
    return None


def _touch_constraint(scope: Scope, table: Table, action: Action) -> Table:
    body = getattr(action.node, "def")
    named = body.atalter_constraint if body.HasField("atalter_constraint") else body.constraint
    name = action.name or named.conname
    constraint = _require_constraint(scope, table, action._replace(name=name))
    if constraint is None:
        return table
    location = _find(scope, name, action)
    if action.kind == "ValidateConstraint":
        if constraint.kind not in "fc":
            message = f'constraint "{name}" of relation "{table.name}" is not a foreign key or check constraint'
            scope.error("wrong-object-kind", message, "42809", location)
        validated = constraint._replace(validated=True)
        return table._replace(constraints=tuple(validated if c is constraint else c for c in table.constraints))
    if constraint.kind != "f":
        message = f'constraint "{name}" of relation "{table.name}" is not a foreign key constraint'
        scope.error("wrong-object-kind", message, "42809", location)
    return table


def _change_column(scope: Scope, table: Table, action: Action) -> Table:  # noqa: C901, PLR0912  -- a case a command
    column = table.column(action.name)
    if column is None:
        if action.name and action.name not in SYSTEM_COLUMNS:
            scope.unknown_column(table, action.name, _find(scope, action.name, action))
        elif action.name:
            message = f'cannot alter system column "{action.name}"'
            scope.error("system-column", message, "0A000", _find(scope, action.name, action))
        return table
    location = _find(scope, action.name, action)
    before = f'column "{column.name}" of relation "{table.name}"'
    changed = column
    match action.kind:
        case "ColumnDefault":
            if column.identity:
                hint = "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead." if action.using is None else ""
                scope.error("invalid-identity", f"{before} is an identity column", "42601", location, hint=hint)
            elif column.generated:
                scope.error("generated-column", f"{before} is a generated column", "42601", location)
            elif action.using is not None:
                check_default(scope, column.name, column.type, action.using)
            calls = called_in(action.using) if action.using is not None else ()
            changed = column._replace(has_default=action.using is not None, calls=calls)
        case "SetNotNull":
            changed = column._replace(not_null=True)
        case "DropNotNull":
            if column.identity:
                scope.error("invalid-identity", f"{before} is an identity column", "42601", location)
            elif table.primary_key and column.name in table.primary_key.columns:
                message = f'column "{column.name}" is in a primary key'
                scope.error("primary-key-column", message, "42P16", location)
            elif any(index.identifies and column.name in index.columns for index in table.indexes):
                message = f'column "{column.name}" is in index used as replica identity'
                scope.error("primary-key-column", message, "42P16", location)
            changed = column._replace(not_null=False)
        case "AddIdentity":
            changed = _add_identity(scope, table, action, location)
        case "SetIdentity" | "DropIdentity" if not column.identity and not action.missing_ok:
            scope.error("invalid-identity", f"{before} is not an identity column", "55000", location)
        case "DropIdentity":
            changed = column._replace(identity="")
        case "DropExpression":
            if not column.generated and not action.missing_ok:
                scope.error("generated-column", f"{before} is not a stored generated column", "55000", location)
            changed = column._replace(generated="")
    return table._replace(columns=tuple(changed if item is column else item for item in table.columns))


def _add_identity(scope: Scope, table: Table, action: Action, location: int) -> Column:
    column = table.column(action.name)
    assert column is not None
    before = f'column "{column.name}" of relation "{table.name}"'
    if column.type and column.type.base_display not in INTEGERS:
        message = "identity column type must be smallint, integer, or bigint"
        scope.error("invalid-identity", message, "22023", location)
    elif not column.not_null:
        message = f"{before} must be declared NOT NULL before identity can be added"
        fix = f"ALTER TABLE {table.display} ALTER COLUMN {quote(column.name)} SET NOT NULL;"
        scope.error("invalid-identity", message, "55000", location, fix=fix)
    elif column.identity:
        scope.error("invalid-identity", f"{before} is already an identity column", "55000", location)
    elif column.has_default:
        scope.error("invalid-identity", f"{before} already has a default value", "55000", location)
    return column._replace(identity="a")


def _check_role(scope: Scope, action: Action) -> None:
    role = action.node.newowner.rolename
    if role and scope.catalog.is_live and role not in scope.catalog.roles:
        location = scope.statement.find(role)
        scope.unknown("undefined-role", f'role "{role}" does not exist', "42704", location)

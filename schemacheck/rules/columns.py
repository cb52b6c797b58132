"""Columns added to, or changed in, tables that already hold rows."""

from collections.abc import Iterator

from schemacheck import locks
from schemacheck.catalog import Table
from schemacheck.lowering import shape_of
from schemacheck.proof.scope import Scope
from schemacheck.rules.registry import about, rule
from schemacheck.shapes import Action, AlterationShape, quote


def _actions(scope: Scope, kind: str) -> Iterator[tuple[Action, Table | None, str]]:
    """Commands of one kind on a table with rows, and how SQL names the table."""
    shape: AlterationShape = shape_of(scope.statement)
    table = scope.standing(shape.name)
    if isinstance(table, bool):
        return
    for action in shape.actions:
        if action.kind == kind:
            yield action, table, shape.name.sql


@rule(
    "set-not-null-scans",
    title="SET NOT NULL reads every row under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while every row is checked, unless a validated CHECK "
    "(column IS NOT NULL) already proves it (PostgreSQL 12 and later).",
    bad="ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    good="ALTER TABLE orders ADD CONSTRAINT total_present CHECK (total IS NOT NULL) NOT VALID;",
    kinds=("alter_table",),
)
def set_not_null_scans(scope: Scope) -> None:
    for action, table, name in _actions(scope, "SetNotNull"):
        if locks.not_null_proof(action.name, table) is not None:
            continue
        column, check = quote(action.name), quote(f"{action.name}_not_null")
        scope.warn(
            "set-not-null-scans",
            f'SET NOT NULL blocks every query on the table while all rows are read for "{action.name}"',
            scope.statement.find(action.name, after=1),
            hint="Prove it first with a validated CHECK; SET NOT NULL then needs no look at the rows.",
            fix=f"ALTER TABLE {name} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
            f"ALTER TABLE {name} VALIDATE CONSTRAINT {check};\n"
            f"ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;\n"
            f"ALTER TABLE {name} DROP CONSTRAINT {check};",
            facts=about(table),
        )


@rule(
    "volatile-default-rewrites",
    title="A new column with a volatile default rewrites the table",
    why="A constant or stable default is kept beside the table (PostgreSQL 11 and later). A volatile one, such as "
    "random(), differs by row, so every row is written anew under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good="ALTER TABLE orders ADD COLUMN created_at timestamptz DEFAULT now();",
    kinds=("alter_table",),
)
def volatile_default_rewrites(scope: Scope) -> None:
    for action, table, name in _actions(scope, "AddColumn"):
        default = action.column.constraint("default") if action.column else None
        function = locks.volatile_function(default, scope.catalog) if default else None
        if default is None or function is None:
            continue
        scope.warn(
            "volatile-default-rewrites",
            f"every row is written anew, because {function}() gives each its own value",
            default.location,
            hint="Add the column without a default, set the default for new rows, then fill old rows in batches.",
            fix=f"ALTER TABLE {name} ADD COLUMN {quote(action.name)} ...;\n"
            f"ALTER TABLE {name} ALTER COLUMN {quote(action.name)} SET DEFAULT {function}();",
            facts={**about(table), "function": function},
        )


@rule(
    "generated-column-rewrites",
    title="A new serial, identity or stored generated column rewrites the table",
    why="Each row needs its own value, so every row is written anew under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ADD COLUMN number bigserial;",
    good="ALTER TABLE orders ADD COLUMN number bigint;",
    kinds=("alter_table",),
)
def generated_column_rewrites(scope: Scope) -> None:
    for action, table, _ in _actions(scope, "AddColumn"):
        column = action.column
        if column is None or not column.type:
            continue
        generated = column.constraint("generated")
        if column.type.serial or column.constraint("identity") or (generated and generated.stored):
            scope.warn(
                "generated-column-rewrites",
                f'every row is written anew to give "{column.name}" its value',
                column.location,
                hint="Add a plain column, fill it in batches, then attach the sequence or default.",
                facts=about(table),
            )


@rule(
    "type-change-rewrites",
    title="Changing a column's type rewrites the table",
    why="Unless old and new type look the same on disk, every row is written anew and every index rebuilt under "
    "ACCESS EXCLUSIVE. Whether they do is known only with the old type.",
    bad="ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
    good="ALTER TABLE orders ALTER COLUMN note TYPE text;",
    kinds=("alter_table",),
)
def type_change_rewrites(scope: Scope) -> None:
    for action, table, _ in _actions(scope, "AlterColumnType"):
        if not locks.type_change_rewrites(action, table, scope.catalog):
            continue
        column = table.column(action.name) if table else None
        old = f" from {column.type_sql}" if column else ""
        scope.warn(
            "type-change-rewrites",
            f'changing the type of "{action.name}"{old} {"writes" if column else "may write"} every row anew',
            scope.statement.find(action.name, after=1),
            hint="Add a column of the new type, keep both in step with a trigger, fill it in batches, then swap them.",
            facts={**about(table), "old_type": column.type_sql if column else None},
        )


@rule(
    "required-column-without-default",
    title="A new NOT NULL column without a default fails if there are rows",
    why="Existing rows would have NULL in it, so the server refuses unless the table is empty.",
    bad="ALTER TABLE orders ADD COLUMN currency text NOT NULL;",
    good="ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';",
    kinds=("alter_table",),
    sqlstate="23502",
)
def required_column_without_default(scope: Scope) -> None:
    for action, table, _ in _actions(scope, "AddColumn"):
        column = action.column
        if column is None or not (column.constraint("not_null") or column.constraint("primary")):
            continue
        filled = any(column.constraint(kind) for kind in ("default", "identity", "generated"))
        if filled or (column.type and column.type.serial):
            continue
        scope.warn(
            "required-column-without-default",
            f'the server refuses "{column.name}" if the table has rows: they would be NULL',
            column.location,
            sqlstate="23502",
            hint="Give it a constant default, or add it nullable, fill it, and set NOT NULL afterwards.",
            facts=about(table),
        )

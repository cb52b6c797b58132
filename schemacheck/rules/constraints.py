"""Constraints on tables that already hold rows."""

from collections.abc import Iterator

from schemacheck.catalog import Table
from schemacheck.findings import Severity
from schemacheck.lowering import shape_of
from schemacheck.proof.scope import Scope
from schemacheck.rules.registry import about, rule
from schemacheck.shapes import AlterationShape, ConstraintShape, TableShape, quote


def _added(scope: Scope) -> Iterator[tuple[ConstraintShape, Table | None]]:
    """Constraints that ALTER TABLE ... ADD CONSTRAINT puts on a table with rows."""
    shape: AlterationShape = shape_of(scope.statement)
    table = scope.standing(shape.name)
    if isinstance(table, bool):
        return
    for action in shape.actions:
        if action.kind == "AddConstraint" and action.constraint:
            yield action.constraint, table


def _name(shape: ConstraintShape) -> str:
    return quote(shape.name) if shape.name else "constraint_name"


def _in_two_steps(scope: Scope, constraint: ConstraintShape) -> str:
    validate = f"ALTER TABLE {shape_of(scope.statement).name.sql} VALIDATE CONSTRAINT {_name(constraint)};"
    alone = len(shape_of(scope.statement).actions) == 1
    return f"{scope.statement.sql.rstrip()} NOT VALID;\n{validate}" if alone else validate


@rule(
    "foreign-key-without-not-valid",
    title="Adding a foreign key checks every row under a lock",
    why="ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables while it reads the referring one: writes to both "
    "wait. NOT VALID adds it at once for new rows; VALIDATE CONSTRAINT checks old ones while writes go on.",
    bad="ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES customers (id);",
    good="ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
    kinds=("alter_table",),
)
def foreign_key_without_not_valid(scope: Scope) -> None:
    for constraint, table in _added(scope):
        if constraint.kind == "foreign" and not constraint.not_valid:
            scope.warn(
                "foreign-key-without-not-valid",
                "adding the foreign key blocks writes to both tables while every row is checked",
                constraint.location,
                hint="Add it NOT VALID, then VALIDATE it in a transaction of its own.",
                fix=_in_two_steps(scope, constraint),
                facts=about(table),
            )


@rule(
    "check-without-not-valid",
    title="Adding a CHECK reads every row under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while every row is checked. NOT VALID adds it at once for new rows; "
    "VALIDATE CONSTRAINT checks old ones under a lock that lets writes go on.",
    bad="ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0);",
    good="ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;",
    kinds=("alter_table",),
)
def check_without_not_valid(scope: Scope) -> None:
    for constraint, table in _added(scope):
        if constraint.kind == "check" and not constraint.not_valid:
            scope.warn(
                "check-without-not-valid",
                "adding the check blocks every query on the table while all rows are read",
                constraint.location,
                hint="Add it NOT VALID, then VALIDATE it in a transaction of its own.",
                fix=_in_two_steps(scope, constraint),
                facts=about(table),
            )


@rule(
    "key-builds-index",
    title="Adding UNIQUE or PRIMARY KEY builds its index under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while the index is built. An index built CONCURRENTLY beforehand "
    "becomes the constraint in no time.",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);",
    good="ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number;",
    kinds=("alter_table",),
)
def key_builds_index(scope: Scope) -> None:
    for constraint, table in _added(scope):
        if constraint.kind in ("primary", "unique") and not constraint.index:
            name, columns = shape_of(scope.statement).name.sql, ", ".join(map(quote, constraint.columns))
            words = "PRIMARY KEY" if constraint.kind == "primary" else "UNIQUE"
            scope.warn(
                "key-builds-index",
                f"adding {words} blocks every query on the table while its index is built",
                constraint.location,
                hint="Build a unique index CONCURRENTLY first, then adopt it with USING INDEX.",
                fix=f"CREATE UNIQUE INDEX CONCURRENTLY {_name(constraint)} ON {name} ({columns});\n"
                f"ALTER TABLE {name} ADD CONSTRAINT {_name(constraint)} {words} USING INDEX {_name(constraint)};",
                facts=about(table),
            )


@rule(
    "foreign-key-without-index",
    title="A foreign key without an index on its own side",
    why="PostgreSQL indexes the referenced columns, not the referring ones. Without an index of your own, deleting or "
    "re-keying a row of the referenced table reads the whole referring table.",
    bad="CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));",
    good="CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));\n"
    "CREATE INDEX ON lines (order_id);",
    kinds=("create_table", "alter_table"),
    at_end=True,
)
def foreign_key_without_index(scope: Scope) -> None:
    shape: TableShape | AlterationShape = shape_of(scope.statement)
    table = scope.catalog.table(shape.name)
    if isinstance(shape, TableShape):
        foreign = [constraint for constraint in shape.all_constraints if constraint.kind == "foreign"]
    else:
        foreign = [
            constraint
            for action in shape.actions
            for constraint in (
                [action.constraint] if action.constraint else action.column.constraints if action.column else ()
            )
            if constraint.kind == "foreign"
        ]
        if table is None and not scope.catalog.is_live:
            return  # its indexes are not known
    for constraint in foreign:
        if table is None or not table.is_known or table.index_leading_with(constraint.columns):
            continue
        columns = ", ".join(map(quote, constraint.columns))
        word = "" if table.is_new else " CONCURRENTLY"
        scope.add(
            "foreign-key-without-index",
            Severity.WARNING,
            f"no index begins with the foreign key's columns ({columns})",
            constraint.location,
            hint="Index them, or every delete in the referenced table reads this one from end to end.",
            fix=f"CREATE INDEX{word} ON {shape.name.sql} ({columns});",
            facts={"indexes": [[column or "(expression)" for column in index.columns] for index in table.indexes]},
        )

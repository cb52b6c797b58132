"""Data and names that go away while somebody may still use them."""

from postgast import pg_query_pb2 as ast

from schemacheck.catalog import Table
from schemacheck.lowering import range_name, shape_of
from schemacheck.proof.scope import Scope
from schemacheck.rules.registry import about, rule
from schemacheck.shapes import AlterationShape
from schemacheck.snapshot import names_of


@rule(
    "drop-column",
    title="Dropping a column loses its data and breaks running code",
    why="The data cannot be had back, and every program that still names the column fails from that moment.",
    bad="ALTER TABLE orders DROP COLUMN note;",
    good="ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;",
    kinds=("alter_table",),
)
def drop_column(scope: Scope) -> None:
    shape: AlterationShape = shape_of(scope.statement)
    table = scope.standing(shape.name)
    for action in shape.actions:
        missing = isinstance(table, Table) and table.column(action.name) is None
        if action.kind == "DropColumn" and table is not False and not missing:
            scope.warn(
                "drop-column",
                f'the data in "{action.name}" is lost, and code that still names it fails',
                scope.statement.find(action.name, after=1),
                hint="Release code that no longer uses the column first; drop it afterwards.",
                facts=about(table),
            )


@rule(
    "drop-table",
    title="Dropping a table loses its data",
    why="The data cannot be had back, and every program that still uses the table fails from that moment.",
    bad="DROP TABLE orders;",
    good="ALTER TABLE orders SET SCHEMA archive;",
    kinds=("drop_table",),
)
def drop_table(scope: Scope) -> None:
    for name in names_of(scope.statement.node.objects):
        table = scope.standing(name)
        if table is not False:
            scope.warn(
                "drop-table",
                f'every row of "{name}" is lost',
                scope.statement.find(name.name, after=5),
                hint="Make sure that a backup exists and that nothing uses it any more.",
                facts=about(table),
            )


@rule(
    "truncate",
    title="TRUNCATE loses every row",
    why="The rows cannot be had back, ACCESS EXCLUSIVE is taken, and CASCADE empties the tables that refer to it too.",
    bad="TRUNCATE orders;",
    good="DELETE FROM orders WHERE created_at < now() - interval '2 years';",
    kinds=("truncate",),
)
def truncate(scope: Scope) -> None:
    for relation in scope.statement.node.relations:
        table = scope.standing(range_name(relation.range_var))
        if table is not False:
            message = f'every row of "{relation.range_var.relname}" is lost'
            scope.warn("truncate", message, relation.range_var.location, facts=about(table))


@rule(
    "rename-column",
    title="Renaming a column breaks running code",
    why="Programs that use the old name fail from that moment, and those that use the new one before it.",
    bad="ALTER TABLE orders RENAME COLUMN note TO remark;",
    good="ALTER TABLE orders ADD COLUMN remark text;",
    kinds=("rename_column",),
)
def rename_column(scope: Scope) -> None:
    node = scope.statement.node
    table = scope.standing(range_name(node.relation)) if node.relation.relname else False
    missing = isinstance(table, Table) and table.column(node.subname) is None
    if table is not False and not missing:
        scope.warn(
            "rename-column",
            f'code that names "{node.subname}" fails as soon as it is called "{node.newname}"',
            scope.statement.find(node.subname, after=1),
            hint="Add the new column, write both, move readers over, then drop the old one.",
            facts=about(table),
        )


@rule(
    "rename-table",
    title="Renaming a table breaks running code",
    why="Programs that use the old name fail from that moment, and those that use the new one before it.",
    bad="ALTER TABLE orders RENAME TO purchases;",
    good="CREATE VIEW purchases AS SELECT * FROM orders;",
    kinds=("rename_table",),
)
def rename_table(scope: Scope) -> None:
    node = scope.statement.node
    table = scope.standing(range_name(node.relation))
    if table is not False and node.rename_type == ast.OBJECT_TABLE:
        scope.warn(
            "rename-table",
            f'code that names "{node.relation.relname}" fails as soon as it is called "{node.newname}"',
            hint="Leave a view under the old name until nothing uses it.",
            facts=about(table),
        )


@rule(
    "drop-schema",
    title="Dropping a schema loses what is in it",
    why="With CASCADE every table in it goes, and none can be had back.",
    bad="DROP SCHEMA sales CASCADE;",
    good="ALTER SCHEMA sales RENAME TO sales_old;",
    kinds=("drop_schema", "dropdb"),
)
def drop_schema(scope: Scope) -> None:
    hint = "Make sure that a backup exists and that nothing uses it any more."
    scope.warn("drop-schema", "everything in it is lost", hint=hint)

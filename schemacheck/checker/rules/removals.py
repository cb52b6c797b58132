"""Data and names that go away while somebody may still use them."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.dependents import views_on
from schemacheck.checker.database.lookup import names_of
from schemacheck.checker.findings import Severity
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.shapes import Action, quote
from schemacheck.checker.rules.registry import Case, about, history_of, rule, target_sql
from schemacheck.checker.scope import Scope

_BACKUP = "Make sure that a backup exists and that nothing uses it any more."


@rule(
    "drop-column",
    title="Dropping a column loses its data and breaks running code",
    why="The data cannot be had back, and every program that still names the column fails from that moment.",
    bad="ALTER TABLE orders DROP COLUMN note;",
    good="ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;",
    also_bad=("ALTER TABLE orders DROP COLUMN IF EXISTS note CASCADE, ADD COLUMN remark text;",),
    also_good=("CREATE TABLE notes (id bigint PRIMARY KEY, body text);\nALTER TABLE notes DROP COLUMN body;",),
    actions=("DropColumn",),
    rests_on="whether the table is empty, whether the column is there, views that use it",
)
def drop_column(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    if table is not None and table.is_known and table.column(action.name) is None:
        return
    facts = dict(about(table))
    if table and (views := views_on(scope.catalog, table, action.name)):
        facts["views"] = views
    name, column = target_sql(scope), quote(action.name)
    is_key = table is not None and table.primary_key is not None and action.name in table.primary_key.columns
    relief = "" if is_key else f"ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL;\n"
    cascade = " CASCADE" if action.cascade else ""
    yield Case(
        f'the data in "{action.name}" is lost, and code that still names it fails',
        scope.statement.find(action.name, after=1),
        hint="Release code that no longer uses the column first; drop it afterwards.",
        fix=f"{relief}-- release code that no longer names {column}, then\n"
        f"ALTER TABLE {name} DROP COLUMN {column}{cascade};",
        facts=facts,
    )


@rule(
    "drop-table",
    title="Dropping a table loses its data",
    why="The data cannot be had back, and every program that still uses the table fails from that moment.",
    bad="DROP TABLE orders;",
    good="ALTER TABLE orders ADD COLUMN archived_at timestamptz;",
    also_bad=("DROP TABLE IF EXISTS sales.orders, lines CASCADE;",),
    also_good=("CREATE TABLE scratch (id bigint PRIMARY KEY);\nDROP TABLE scratch;",),
    kinds=("drop_table",),
    rests_on="whether the table is empty, estimated rows, foreign keys that refer to it",
)
def drop_table(scope: Scope) -> Iterator[Case]:
    for name in names_of(scope.statement.node.objects):
        table = scope.standing(name)
        if table is not False:
            facts = dict(about(table))
            if isinstance(table, Table) and table.referenced_by:
                facts["referenced_by"] = sorted({item for item, _ in table.referenced_by})
            aside = quote(f"{name.name}_dropped")
            cascade = " CASCADE" if scope.statement.node.behavior == ast.DROP_CASCADE else ""
            yield Case(
                f'every row of "{name}" is lost',
                scope.statement.find(name.name, after=5),
                hint=_BACKUP,
                fix=f"ALTER TABLE {name.sql} RENAME TO {aside};\n-- once nothing has missed it\n"
                f"DROP TABLE {aside}{cascade};",
                facts=facts,
            )


@rule(
    "truncate",
    title="TRUNCATE loses every row",
    why="The rows cannot be had back, and ACCESS EXCLUSIVE is taken.",
    bad="TRUNCATE orders;",
    good="DELETE FROM orders WHERE created_at < now() - interval '2 years';",
    also_bad=("TRUNCATE TABLE ONLY sales.orders RESTART IDENTITY;",),
    also_good=("CREATE TABLE scratch (id bigint PRIMARY KEY);\nTRUNCATE scratch;",),
    kinds=("truncate",),
    rests_on="whether the table is empty, estimated rows",
)
def truncate(scope: Scope) -> Iterator[Case]:
    for relation in scope.statement.node.relations:
        table = scope.standing(range_name(relation.range_var))
        if table is not False:
            yield Case(
                f'every row of "{relation.range_var.relname}" is lost',
                relation.range_var.location,
                hint=_BACKUP,
                facts=about(table),
            )


@rule(
    "truncate-cascade",
    title="TRUNCATE ... CASCADE empties tables it does not name",
    why="Every table with a foreign key to the one named is emptied as well, and those that refer to them in turn.",
    bad="TRUNCATE customers CASCADE;",
    good="TRUNCATE customers;",
    also_bad=("TRUNCATE orders, customers RESTART IDENTITY CASCADE;",),
    also_good=("TRUNCATE orders, lines;",),
    kinds=("truncate",),
    rests_on="foreign keys that refer to the table",
)
def truncate_cascade(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if node.behavior != ast.DROP_CASCADE:
        return
    tables = [scope.standing(range_name(relation.range_var)) for relation in node.relations]
    if all(table is False for table in tables):
        return
    others = sorted({item for table in tables if isinstance(table, Table) for item, _ in table.referenced_by})
    names = ", ".join(range_name(relation.range_var).sql for relation in node.relations)
    yield Case(
        f"tables that refer to it are emptied too: {', '.join(others)}" if others else "tables that refer to it go too",
        scope.statement.find("cascade"),
        hint="Name every table that is to be emptied.",
        fix=f"TRUNCATE {', '.join([names, *others])};",
        facts={"referenced_by": others} if scope.catalog.is_live else {"catalog": "not read"},
    )


_RENAME_STEPS = "Add the new column, write both, move readers over, then drop the old one."


@rule(
    "rename-column",
    title="Renaming a column breaks running code",
    why="Programs that use the old name fail from that moment, and those that use the new one before it.",
    bad="ALTER TABLE orders RENAME COLUMN note TO remark;",
    good="ALTER TABLE orders ADD COLUMN remark text;",
    also_bad=("ALTER TABLE orders RENAME note TO remark;",),
    also_good=("CREATE TABLE notes (id bigint PRIMARY KEY, body text);\nALTER TABLE notes RENAME body TO remark;",),
    kinds=("rename_column",),
    rests_on="type of the column, whether the table is empty",
)
def rename_column(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if not node.relation.relname:
        return
    name = range_name(node.relation)
    table = scope.standing(name)
    column = table.column(node.subname) if isinstance(table, Table) else None
    if table is False or (isinstance(table, Table) and table.is_known and column is None):
        return
    old, new = quote(node.subname), quote(node.newname)
    yield Case(
        f'code that names "{node.subname}" fails as soon as it is called "{node.newname}"',
        scope.statement.find(node.subname, after=1),
        hint=_RENAME_STEPS,
        fix=f"ALTER TABLE {name.sql} ADD COLUMN {new} {column.type_sql if column else '...'};\n"
        f"-- a BEFORE INSERT OR UPDATE trigger keeps {old} and {new} in step\n"
        f"UPDATE {name.sql} SET {new} = {old} WHERE {new} IS DISTINCT FROM {old};  -- in batches\n"
        f"-- release code that names {new} only, then\n"
        f"ALTER TABLE {name.sql} DROP COLUMN {old};",
        facts=about(table),
    )


@rule(
    "rename-table",
    title="Renaming a table breaks running code",
    why="Programs that use the old name fail from that moment, and those that use the new one before it.",
    bad="ALTER TABLE orders RENAME TO purchases;",
    good="CREATE VIEW purchases AS SELECT * FROM orders;",
    also_bad=("ALTER TABLE IF EXISTS sales.orders RENAME TO purchases;",),
    also_good=("CREATE TABLE scratch (id bigint PRIMARY KEY);\nALTER TABLE scratch RENAME TO kept;",),
    kinds=("rename_table",),
    rests_on="whether the table is empty",
)
def rename_table(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    name = range_name(node.relation)
    table = scope.standing(name)
    if table is not False and node.rename_type == ast.OBJECT_TABLE:
        yield Case(
            f'code that names "{node.relation.relname}" fails as soon as it is called "{node.newname}"',
            hint="Leave a view under the old name until nothing uses it.",
            fix=f"BEGIN;\n{scope.statement.sql.rstrip()};\n"
            f"CREATE VIEW {name.sql} AS SELECT * FROM {quote(node.newname)};\nCOMMIT;",
            facts=about(table),
        )


_RENAMED = {
    "rename_view": "view",
    "rename_materialized_view": "materialized view",
    "rename_sequence": "sequence",
    "rename_schema": "schema",
    "rename_type": "type",
    "rename_domain": "domain",
    "rename_function": "function",
    "rename_foreign_table": "foreign table",
    "rename_database": "database",
    "rename_object": "object",
}
_HARMLESS = {"OBJECT_RULE", "OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_DOMCONSTRAINT", "OBJECT_EVENT_TRIGGER"}


@rule(
    "rename-object",
    title="Renaming a view, schema, type, sequence or function breaks running code",
    why="Programs that use the old name fail from that moment, and those that use the new one before it.",
    bad="ALTER VIEW open_orders RENAME TO pending_orders;",
    good="CREATE VIEW pending_orders AS SELECT * FROM open_orders;",
    also_bad=("ALTER SEQUENCE numbers RENAME TO order_numbers;",),
    also_good=("ALTER INDEX orders_customer RENAME TO orders_by_customer;",),
    kinds=tuple(_RENAMED),
)
def rename_object(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if not isinstance(node, ast.RenameStmt) or ast.ObjectType.Name(node.rename_type) in _HARMLESS:
        return
    if node.relation.relname and scope.standing(range_name(node.relation)) is False:
        return
    what = _RENAMED[scope.statement.kind]
    old = node.relation.relname or node.subname or "it"
    yield Case(
        f'code that names the {what} "{old}" fails as soon as it is called "{node.newname}"',
        hint="Make it anew under the new name, move its users over, then drop the old one.",
    )


@rule(
    "rename-enum-value",
    title="Renaming a value of an enum breaks running code",
    why="Programs that send or compare the old word fail from that moment.",
    bad="ALTER TYPE state RENAME VALUE 'new' TO 'fresh';",
    good="ALTER TYPE state ADD VALUE 'fresh' BEFORE 'new';",
    also_bad=("ALTER TYPE sales.state RENAME VALUE 'paid' TO 'settled';",),
    also_good=("CREATE TYPE state AS ENUM ('new', 'paid');",),
    kinds=("alter_type",),
)
def rename_enum_value(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if isinstance(node, ast.AlterEnumStmt) and node.old_val:
        yield Case(
            f"code that says '{node.old_val}' fails as soon as it is called '{node.new_val}'",
            hint="Add the new value, let code know both, rewrite the rows in batches.",
        )


@rule(
    "change-schema",
    title="Moving a table to another schema breaks running code",
    why="Programs find the table by the search path or by its old schema, and fail from that moment.",
    bad="ALTER TABLE orders SET SCHEMA archive;",
    good="CREATE VIEW archive.orders AS SELECT * FROM orders;",
    also_bad=("ALTER VIEW open_orders SET SCHEMA archive;",),
    also_good=("CREATE TABLE scratch (id bigint PRIMARY KEY);\nALTER TABLE scratch SET SCHEMA archive;",),
    kinds=("alter_object_schema",),
    rests_on="whether the table is empty",
)
def change_schema(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    name = range_name(node.relation) if node.relation.relname else None
    table = scope.standing(name) if name else None
    if table is not False:
        yield Case(
            f'code that looks for it where it was fails as soon as it is in "{node.newschema}"',
            hint="Leave a view in the old schema until nothing uses it.",
            fix=f"{scope.statement.sql.rstrip()};\n"
            f"CREATE VIEW {name.sql} AS SELECT * FROM {quote(node.newschema)}.{quote(name.name)};"
            if name
            else "",
            facts=about(table),
        )


@rule(
    "drop-schema",
    title="Dropping a schema loses what is in it",
    why="With CASCADE every table in it goes, and none can be had back.",
    bad="DROP SCHEMA sales CASCADE;",
    good="CREATE SCHEMA sales_archive;",
    also_bad=("DROP SCHEMA IF EXISTS sales;",),
    also_good=("ALTER SCHEMA sales OWNER TO clerk;",),
    kinds=("drop_schema",),
)
def drop_schema(scope: Scope) -> Iterator[Case]:
    yield Case("everything in it is lost", hint=_BACKUP)


@rule(
    "drop-database",
    title="Dropping a database loses everything in it",
    why="Nothing in it can be had back, and no transaction guards the statement.",
    bad="DROP DATABASE shop;",
    good="ALTER DATABASE shop WITH ALLOW_CONNECTIONS false;",
    also_bad=("DROP DATABASE IF EXISTS shop WITH (FORCE);",),
    also_good=("CREATE DATABASE shop_copy TEMPLATE shop;",),
    kinds=("dropdb",),
)
def drop_database(scope: Scope) -> Iterator[Case]:
    name = quote(scope.statement.node.dbname)
    fix = f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false;\n-- once nothing has missed it\nDROP DATABASE {name};"
    yield Case("everything in the database is lost", hint=_BACKUP, fix=fix)


_DROPPED = {
    "view": ("drop_view", "drop_materialized_view"),
    "function": ("drop_function",),
    "type": ("drop_type", "drop_domain"),
    "sequence": ("drop_sequence",),
    "trigger": ("drop_trigger",),
    "policy": ("drop_policy",),
    "extension": ("drop_extension",),
}
_LOST = {
    "view": ("code that reads it fails from that moment", "CREATE OR REPLACE VIEW open_orders AS SELECT 1 AS id;"),
    "function": ("code that calls it fails from that moment", "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1;"),
    "type": ("code that casts to it fails from that moment", "CREATE TYPE size AS (width int);"),
    "sequence": ("numbers it gave may be given again if it is made anew", "CREATE SEQUENCE numbers;"),
    "trigger": ("what it kept in step or kept out is so no longer", "ALTER TABLE orders ENABLE TRIGGER t;"),
    "policy": ("rows it showed vanish, or rows it hid show", "CREATE POLICY p ON orders;"),
    "extension": ("its types and functions go with it", "CREATE EXTENSION citext;"),
}
_BAD_DROPS = {
    "view": "DROP VIEW open_orders;",
    "function": "DROP FUNCTION total(int);",
    "type": "DROP TYPE state;",
    "sequence": "DROP SEQUENCE numbers;",
    "trigger": "DROP TRIGGER t ON orders;",
    "policy": "DROP POLICY p ON orders;",
    "extension": "DROP EXTENSION citext;",
}


def _enter_drop(noun: str) -> None:
    lost, good = _LOST[noun]

    @rule(
        f"drop-{noun}",
        title=f"Dropping a {noun} others may use",
        why=f"Where somebody still uses it, {lost}.",
        bad=_BAD_DROPS[noun],
        good=good,
        kinds=_DROPPED[noun],
        severity=Severity.SUGGESTION,
        rests_on="whether the script made it",
    )
    def drop(scope: Scope) -> Iterator[Case]:
        made = history_of(scope).made
        names = [_last_name(item) for item in scope.statement.node.objects]
        if not all((noun, name) in made for name in names):
            message = f"{', '.join(names) or 'it'}: {lost}"
            yield Case(message, hint="Release code that no longer uses it first.")


def _last_name(item: ast.Node) -> str:
    """The name at the end of whatever DROP names."""
    match item.WhichOneof("node"):
        case "list":
            return str(item.list.items[-1].string.sval)
        case "type_name":
            return str(item.type_name.names[-1].string.sval)
        case "object_with_args":
            return str(item.object_with_args.objname[-1].string.sval)
    return str(item.string.sval)


for _noun in _DROPPED:
    _enter_drop(_noun)

"""Work that holds a table: maintenance, storage, triggers, and changes of all rows at once."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.findings import Severity
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.shapes import Action, quote
from schemacheck.checker.rules.indexes import is_on
from schemacheck.checker.rules.registry import Case, about, locked, rule, target_sql
from schemacheck.checker.scope import Scope

_LOCK_MODES = {6: "SHARE ROW EXCLUSIVE", 7: "EXCLUSIVE", 8: "ACCESS EXCLUSIVE", 5: "SHARE"}


@rule(
    "vacuum-full-or-cluster",
    title="VACUUM FULL and CLUSTER rewrite the table",
    why="Every row is written anew under ACCESS EXCLUSIVE: nobody reads or writes the table until it is done. Plain "
    "VACUUM makes the space usable again while everybody works; pg_repack gives it back.",
    bad="VACUUM FULL orders;",
    good="VACUUM orders;",
    also_bad=("CLUSTER orders USING orders_pkey;", "VACUUM (FULL, ANALYZE) orders;"),
    also_good=("VACUUM (ANALYZE) orders;",),
    kinds=("vacuum", "cluster"),
    rests_on="whether the table is empty, estimated rows",
)
def vacuum_full_or_cluster(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if isinstance(node, ast.VacuumStmt):
        if not node.is_vacuumcmd or not is_on(node.options, "full"):
            return
        names = [range_name(item.vacuum_relation.relation) for item in node.rels]
    else:
        names = [range_name(node.relation)] if node.relation.relname else []
    tables = [locked(scope, name) for name in names]
    if names and all(table is False for table in tables):
        return
    shown = ", ".join(name.sql for name in names)
    yield Case(
        "every row is written anew while nobody can read or write the table",
        hint="Use plain VACUUM, or pg_repack to give space back.",
        fix=f"VACUUM {shown}".strip() + ";",
        facts=about(next((table for table in tables if isinstance(table, Table)), None)),
    )


@rule(
    "matview-refresh-blocks",
    title="REFRESH MATERIALIZED VIEW blocks reads",
    why="It takes ACCESS EXCLUSIVE while the query runs. CONCURRENTLY lets reads go on, and needs a unique index over "
    "all rows.",
    bad="REFRESH MATERIALIZED VIEW totals;",
    good="REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
    also_bad=("REFRESH MATERIALIZED VIEW sales.totals WITH DATA;",),
    also_good=("REFRESH MATERIALIZED VIEW CONCURRENTLY sales.totals;",),
    kinds=("refresh_mat_view",),
    rests_on="whether the script made the view, whether it has a unique index",
)
def matview_refresh_blocks(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    name = range_name(node.relation)
    table = scope.standing(name)
    if node.concurrent or node.skip_data or (table is False and scope.catalog.table(name) is not None):
        return
    facts = dict(about(table))
    if isinstance(table, Table) and table.is_known:
        facts["unique_index"] = any(index.unique and not index.partial for index in table.indexes)
    yield Case(
        f'nobody can read "{name.name}" while its query runs',
        name.location,
        hint="Give it a unique index over all rows and refresh it CONCURRENTLY.",
        fix=f"REFRESH MATERIALIZED VIEW CONCURRENTLY {name.sql};",
        facts=facts,
    )


@rule(
    "logged-unlogged-rewrites",
    title="SET LOGGED and SET UNLOGGED rewrite the table",
    why="Every row is written anew under ACCESS EXCLUSIVE; an unlogged table is emptied by a crash and absent on "
    "replicas.",
    bad="ALTER TABLE orders SET UNLOGGED;",
    good="ALTER TABLE orders SET (fillfactor = 70);",
    also_bad=("ALTER TABLE orders SET LOGGED;",),
    also_good=("CREATE UNLOGGED TABLE scratch (id bigint PRIMARY KEY);",),
    actions=("SetLogged", "SetUnLogged"),
    rests_on="whether the table is logged already, estimated rows",
)
def logged_unlogged_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    wanted = "p" if action.kind == "SetLogged" else "u"
    if table is None or table.persistence != wanted:
        yield Case(
            "every row is written anew while nobody can read or write the table",
            hint="Make a new table of the wanted kind, copy the rows in batches, then swap the two.",
            facts=about(table),
        )


@rule(
    "storage-change-rewrites",
    title="SET ACCESS METHOD and SET TABLESPACE copy the table",
    why="All of it is written anew, or copied to another disk, under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders SET TABLESPACE fast;",
    good="CREATE TABLE orders_new (id bigint PRIMARY KEY) TABLESPACE fast;",
    also_bad=("ALTER TABLE orders SET ACCESS METHOD columnar;",),
    also_good=("ALTER TABLE orders ALTER COLUMN note SET STORAGE EXTERNAL;",),
    actions=("SetAccessMethod", "SetTableSpace"),
    rests_on="estimated rows, bytes",
)
def storage_change_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    yield Case(
        "the whole table is copied while nobody can read or write it",
        hint="Make a new table there, copy the rows in batches and swap the two; or let pg_repack move it.",
        facts=about(table),
    )


@rule(
    "trigger-blocks",
    title="CREATE TRIGGER and ENABLE or DISABLE TRIGGER block writes",
    why="They take SHARE ROW EXCLUSIVE: they wait for every write that runs, and all later writes wait for them.",
    bad="CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();",
    good="CREATE TABLE log (id bigint PRIMARY KEY);\n"
    "CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f();",
    also_bad=("CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON orders DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();",),
    also_good=("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;",),
    kinds=("create_trigger",),
    actions=("EnableTrig", "EnableAlwaysTrig", "EnableReplicaTrig", "EnableTrigAll", "EnableTrigUser", "DisableTrig",
             "DisableTrigAll", "DisableTrigUser"),
    severity=Severity.SUGGESTION,
    rests_on="whether the table is empty",
)  # fmt: skip
def trigger_blocks(scope: Scope, action: Action | None = None, table: Table | None = None) -> Iterator[Case]:
    if action is None:
        name = range_name(scope.statement.node.relation)
        found = locked(scope, name)
        if found is False:
            return
        shown = name.sql
    else:
        found, shown = table, target_sql(scope)
    yield Case(
        f"writes to {shown} wait until the statement has had its lock and the transaction ends",
        hint="Set a short lock_timeout and do nothing else in the transaction.",
        fix=f"SET lock_timeout = '2s';\n{scope.statement.sql.rstrip()};",
        facts=about(found),
    )


@rule(
    "trigger-disabled",
    title="DISABLE TRIGGER switches rules off for everybody",
    why="Not only for this session: rows that anybody writes meanwhile miss what the trigger keeps in step, and "
    "ALL switches foreign keys off as well.",
    bad="ALTER TABLE orders DISABLE TRIGGER ALL;",
    good="SET session_replication_role = replica;",
    also_bad=("ALTER TABLE orders DISABLE TRIGGER audit;", "ALTER TABLE orders DISABLE TRIGGER USER;"),
    also_good=("ALTER TABLE orders ENABLE ALWAYS TRIGGER audit;",),
    actions=("DisableTrig", "DisableTrigAll", "DisableTrigUser"),
    rests_on="whether the table is empty",
)
def trigger_disabled(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    yield Case(
        "what the trigger keeps in step or keeps out is not for rows that anybody writes meanwhile",
        scope.statement.find("disable"),
        hint="Switch triggers off for this session alone: SET LOCAL session_replication_role = replica.",
        fix="SET LOCAL session_replication_role = replica;",
        facts=about(table),
    )


@rule(
    "explicit-lock",
    title="LOCK TABLE makes others wait",
    why="The lock is held until the transaction ends, and what conflicts with it waits.",
    bad="BEGIN;\nLOCK TABLE orders IN ACCESS EXCLUSIVE MODE;\nCOMMIT;",
    good="BEGIN;\nSELECT 1 FROM orders WHERE id = 1 FOR UPDATE;\nCOMMIT;",
    also_bad=("BEGIN;\nLOCK orders, lines IN SHARE MODE;\nCOMMIT;",),
    also_good=("BEGIN;\nLOCK TABLE orders IN ACCESS SHARE MODE;\nCOMMIT;",),
    kinds=("lock",),
    rests_on="whether the table is empty",
)
def explicit_lock(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    mode = _LOCK_MODES.get(node.mode)
    for item in node.relations:
        table = locked(scope, range_name(item.range_var)) if mode else False
        if table is not False:
            yield Case(
                f'writes to "{item.range_var.relname}" wait for this transaction\'s {mode} lock',
                item.range_var.location,
                hint="Lock the rows meant with SELECT ... FOR UPDATE, or use an advisory lock.",
                fix="SELECT pg_advisory_xact_lock(1);",
                facts=about(table),
            )


def _whole_table(scope: Scope, verb: str) -> Iterator[Case]:
    node = scope.statement.node
    if node.HasField("where_clause") or len(node.using_clause if verb == "deleted" else node.from_clause):
        return
    name = range_name(node.relation)
    table = locked(scope, name)
    if table is False:
        return
    batch = f"id IN (SELECT id FROM {name.sql} WHERE ... LIMIT 10000)"
    sql = f"DELETE FROM {name.sql} WHERE {batch};" if verb == "deleted" else f"UPDATE {name.sql} SET ... WHERE {batch};"
    yield Case(
        f'every row of "{name.name}" is {verb} and locked in one go',
        node.relation.location,
        hint="Say which rows, and do many rows in batches with a transaction each.",
        fix=f"{sql}  -- again until no row is left",
        facts=about(table),
    )


@rule(
    "update-without-where",
    title="UPDATE without WHERE changes every row",
    why="Every row is written anew and locked until the transaction ends, whether it was meant or WHERE was forgotten.",
    bad="UPDATE orders SET state = 'new';",
    good="UPDATE orders SET state = 'new' WHERE state IS NULL;",
    also_bad=("UPDATE ONLY sales.orders SET total = total * 1.19;",),
    also_good=("UPDATE orders SET state = s.state FROM states s WHERE s.id = orders.id;",),
    kinds=("update",),
    rests_on="whether the table is empty, estimated rows",
)
def update_without_where(scope: Scope) -> Iterator[Case]:
    yield from _whole_table(scope, "changed")


@rule(
    "delete-without-where",
    title="DELETE without WHERE loses every row",
    why="Every row is locked and lost, whether it was meant or WHERE was forgotten.",
    bad="DELETE FROM orders;",
    good="DELETE FROM orders WHERE state = 'void';",
    also_bad=("DELETE FROM ONLY sales.orders RETURNING id;",),
    also_good=("DELETE FROM orders USING customers c WHERE c.id = orders.customer_id;",),
    kinds=("delete",),
    rests_on="whether the table is empty, estimated rows",
)
def delete_without_where(scope: Scope) -> Iterator[Case]:
    yield from _whole_table(scope, "deleted")


@rule(
    "replica-identity",
    title="REPLICA IDENTITY changes what replicas are told",
    why="With NOTHING, updates and deletes of a published table fail; with FULL, each writes the whole old row to the "
    "log and replicas look for it without an index.",
    bad="ALTER TABLE orders REPLICA IDENTITY FULL;",
    good="ALTER TABLE orders REPLICA IDENTITY DEFAULT;",
    also_bad=("ALTER TABLE orders REPLICA IDENTITY NOTHING;",),
    also_good=("ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_number;",),
    actions=("ReplicaIdentity",),
    rests_on="estimated rows",
)
def replica_identity(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    kind = getattr(action.node, "def").replica_identity_stmt.identity_type
    if kind in ("f", "n"):
        name = quote(f"{table.name}_key") if table else "index_name"
        yield Case(
            "updates and deletes of a published table fail"
            if kind == "n"
            else "each update and delete writes the whole old row to the log",
            hint="Use the primary key, or a unique index over columns that are NOT NULL.",
            fix=f"ALTER TABLE {target_sql(scope)} REPLICA IDENTITY USING INDEX {name};",
            facts=about(table),
        )

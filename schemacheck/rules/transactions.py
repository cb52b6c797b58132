"""What must not run inside a transaction, and what should not run without a timeout."""

from postgast import pg_query_pb2 as ast

from schemacheck import locks
from schemacheck.findings import Severity
from schemacheck.proof.scope import Scope
from schemacheck.rules.registry import rule


@rule(
    "concurrently-in-transaction",
    title="CONCURRENTLY inside a transaction",
    why="The server refuses it: building or dropping an index concurrently needs transactions of its own.",
    bad="BEGIN;\nCREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);\nCOMMIT;",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
    kinds=("create_index", "drop_index", "reindex"),
    severity=Severity.ERROR,
    sqlstate="25001",
)
def concurrently_in_transaction(scope: Scope) -> None:
    node = scope.statement.node
    if isinstance(node, ast.ReindexStmt):
        concurrent = any(item.def_elem.defname == "concurrently" for item in node.params)
    else:
        concurrent = node.concurrent
    if concurrent and scope.progress.in_transaction:
        words = scope.statement.kind.replace("_", " ").upper()
        scope.error(
            "concurrently-in-transaction",
            f"{words} CONCURRENTLY cannot run inside a transaction block",
            "25001",
            scope.statement.find("concurrently"),
            hint="Run it on its own, before BEGIN or after COMMIT.",
        )


@rule(
    "lock-timeout-missing",
    title="A strong lock without lock_timeout",
    why="While the statement waits for ACCESS EXCLUSIVE behind one long query, every later query waits behind it.",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN note text;",
    kinds=("alter_table", "drop_table", "rename_table", "rename_column", "truncate", "drop_index"),
    severity=Severity.SUGGESTION,
)
def lock_timeout_missing(scope: Scope) -> None:
    settings = scope.progress.settings
    if "lock_timeout" in settings:
        return
    taken = locks.forecast(scope.statement, scope.catalog)
    strong = next((lock for lock in taken if lock.mode == "ACCESS EXCLUSIVE"), None)
    if strong is None:
        return
    settings["lock_timeout"] = ""  # said once a script
    scope.add(
        "lock-timeout-missing",
        Severity.SUGGESTION,
        f"while it waits for its lock on {strong.relation}, every later query waits too",
        hint="Set a short lock_timeout and try again if it is hit.",
        fix="SET lock_timeout = '2s';",
    )

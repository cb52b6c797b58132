"""What must not run inside a transaction, what is held too long in one, and timeouts."""

from collections.abc import Iterator, Sequence

from postgast import pg_query_pb2 as ast

from schemacheck.checker.findings import Lock, Severity
from schemacheck.checker.history import STRONG, key_of
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.reading.shapes import AlterationShape, Name
from schemacheck.checker.rules.indexes import is_on
from schemacheck.checker.rules.registry import Case, history_of, is_small, rule
from schemacheck.checker.scope import Scope

_QUIET = {"set", "begin", "start", "commit", "rollback", "savepoint", "release", "rollback_to", "comment", "notify"}
_CHANGES_DATA = ("insert", "update", "delete", "merge", "copy")


def _is_concurrent(statement: Statement) -> bool:
    node = statement.node
    match node:
        case ast.ReindexStmt():
            return is_on(node.params, "concurrently")
        case ast.IndexStmt() | ast.DropStmt():
            return bool(node.concurrent)
        case ast.AlterTableStmt():
            shape: AlterationShape = shape_of(statement)
            return any(
                action.kind == "DetachPartition" and getattr(action.node, "def").partition_cmd.concurrent
                for action in shape.actions
            )
    return False


@rule(
    "concurrently-in-transaction",
    title="CONCURRENTLY inside a transaction",
    why="The server refuses it: building or dropping an index concurrently needs transactions of its own.",
    bad="BEGIN;\nCREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);\nCOMMIT;",
    good="CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);",
    also_bad=(
        "BEGIN;\nDROP INDEX CONCURRENTLY orders_customer;\nCOMMIT;",
        "BEGIN;\nREINDEX INDEX CONCURRENTLY orders_customer;\nCOMMIT;",
    ),
    also_good=("BEGIN;\nCREATE INDEX orders_customer ON orders (customer_id);\nCOMMIT;",),
    kinds=("create_index", "drop_index", "reindex", "alter_table"),
    severity=Severity.ERROR,
    sqlstate="25001",
)
def concurrently_in_transaction(scope: Scope) -> Iterator[Case]:
    if scope.progress.in_transaction and _is_concurrent(scope.statement):
        words = scope.statement.kind.replace("_", " ").upper()
        yield Case(
            f"{words} CONCURRENTLY cannot run inside a transaction block",
            scope.statement.find("concurrently"),
            hint="Run it on its own, before BEGIN or after COMMIT.",
            fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
        )


@rule(
    "needs-own-transaction",
    title="A statement that cannot run inside a transaction",
    why="The server refuses VACUUM, CREATE and DROP DATABASE or TABLESPACE, ALTER SYSTEM and REINDEX of more than a "
    "table inside a transaction block.",
    bad="BEGIN;\nVACUUM orders;\nCOMMIT;",
    good="VACUUM orders;",
    also_bad=("BEGIN;\nCREATE DATABASE shop;\nCOMMIT;", "BEGIN;\nALTER SYSTEM SET work_mem = '64MB';\nCOMMIT;"),
    also_good=("BEGIN;\nANALYZE orders;\nCOMMIT;",),
    kinds=("vacuum", "createdb", "dropdb", "create_table_space", "drop_table_space", "alter_system", "reindex"),
    severity=Severity.ERROR,
    sqlstate="25001",
)
def needs_own_transaction(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if not scope.progress.in_transaction or (isinstance(node, ast.VacuumStmt) and not node.is_vacuumcmd):
        return
    if isinstance(node, ast.ReindexStmt):
        wide = (ast.REINDEX_OBJECT_SCHEMA, ast.REINDEX_OBJECT_SYSTEM, ast.REINDEX_OBJECT_DATABASE)
        if node.kind not in wide or is_on(node.params, "concurrently"):
            return
    words = {"createdb": "CREATE DATABASE", "dropdb": "DROP DATABASE"}
    what = words.get(scope.statement.kind, scope.statement.kind.replace("_", " ").upper())
    yield Case(f"{what} cannot run inside a transaction block", hint="Run it on its own, before BEGIN or after COMMIT.")


@rule(
    "transaction-nesting",
    title="BEGIN inside a transaction, or COMMIT outside one",
    why="The server only warns: BEGIN opens nothing new, so the first COMMIT ends what was to go on, and a COMMIT or "
    "ROLLBACK outside a transaction does nothing. A tool that wraps the script in a transaction loses it at COMMIT.",
    bad="BEGIN;\nBEGIN;\nCOMMIT;",
    good="BEGIN;\nSAVEPOINT s;\nCOMMIT;",
    also_bad=("COMMIT;", "START TRANSACTION;\nBEGIN;\nROLLBACK;"),
    also_good=("BEGIN;\nCOMMIT;\nBEGIN;\nCOMMIT;",),
    kinds=("begin", "start", "commit", "rollback"),
)
def transaction_nesting(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    opens = scope.statement.kind in ("begin", "start")
    wrapped = history.policy.assume_in_transaction
    if opens and history.transaction:
        hint = "Use SAVEPOINT inside a transaction."
        yield Case("a transaction is open already; this BEGIN does nothing", hint=hint)
    elif not opens and (not history.transaction or wrapped) and not getattr(scope.statement.node, "chain", False):
        message = (
            "this ends the transaction that whoever runs the script has opened"
            if history.transaction
            else "no transaction is open; this does nothing"
        )
        yield Case(message, hint="Remove it, or open a transaction first.")


@rule(
    "uncommitted-transaction",
    title="BEGIN without COMMIT",
    why="When the script ends the connection does too, and everything since BEGIN is rolled back without a word.",
    bad="BEGIN;\nCREATE TABLE orders (id bigint PRIMARY KEY);",
    good="BEGIN;\nCREATE TABLE orders (id bigint PRIMARY KEY);\nCOMMIT;",
    also_bad=("START TRANSACTION;\nCREATE TABLE orders (id bigint PRIMARY KEY);",),
    also_good=("BEGIN;\nCREATE TABLE orders (id bigint PRIMARY KEY);\nROLLBACK;",),
    script=True,
)
def uncommitted_transaction(scopes: Sequence[Scope]) -> Iterator[Case]:
    opened: Scope | None = None
    for scope in scopes:
        kind = scope.statement.kind
        if kind in ("begin", "start"):
            opened = opened or scope
        elif kind in ("commit", "rollback", "prepare"):
            opened = None
    if opened is not None:
        hint = "End it with COMMIT."
        yield Case("what follows is never committed", hint=hint, fix="COMMIT;", scope=opened)


def _strong(scope: Scope) -> Lock | None:
    """The first lock that makes writers wait, on a table where that matters."""
    for lock in scope.locks:
        if lock.mode in STRONG and not _is_on_small(scope, lock):
            return lock
    return None


def _is_on_small(scope: Scope, lock: Lock) -> bool:
    if not history_of(scope).policy.small_table_rows:
        return False
    return any(is_small(scope, table) for table in scope.catalog.tables.values() if table.display == lock.relation)


def _timeout_missing(scope: Scope, setting: str, message: str, hint: str, value: str) -> Iterator[Case]:
    history = history_of(scope)
    if history.has_timeout(setting) or setting in history.said or not scope.locks:
        return
    strong = _strong(scope)
    if strong is not None and history.once(setting):
        yield Case(message.format(strong.relation), hint=hint, fix=f"SET {setting} = '{value}';")


@rule(
    "lock-timeout-missing",
    title="A strong lock without lock_timeout",
    why="While the statement waits for its lock behind one long query, every later query waits behind it.",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN note text;",
    also_bad=("TRUNCATE orders;", "SET lock_timeout = 0;\nALTER TABLE orders ADD COLUMN note text;"),
    also_good=("BEGIN;\nSET LOCAL lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",),
    severity=Severity.SUGGESTION,
    rests_on="which relations stand, and whether they are empty",
)
def lock_timeout_missing(scope: Scope) -> Iterator[Case]:
    yield from _timeout_missing(
        scope,
        "lock_timeout",
        "while it waits for its lock on {}, every later query waits too",
        "Set a short lock_timeout and try again if it is hit.",
        "2s",
    )


@rule(
    "statement-timeout-missing",
    title="A strong lock without statement_timeout",
    why="A statement that takes longer than foreseen keeps its locks until somebody ends it.",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET statement_timeout = '60s';\nALTER TABLE orders ADD COLUMN note text;",
    also_bad=("SET lock_timeout = '2s';\nDROP TABLE orders;",),
    also_good=("BEGIN;\nSET LOCAL statement_timeout = 60000;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",),
    severity=Severity.SUGGESTION,
    rests_on="which relations stand, and whether they are empty",
    default=False,
)
def statement_timeout_missing(scope: Scope) -> Iterator[Case]:
    yield from _timeout_missing(
        scope,
        "statement_timeout",
        "nothing ends it if it holds its lock on {} for longer than foreseen",
        "Set a statement_timeout that is longer than the work should take.",
        "60s",
    )


@rule(
    "idle-timeout-missing",
    title="A strong lock without idle_in_transaction_session_timeout",
    why="If the client stops between two statements of a transaction, the locks stay until somebody ends the session.",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET idle_in_transaction_session_timeout = '60s';\nALTER TABLE orders ADD COLUMN note text;",
    also_bad=("SET statement_timeout = '60s';\nDROP TABLE orders;",),
    also_good=("CREATE TABLE lines (id bigint PRIMARY KEY);",),
    severity=Severity.SUGGESTION,
    rests_on="which relations stand, and whether they are empty",
    default=False,
)
def idle_timeout_missing(scope: Scope) -> Iterator[Case]:
    yield from _timeout_missing(
        scope,
        "idle_in_transaction_session_timeout",
        "a client that stops in the middle keeps its lock on {}",
        "Set idle_in_transaction_session_timeout.",
        "60s",
    )


@rule(
    "wide-lock-window",
    title="More work while ACCESS EXCLUSIVE is held",
    why="A lock is held until its transaction ends: everything done after it makes all other queries wait longer.",
    bad="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nSELECT count(*) FROM orders;\nCOMMIT;",
    good="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\nSELECT count(*) FROM orders;",
    also_bad=("BEGIN;\nDROP TABLE orders;\nCREATE TABLE notes (id bigint PRIMARY KEY);\nCOMMIT;",),
    also_good=(
        "BEGIN;\nCREATE TABLE notes (id bigint PRIMARY KEY);\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",
    ),
    rests_on="which relations stand, and whether they are empty",
)
def wide_lock_window(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    if history.held is None or scope.statement.kind in _QUIET:
        return
    if {lock.relation for lock in scope.locks} == {history.held.relation} and not _works(scope):
        return  # a further change of the same table, which the lock is for
    if history.once(f"wide-lock-window {history.transaction}"):
        yield Case(
            f"{history.held.relation} is locked for everybody while this runs too",
            hint="Commit first, and do the rest in a transaction of its own.",
            fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
            facts={"locked": history.held.relation, "mode": history.held.mode},
        )


def _works(scope: Scope) -> bool:
    return any(lock.rewrites or lock.scans for lock in scope.locks)


@rule(
    "rewrite-under-lock",
    title="A rewrite or full scan while another table is locked",
    why="The time it takes is added to the time that all queries on the table locked before have to wait.",
    bad="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nALTER TABLE lines ALTER COLUMN price TYPE bigint;\nCOMMIT;",
    good="BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;\n"
    "BEGIN;\nALTER TABLE lines ALTER COLUMN price TYPE bigint;\nCOMMIT;",
    also_bad=("BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX ON lines (price);\nCOMMIT;",),
    also_good=("ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE lines ALTER COLUMN price TYPE bigint;",),
    rests_on="old types, which relations stand, and whether they are empty",
)
def rewrite_under_lock(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    if history.held is not None and _works(scope):
        yield Case(
            f"{history.held.relation} stays locked while every row of another table is read or written",
            hint="Commit first.",
            fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
            facts={"locked": history.held.relation, "mode": history.held.mode},
        )


@rule(
    "data-with-schema",
    title="Rows changed in the transaction that changes the schema",
    why="The strong locks are held while the rows are written, and the rows' locks until the end. Fill data in "
    "batches, in transactions of their own.",
    bad="BEGIN;\nALTER TABLE orders ADD COLUMN state text;\n"
    "UPDATE orders SET state = 'new' WHERE state IS NULL;\nCOMMIT;",
    good="ALTER TABLE orders ADD COLUMN state text;\nUPDATE orders SET state = 'new' WHERE id BETWEEN 1 AND 10000;",
    also_bad=(
        "BEGIN;\nALTER TABLE orders ADD COLUMN state text;\nINSERT INTO orders (state) VALUES ('new');\nCOMMIT;",
    ),
    also_good=(
        "BEGIN;\nUPDATE orders SET state = 'new' WHERE id = 1;\nALTER TABLE orders ADD COLUMN note text;\nCOMMIT;",
    ),
    kinds=_CHANGES_DATA,
    rests_on="which relations stand, and whether they are empty",
)
def data_with_schema(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    if history.held is not None:
        yield Case(
            f"{history.held.relation} is locked for everybody while rows are changed",
            hint="Commit the change of the schema first, then change rows in batches.",
            fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
            facts={"locked": history.held.relation},
        )


@rule(
    "combine-alter-table",
    title="ALTER TABLE twice on the same table",
    why="Each statement waits for its lock anew, and reads or rewrites the table by itself. One statement with several "
    "commands does both once.",
    bad="ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE orders ADD COLUMN b text;",
    good="ALTER TABLE orders ADD COLUMN a text, ADD COLUMN b text;",
    also_bad=("ALTER TABLE sales.orders ADD COLUMN a text;\nALTER TABLE sales.orders ALTER COLUMN b SET DEFAULT 1;",),
    also_good=("ALTER TABLE orders ADD COLUMN a text;\nALTER TABLE lines ADD COLUMN b text;",),
    kinds=("alter_table",),
    severity=Severity.SUGGESTION,
)
def combine_alter_table(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    shape: AlterationShape | None = shape_of(scope.statement)
    if history.last_alter is None or shape is None or scope.standing(shape.name) is False:
        return
    earlier = history.last_alter[1]
    if key_of(earlier.name) != key_of(shape.name) or earlier.only != shape.only or _apart(earlier, shape):
        return
    before = ", ".join(action.kind for action in earlier.actions)
    yield Case(
        f'"{shape.name.name}" is altered by the statement before, too',
        hint="Give one ALTER TABLE both commands.",
        facts={"before": before},
    )


_ALONE = {"ValidateConstraint", "AttachPartition", "DetachPartition", "DetachPartitionFinalize"}


def _apart(earlier: AlterationShape, later: AlterationShape) -> bool:
    """Whether two statements are better, or can only be, kept apart."""
    actions = (*earlier.actions, *later.actions)
    if any(action.kind in _ALONE or (action.constraint and action.constraint.not_valid) for action in actions):
        return True
    touched = {action.name for action in earlier.actions if action.name}
    added = {action.name for action in earlier.actions if action.kind == "AddColumn"}
    names = {action.name for action in later.actions if action.name}
    used = {column for action in later.actions if action.constraint for column in action.constraint.columns}
    return bool(names & touched) or bool(used & added)


@rule(
    "enum-value-in-transaction",
    title="A new enum value used in the transaction that added it",
    why="The server refuses to use it (55P04) until the transaction has committed. Before PostgreSQL 12 it cannot even "
    "be added inside one.",
    bad="BEGIN;\nALTER TYPE state ADD VALUE 'void' AFTER 'paid';\n"
    "UPDATE orders SET state = 'void' WHERE id = 1;\nCOMMIT;",
    good="ALTER TYPE state ADD VALUE 'void' AFTER 'paid';\nUPDATE orders SET state = 'void' WHERE id = 1;",
    also_bad=("BEGIN;\nALTER TYPE state ADD VALUE 'void';\nINSERT INTO orders (state) VALUES ('void');\nCOMMIT;",),
    also_good=("BEGIN;\nALTER TYPE state ADD VALUE 'void';\nCOMMIT;\nUPDATE orders SET state = 'void' WHERE id = 1;",),
    sqlstate="55P04",
    rests_on="server version",
)
def enum_value_in_transaction(scope: Scope) -> Iterator[Case]:
    history = history_of(scope)
    if not history.transaction or (not history.enum_values and scope.statement.kind != "alter_type"):
        return
    node = scope.statement.node
    if isinstance(node, ast.AlterEnumStmt):
        if scope.catalog.major < 12 and node.new_val and not node.old_val:
            message = "before PostgreSQL 12 an enum value cannot be added inside a transaction"
            yield Case(message, sqlstate="25001", hint="Commit first.")
        return
    if scope.catalog.is_live and scope.statement.kind in ("create_table", "alter_table"):
        return  # there the types are known, and the proof itself says it
    for start, token in scope.statement.tokens():
        if token[0] == "'" and history.enum_values.get(token[1:-1]) == history.transaction:
            yield Case(
                f"the new enum value {token} cannot be used before the transaction has committed",
                start,
                hint="Commit first.",
                fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
            )
            return


def observe(scope: Scope) -> None:
    """Remember what later statements have to know of this one."""
    history, statement = history_of(scope), scope.statement
    node, kind = statement.node, statement.kind
    if kind == "alter_table":
        if shape := shape_of(statement):
            history.altered(shape, statement.index)
    elif kind not in ("set", "comment"):
        history.last_alter = None
    _note_transaction(scope)
    match node:
        case ast.VariableSetStmt():
            set_to = ast.VAR_SET_VALUE
            value = _value(node) if node.kind == set_to else None
            history.set(node.name, value, local=node.is_local)
        case ast.SelectStmt() if "set_config" in statement.sql:
            history.read_set_config(statement.sql)
        case ast.AlterEnumStmt() if node.new_val and not node.old_val:
            if not _is_as_new_as_its_type(scope, node.type_name[-1].string.sval):
                history.enum_values[node.new_val] = history.transaction
        case _ if kind.startswith("create_"):
            _note_made(scope)
    if history.transaction and history.held is None:
        strongest = (lock for lock in scope.locks if lock.mode == "ACCESS EXCLUSIVE")
        history.held = next((lock for lock in strongest if not _is_on_small(scope, lock)), None)


def _is_as_new_as_its_type(scope: Scope, enum: str) -> bool:
    """Whether an enum is of the same transaction as a value added to it: PostgreSQL 17 and later let it be used."""
    history = history_of(scope)
    return scope.catalog.major >= 17 and history.types.get(enum) == history.transaction


def _value(node: ast.VariableSetStmt) -> str:
    return ",".join(item.a_const.sval.sval or str(item.a_const.ival.ival) for item in node.args)


def _note_transaction(scope: Scope) -> None:
    history, kind = history_of(scope), scope.statement.kind
    if kind in ("begin", "start"):
        if not history.transaction:
            history.open()
    elif kind in ("commit", "rollback", "prepare"):
        history.close()
        if getattr(scope.statement.node, "chain", False):
            history.open()


def _note_made(scope: Scope) -> None:  # noqa: C901  -- a case a kind
    node, made = scope.statement.node, history_of(scope).made
    match node:
        case ast.IndexStmt() if node.idxname:
            made.add(("index", node.idxname))
        case ast.CreatePolicyStmt():
            made.add(("policy", node.policy_name))
            made.add(("policy of", Name(node.table.schemaname or None, node.table.relname).sql))
        case ast.CreateDomainStmt():
            made.add(("domain", ".".join(part.string.sval for part in node.domainname)))
            made.add(("type", node.domainname[-1].string.sval))
        case ast.CreateEnumStmt() | ast.CreateRangeStmt():
            name = node.type_name[-1].string.sval
            made.add(("type", name))
            history_of(scope).types[name] = history_of(scope).transaction
        case ast.CompositeTypeStmt():
            made.add(("type", node.typevar.relname))
        case ast.ViewStmt():
            made.add(("view", node.view.relname))
        case ast.CreateTableAsStmt():
            made.add(("view", node.into.rel.relname))
        case ast.CreateSeqStmt():
            made.add(("sequence", node.sequence.relname))
        case ast.CreateTrigStmt():
            made.add(("trigger", node.trigname))
        case ast.CreateFunctionStmt():
            made.add(("function", node.funcname[-1].string.sval))
        case ast.CreateExtensionStmt():
            made.add(("extension", node.extname))

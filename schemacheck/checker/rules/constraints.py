"""Constraints on tables that already hold rows."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.findings import Severity
from schemacheck.checker.history import key_of
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.shapes import Action, AlterationShape, ConstraintShape, Name, TableShape, quote
from schemacheck.checker.rules.registry import Case, about, history_of, rule, target_sql
from schemacheck.checker.scope import Scope

_ADDED = ("AddConstraint", "AddColumn")


def _added(action: Action, kind: str) -> Iterator[ConstraintShape]:
    """Constraints of a kind that an action adds by itself or on a new column."""
    if action.constraint is not None:
        if action.constraint.kind == kind:
            yield action.constraint
    elif action.column is not None:
        for constraint in action.column.constraints:
            if constraint.kind == kind:
                yield constraint


def _name(scope: Scope, action: Action, shape: ConstraintShape, suffix: str) -> str:
    if shape.name:
        return quote(shape.name)
    parts = [shape_of(scope.statement).name.name, *shape.columns, suffix]
    return quote("_".join(parts)[:63])


def _in_two_steps(scope: Scope, action: Action, constraint: ConstraintShape, suffix: str) -> str:
    table, name = target_sql(scope), _name(scope, action, constraint, suffix)
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};  -- in a transaction of its own"
    if constraint.kind == "foreign" and constraint.references:
        columns = ", ".join(map(quote, constraint.columns))
        keys = ", ".join(map(quote, constraint.referenced_columns))
        target = constraint.references.sql + (f" ({keys})" if keys else "")
        added = f"ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {target} NOT VALID"
        before = f"ALTER TABLE {table} ADD COLUMN {columns} ...;\n" if action.kind == "AddColumn" else ""
        return f"{before}ALTER TABLE {table} {added};\n{validate}"
    if len(shape_of(scope.statement).actions) == 1 and action.kind == "AddConstraint" and constraint.name:
        return f"{scope.statement.sql.rstrip()} NOT VALID;\n{validate}"
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (...) NOT VALID;\n{validate}"


@rule(
    "foreign-key-without-not-valid",
    title="Adding a foreign key checks every row under a lock",
    why="ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables while it reads the referring one: writes to both "
    "wait. NOT VALID adds it at once for new rows; VALIDATE CONSTRAINT checks old ones while writes go on. With a new "
    "column nothing is read, but both tables are locked all the same.",
    bad="ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES customers (id);",
    good="ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;",
    also_bad=(
        "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;",
        "ALTER TABLE orders ADD COLUMN clerk_id bigint DEFAULT 1 REFERENCES clerks (id);",
    ),
    also_good=("CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));",),
    actions=_ADDED,
    rests_on="estimated rows, whether the table is empty",
)
def foreign_key_without_not_valid(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    for constraint in _added(action, "foreign"):
        if not constraint.not_valid and constraint.enforced:
            new = action.kind == "AddColumn" and action.column and not action.column.constraint("default")
            yield Case(
                "adding the foreign key blocks writes to both tables"
                + (" until the transaction ends" if new else " while every row is checked"),
                constraint.location,
                hint="Add it NOT VALID, then VALIDATE it in a transaction of its own.",
                fix=_in_two_steps(scope, action, constraint, "fkey"),
                facts=about(table),
            )


@rule(
    "check-without-not-valid",
    title="Adding a CHECK reads every row under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while every row is checked. NOT VALID adds it at once for new rows; "
    "VALIDATE CONSTRAINT checks old ones under a lock that lets writes go on.",
    bad="ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0);",
    good="ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;",
    also_bad=("ALTER TABLE orders ADD CHECK (total >= 0), ADD COLUMN note text;",),
    also_good=("CREATE TABLE lines (id bigint PRIMARY KEY, amount int CHECK (amount > 0));",),
    actions=_ADDED,
    rests_on="estimated rows, whether the table is empty",
)
def check_without_not_valid(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    for constraint in _added(action, "check"):
        if not constraint.not_valid and constraint.enforced:
            yield Case(
                "adding the check blocks every query on the table while all rows are read",
                constraint.location,
                hint="Add it NOT VALID, then VALIDATE it in a transaction of its own.",
                fix=_in_two_steps(scope, action, constraint, "check"),
                facts=about(table),
            )


@rule(
    "key-builds-index",
    title="Adding UNIQUE or PRIMARY KEY builds its index under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while the index is built. An index built CONCURRENTLY beforehand "
    "becomes the constraint in no time.",
    bad="ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number);",
    good="ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number;",
    also_bad=("ALTER TABLE orders ADD PRIMARY KEY (id);", "ALTER TABLE orders ADD COLUMN number bigint UNIQUE;"),
    also_good=("CREATE TABLE lines (id bigint PRIMARY KEY, number bigint UNIQUE);",),
    actions=_ADDED,
    rests_on="estimated rows, whether the table is empty",
)
def key_builds_index(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    for constraint in (*_added(action, "primary"), *_added(action, "unique")):
        if constraint.using_index:
            continue
        name, columns = target_sql(scope), ", ".join(map(quote, constraint.columns))
        is_primary = constraint.kind == "primary"
        called = _name(scope, action, constraint, "pkey" if is_primary else "key")
        words = "PRIMARY KEY" if is_primary else "UNIQUE"
        new = f"ALTER TABLE {name} ADD COLUMN {columns} ...;\n" if action.kind == "AddColumn" else ""
        yield Case(
            f"adding {words} blocks every query on the table while its index is built",
            constraint.location,
            hint="Build a unique index CONCURRENTLY first, then adopt it with USING INDEX.",
            fix=f"{new}CREATE UNIQUE INDEX CONCURRENTLY {called} ON {name} ({columns});\n"
            f"ALTER TABLE {name} ADD CONSTRAINT {called} {words} USING INDEX {called};",
            facts=about(table),
        )


@rule(
    "exclusion-constraint-blocks",
    title="Adding EXCLUDE builds its index under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while the index is built and every pair of rows is compared. "
    "There is no NOT VALID and no USING INDEX for it.",
    bad="ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);",
    good="CREATE TABLE bookings_new (id bigint PRIMARY KEY, during tstzrange,\n"
    "  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&));",
    also_good=("ALTER TABLE bookings ADD COLUMN during tstzrange;",),
    actions=("AddConstraint",),
    rests_on="estimated rows, whether the table is empty",
)
def exclusion_constraint_blocks(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    for constraint in _added(action, "exclusion"):
        name = target_sql(scope)
        fresh = quote(f"{shape_of(scope.statement).name.name}_new")
        yield Case(
            "adding the exclusion constraint blocks every query on the table while its index is built",
            constraint.location,
            hint="Give it to a new table, copy the rows in batches and swap the two, or plan for the time it takes.",
            fix=f"CREATE TABLE {fresh} (LIKE {name} INCLUDING ALL);\n"
            f"ALTER TABLE {fresh} ADD CONSTRAINT {_name(scope, action, constraint, 'excl')} EXCLUDE ...;\n"
            f"-- copy the rows in batches, keep both in step with a trigger, then rename",
            facts=about(table),
        )


@rule(
    "validate-in-same-transaction",
    title="VALIDATE in the transaction that added the constraint",
    why="The strong lock of ADD CONSTRAINT is held until the transaction ends, so while VALIDATE reads every row "
    "nobody writes: NOT VALID gained nothing.",
    bad="BEGIN;\n"
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT c;\n"
    "COMMIT;",
    good="BEGIN;\n"
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;\n"
    "COMMIT;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT c;",
    also_bad=(
        (
            "BEGIN;\n"
            "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;\n"
            "ALTER TABLE orders VALIDATE CONSTRAINT c;\n"
            "COMMIT;"
        ),
    ),
    also_good=(
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (total >= 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT c;",
    ),
    actions=("ValidateConstraint",),
    rests_on="estimated rows, whether the table is empty",
)
def validate_in_same_transaction(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    shape: AlterationShape = shape_of(scope.statement)
    history = history_of(scope)
    added_in = history.pending.get((key_of(shape.name), action.name))
    here = any(other.constraint and other.constraint.name == action.name for other in shape.actions)
    if here or (added_in and added_in == history.transaction):
        yield Case(
            f'the lock that added "{action.name}" is held while every row is read',
            scope.statement.find(action.name, after=1),
            hint="Commit first, then validate.",
            fix=f"COMMIT;\n{scope.statement.sql.rstrip()};",
            facts=about(table),
        )


@rule(
    "drop-constraint",
    title="Dropping a constraint lets in what it kept out",
    why="From that moment nothing guards the rule, and rows that break it have to be mended before it can come back. "
    "Swapping it within one statement, and dropping what the script itself added, is not meant.",
    bad="ALTER TABLE orders DROP CONSTRAINT total_positive;",
    good="ALTER TABLE orders DROP CONSTRAINT orders_pkey,\n"
    "  ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_new;",
    also_bad=("ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_customer_fkey, ADD COLUMN note text;",),
    also_good=("ALTER TABLE orders RENAME CONSTRAINT total_positive TO total_not_negative;",),
    actions=("DropConstraint",),
    severity=Severity.SUGGESTION,
    rests_on="kind of the constraint, whether NOT NULL makes it superfluous",
)
def drop_constraint(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    shape: AlterationShape = shape_of(scope.statement)
    history, key = history_of(scope), key_of(shape.name)
    replaced = any(other.kind == "AddConstraint" for other in shape.actions)
    known = table.constraint(action.name) if table else None
    if known and known.proves_not_null and all(_is_required(table, name) for name in known.columns):
        return
    if replaced or (key, action.name) in history.added_constraints or (key in history.trusted and known is None):
        return
    kinds = {"p": "primary key", "u": "unique constraint", "f": "foreign key", "c": "check"}
    what = kinds.get(known.kind, "constraint") if known else "constraint"
    yield Case(
        f'nothing keeps out what the {what} "{action.name}" kept out',
        scope.statement.find(action.name, after=1),
        hint="Add what takes its place first.",
        facts={**about(table), "constraint": what},
    )


def _is_required(table: Table | None, name: str) -> bool:
    column = table.column(name) if table else None
    return bool(column and column.not_null)


@rule(
    "domain-constraint",
    title="A constraint on a domain reads every table that uses it",
    why="ALTER DOMAIN ... ADD CONSTRAINT, and SET NOT NULL, read every row of every table with a column of the domain "
    "under SHARE: writes to all of them wait. NOT VALID adds it for new values at once.",
    bad="ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0);",
    good="ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;",
    also_bad=("ALTER DOMAIN amount SET NOT NULL;",),
    also_good=("ALTER DOMAIN amount SET DEFAULT 0;",),
    kinds=("alter_domain",),
    rests_on="whether the script made the domain",
)
def domain_constraint(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    name = ".".join(part.string.sval for part in node.type_name)
    if ("domain", name) in history_of(scope).made or node.subtype not in ("C", "O"):
        return
    constraint = getattr(node, "def").constraint if node.subtype == "C" else None
    if constraint is not None and constraint.skip_validation:
        return
    called = quote(constraint.conname) if constraint is not None and constraint.conname else "..."
    is_check = constraint is not None and bool(constraint.HasField("raw_expr"))
    yield Case(
        f'every table with a column of domain "{name}" is read while writes to it wait',
        hint="Add it NOT VALID, then VALIDATE it."
        if is_check
        else "Add CHECK (VALUE IS NOT NULL) NOT VALID, then VALIDATE it.",
        fix=f"{scope.statement.sql.rstrip()} NOT VALID;\nALTER DOMAIN {name} VALIDATE CONSTRAINT {called};"
        if is_check
        else f"ALTER DOMAIN {name} ADD CONSTRAINT {called} CHECK (VALUE IS NOT NULL) NOT VALID;\n"
        f"ALTER DOMAIN {name} VALIDATE CONSTRAINT {called};",
    )


@rule(
    "domain-with-constraint",
    title="A domain with a constraint is hard to change later",
    why="Every later change of the constraint reads every table that uses the domain. A CHECK on the table is changed "
    "by itself.",
    bad="CREATE DOMAIN amount AS numeric CHECK (VALUE >= 0);",
    good="CREATE DOMAIN amount AS numeric;",
    also_bad=("CREATE DOMAIN code AS text NOT NULL;",),
    also_good=("CREATE DOMAIN code AS varchar(20) DEFAULT '';",),
    kinds=("create_domain",),
    severity=Severity.SUGGESTION,
    default=False,
)
def domain_with_constraint(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    if any(item.constraint.contype in (ast.CONSTR_CHECK, ast.CONSTR_NOTNULL) for item in node.constraints):
        hint = "Put the CHECK on the tables that use the domain."
        yield Case("a constraint of a domain is hard to change later", hint=hint)


@rule(
    "foreign-key-without-index",
    title="A foreign key without an index on its own side",
    why="PostgreSQL indexes the referenced columns, not the referring ones. Without an index of your own, deleting or "
    "re-keying a row of the referenced table reads the whole referring table.",
    bad="CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));",
    good="CREATE TABLE lines (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));\n"
    "CREATE INDEX ON lines (order_id);",
    also_bad=(
        (
            "CREATE TABLE lines (id bigint PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES pairs (a, b));\n"
            "CREATE INDEX ON lines (b);"
        ),
    ),
    also_good=(
        "CREATE TABLE lines (order_id bigint PRIMARY KEY REFERENCES orders (id));",
        (
            "CREATE TABLE lines (id bigint PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES pairs (a, b));\n"
            "CREATE INDEX ON lines (b, a);"
        ),
    ),
    kinds=("create_table", "alter_table", "create_index", "drop_index"),
    at_end=True,
    rests_on="indexes of the referring table (pg_index): valid, not partial, leading with the columns",
)
def foreign_key_without_index(scope: Scope) -> Iterator[Case]:
    shape: TableShape | AlterationShape | None = shape_of(scope.statement)
    if isinstance(shape, TableShape):
        foreign = [constraint for constraint in shape.all_constraints if constraint.kind == "foreign"]
    elif isinstance(shape, AlterationShape):
        foreign = [constraint for action in shape.actions for constraint in _added(action, "foreign")]
    else:
        yield from _orphaned_by_index(scope)
        return
    if not foreign:
        return
    table = scope.catalog.table(shape.name)
    if table is None or not table.is_known:
        return  # its indexes are not known
    for constraint in foreign:
        yield from _without_index(scope, table, constraint.columns, shape.name, constraint.location)


def _orphaned_by_index(scope: Scope) -> Iterator[Case]:
    """A partial index that was meant for a foreign key the table already has."""
    shape = shape_of(scope.statement)
    if shape is None or not shape.partial:
        return
    table = scope.catalog.table(shape.table)
    for constraint in table.constraints if table and table.is_known else ():
        if constraint.kind == "f" and tuple(shape.columns[: len(constraint.columns)]) == constraint.columns:
            yield from _without_index(scope, table, constraint.columns, shape.table, shape.table.location)


def _without_index(
    scope: Scope, table: Table | None, columns: tuple[str, ...], name: Name, location: int
) -> Iterator[Case]:
    if table is None or table.index_leading_with(columns):
        return
    shown = ", ".join(map(quote, columns))
    word = "" if table.is_new else " CONCURRENTLY"
    yield Case(
        f"no index begins with the foreign key's columns ({shown})",
        location,
        hint="Index them, or every delete in the referenced table reads this one from end to end.",
        fix=f"CREATE INDEX{word} ON {name.sql} ({shown});",
        facts={"indexes": [[column or "(expression)" for column in index.columns] for index in table.indexes]},
    )

"""Columns added to, or changed in, tables that already hold rows."""

from collections.abc import Iterator

from schemacheck.checker import locks
from schemacheck.checker.database.catalog import Table
from schemacheck.checker.findings import Severity
from schemacheck.checker.history import key_of
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import walk
from schemacheck.checker.reading.shapes import Action, AlterationShape, ConstraintShape, quote, words
from schemacheck.checker.rules.registry import Case, about, history_of, rule, target_sql
from schemacheck.checker.scope import Scope

_KNOWN_CALM = words(
    "now transaction_timestamp statement_timestamp current_timestamp current_date current_user session_user "
    "current_setting current_database current_schema lower upper length trim btrim ltrim rtrim substr substring "
    "replace concat concat_ws coalesce nullif greatest least abs ceil floor round trunc mod power sqrt date_trunc "
    "date_part extract age make_date make_timestamp make_timestamptz make_interval to_char to_date to_timestamp "
    "to_number md5 sha256 encode decode timezone jsonb_build_object jsonb_build_array json_build_object "
    "json_build_array to_jsonb to_json to_tsvector array_to_string string_to_array array_length array_append "
    "cardinality int4range int8range numrange tsrange tstzrange daterange row_to_json repeat lpad rpad initcap "
    "format left right position strpos split_part regexp_replace translate sign div pi exp ln"
)
_FIRST_WITHOUT_REWRITE = 11


@rule(
    "set-not-null-scans",
    title="SET NOT NULL reads every row under ACCESS EXCLUSIVE",
    why="The table can be neither read nor written while every row is checked, unless a validated CHECK "
    "(column IS NOT NULL) already proves it (PostgreSQL 12 and later).",
    bad="ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    good="ALTER TABLE orders ADD CONSTRAINT total_present CHECK (total IS NOT NULL) NOT VALID;\n"
    "ALTER TABLE orders VALIDATE CONSTRAINT total_present;\n"
    "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;",
    also_bad=("ALTER TABLE orders ADD COLUMN note text, ALTER COLUMN total SET NOT NULL;",),
    also_good=(
        "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';",
        "CREATE TABLE notes (id bigint PRIMARY KEY, body text);\nALTER TABLE notes ALTER COLUMN body SET NOT NULL;",
    ),
    actions=("SetNotNull",),
    rests_on="validated CHECK constraints of the table, whether the column is NOT NULL already, estimated rows",
)
def set_not_null_scans(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    key, history = key_of(shape_of(scope.statement).name), history_of(scope)
    shape: AlterationShape = shape_of(scope.statement)
    proof = locks.not_null_proof(action.name, table, shape)
    drops = any(other.kind == "DropConstraint" for other in shape.actions)  # perhaps the one that proved it
    if proof is None and not drops and (key, action.name) in history.proven:
        proof = "a constraint the script validated"
    if proof is None and not drops and key in history.trusted and not scope.catalog.is_live:
        proof = "a validated constraint that is not in the script"
    if proof is not None and (scope.catalog.major >= 12 or proof.startswith("already")):
        return
    name, column, check = target_sql(scope), quote(action.name), quote(f"{action.name}_not_null")
    yield Case(
        f'SET NOT NULL blocks every query on the table while all rows are read for "{action.name}"',
        scope.statement.find(action.name, after=1),
        hint="Prove it first with a validated CHECK; SET NOT NULL then needs no look at the rows.",
        fix=f"ALTER TABLE {name} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        f"ALTER TABLE {name} VALIDATE CONSTRAINT {check};  -- in a transaction of its own\n"
        f"ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;\n"
        f"ALTER TABLE {name} DROP CONSTRAINT {check};",
        facts=about(table),
    )


@rule(
    "volatile-default-rewrites",
    title="A new column with a volatile default rewrites the table",
    why="A constant or stable default is kept beside the table (PostgreSQL 11 and later). A volatile one, such as "
    "random(), differs by row, so every row is written anew under ACCESS EXCLUSIVE. A function nobody knows may be "
    "volatile; before PostgreSQL 11 every default rewrites.",
    bad="ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    good="ALTER TABLE orders ADD COLUMN token uuid;\n"
    "ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();",
    also_bad=(
        "ALTER TABLE orders ADD COLUMN lot double precision DEFAULT random();",
        "ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT clock_timestamp();",
    ),
    also_good=(
        "ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT now();",
        "ALTER TABLE orders ADD COLUMN state text DEFAULT 'new';",
    ),
    actions=("AddColumn",),
    rests_on="volatility of the function (pg_proc), estimated rows, server version",
)
def volatile_default_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    default = action.column.constraint("default") if action.column else None
    if default is None or default.expression is None:
        return
    function = locks.volatile_function(default, scope.catalog)
    doubted = None if function else _unknown_function(scope, default)
    if function:
        message = f"every row is written anew, because {function}() gives each its own value"
    elif doubted:
        message = f"every row may be written anew: nobody here knows whether {doubted}() is volatile"
    elif scope.catalog.major < _FIRST_WITHOUT_REWRITE and not _is_null(default):
        message = "every row is written anew: before PostgreSQL 11 a new column's default is written to each"
    else:
        return
    name, column = target_sql(scope), quote(action.name)
    expression = _written(scope, action, default)
    yield Case(
        message,
        default.location,
        hint="Add the column without a default, set the default for new rows, then fill old rows in batches.",
        fix=f"ALTER TABLE {name} ADD COLUMN {column} {_type_sql(scope, action)};\n"
        f"ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT {expression};\n"
        f"UPDATE {name} SET {column} = {expression} WHERE {column} IS NULL;  -- in batches",
        facts={**about(table), "function": function or doubted},
    )


def _unknown_function(scope: Scope, default: ConstraintShape) -> str | None:
    for node in walk(default.expression):
        if node.DESCRIPTOR.name == "FuncCall":
            name = str(node.funcname[-1].string.sval)
            if name not in scope.catalog.volatile and name not in _KNOWN_CALM:
                return name
            if name == "now" and len(node.args):
                return name
    return None


def _is_null(default: ConstraintShape) -> bool:
    return bool(default.expression.HasField("a_const") and default.expression.a_const.isnull)


def _written(scope: Scope, action: Action, default: ConstraintShape) -> str:
    from schemacheck.checker.reading.parser import expression_sql

    return expression_sql(default.expression) or "..."


def _type_sql(scope: Scope, action: Action) -> str:
    """The type as the statement writes it."""
    column = action.column
    if column is None or column.type is None:
        return "..."
    raw = scope.statement.sql.encode()
    start = column.type.location
    ends = [constraint.location for constraint in column.constraints if constraint.location > start]
    text = raw[start : min(ends)].decode(errors="ignore").strip() if ends else ""
    return text or column.type.name.name


@rule(
    "serial-column-rewrites",
    title="A new serial column rewrites the table",
    why="Each row needs a number of its own, so every row is written anew under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ADD COLUMN number bigserial;",
    good="ALTER TABLE orders ADD COLUMN number bigint;",
    also_bad=("ALTER TABLE orders ADD COLUMN number serial, ADD COLUMN note text;",),
    also_good=("CREATE TABLE counters (id bigserial PRIMARY KEY);",),
    actions=("AddColumn",),
    rests_on="estimated rows",
)
def serial_column_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    if action.column and action.column.type and action.column.type.serial:
        yield _numbered(scope, action, table)


@rule(
    "identity-column-rewrites",
    title="A new identity column rewrites the table",
    why="Each row needs a number of its own, so every row is written anew under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;",
    good="ALTER TABLE orders ADD COLUMN number bigint;",
    also_bad=("ALTER TABLE orders ADD COLUMN number int GENERATED BY DEFAULT AS IDENTITY;",),
    also_good=("CREATE TABLE counters (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",),
    actions=("AddColumn",),
    rests_on="estimated rows",
)
def identity_column_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    if action.column and action.column.constraint("identity"):
        yield _numbered(scope, action, table)


def _numbered(scope: Scope, action: Action, table: Table | None) -> Case:
    column = action.column
    assert column is not None
    name, quoted = target_sql(scope), quote(column.name)
    sequence = quote(f"{shape_of(scope.statement).name.name}_{column.name}_seq")
    return Case(
        f'every row is written anew to give "{column.name}" its value',
        column.location,
        hint="Add a plain column, fill it in batches, then attach the sequence.",
        fix=f"CREATE SEQUENCE {sequence};\n"
        f"ALTER TABLE {name} ADD COLUMN {quoted} bigint;\n"
        f"ALTER TABLE {name} ALTER COLUMN {quoted} SET DEFAULT nextval('{sequence}');\n"
        f"UPDATE {name} SET {quoted} = nextval('{sequence}') WHERE {quoted} IS NULL;  -- in batches\n"
        f"ALTER SEQUENCE {sequence} OWNED BY {name}.{quoted};",
        facts=about(table),
    )


@rule(
    "generated-column-rewrites",
    title="A new stored generated column rewrites the table",
    why="The value of each row is worked out and stored, so every row is written anew under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) STORED;",
    good="ALTER TABLE orders ADD COLUMN gross numeric;",
    also_bad=(
        "ALTER TABLE orders ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('english', note)) STORED;",
    ),
    also_good=("CREATE TABLE sums (net numeric, gross numeric GENERATED ALWAYS AS (net * 1.19) STORED);",),
    actions=("AddColumn",),
    rests_on="estimated rows",
)
def generated_column_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    generated = action.column.constraint("generated") if action.column else None
    if action.column and generated and generated.stored:
        name, column = target_sql(scope), quote(action.name)
        expression = _written(scope, action, generated)
        yield Case(
            f'every row is written anew to store the value of "{action.name}"',
            action.column.location,
            hint="Add a plain column, keep it in step with a trigger, fill it in batches; or work it out in a view.",
            fix=f"ALTER TABLE {name} ADD COLUMN {column} {_type_sql(scope, action)};\n"
            f"-- a BEFORE INSERT OR UPDATE trigger sets NEW.{column} to {expression}\n"
            f"UPDATE {name} SET {column} = {expression} WHERE {column} IS NULL;  -- in batches",
            facts=about(table),
        )


@rule(
    "type-change-rewrites",
    title="Changing a column's type rewrites the table",
    why="Unless old and new type look the same on disk, every row is written anew and every index rebuilt under "
    "ACCESS EXCLUSIVE. Whether they do is known only with the old type.",
    bad="ALTER TABLE orders ALTER COLUMN id TYPE bigint;",
    good="ALTER TABLE orders ADD COLUMN id_new bigint;",
    also_bad=("ALTER TABLE orders ALTER COLUMN total TYPE integer USING total::integer;",),
    also_good=(
        "CREATE TABLE notes (id bigint PRIMARY KEY, size int);\nALTER TABLE notes ALTER COLUMN size TYPE bigint;",
    ),
    actions=("AlterColumnType",),
    rests_on="the old type of the column, estimated rows",
)
def type_change_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    column = table.column(action.name) if table else None
    is_known = column is not None and column.type is not None
    if is_known and not locks.type_change_rewrites(action, table, scope.catalog):
        return
    old = f" from {column.type_sql}" if column else ""
    name, quoted, fresh = target_sql(scope), quote(action.name), quote(f"{action.name}_new")
    new_type = scope.catalog.type(action.type) if action.type else None
    display = new_type.display if new_type else str(action.type.name) if action.type else "..."
    yield Case(
        f'changing the type of "{action.name}"{old} {"writes" if is_known else "may write"} every row anew',
        scope.statement.find(action.name, after=1),
        hint="Add a column of the new type, keep both in step with a trigger, fill it in batches, then swap them.",
        fix=f"ALTER TABLE {name} ADD COLUMN {fresh} {display};\n"
        f"-- a BEFORE INSERT OR UPDATE trigger sets NEW.{fresh} to NEW.{quoted}\n"
        f"UPDATE {name} SET {fresh} = {quoted} WHERE {fresh} IS NULL;  -- in batches\n"
        f"ALTER TABLE {name} RENAME COLUMN {quoted} TO {quote(f'{action.name}_old')};\n"
        f"ALTER TABLE {name} RENAME COLUMN {fresh} TO {quoted};",
        facts={**about(table), "old_type": column.type_sql if column else None},
    )


@rule(
    "required-column-without-default",
    title="A new NOT NULL column without a default fails if there are rows",
    why="Existing rows would have NULL in it, so the server refuses unless the table is empty.",
    bad="ALTER TABLE orders ADD COLUMN currency text NOT NULL;",
    good="ALTER TABLE orders ADD COLUMN currency text NOT NULL DEFAULT 'EUR';",
    also_bad=("ALTER TABLE orders ADD COLUMN clerk_id bigint NOT NULL, ADD COLUMN note text;",),
    also_good=(
        "ALTER TABLE orders ADD COLUMN currency text;",
        "ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;",
    ),
    actions=("AddColumn",),
    sqlstate="23502",
    rests_on="whether ANALYZE found the table empty",
)
def required_column_without_default(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    column = action.column
    if column is None or not (column.constraint("not_null") or column.constraint("primary")):
        return
    default = column.constraint("default")
    filled = (default and not _is_null(default)) or column.constraint("identity") or column.constraint("generated")
    if filled or (column.type and column.type.serial):
        return
    name, quoted, check = target_sql(scope), quote(column.name), quote(f"{column.name}_not_null")
    yield Case(
        f'the server refuses "{column.name}" if the table has rows: they would be NULL',
        column.location,
        hint="Give it a constant default, or add it nullable, fill it, and set NOT NULL afterwards.",
        fix=f"ALTER TABLE {name} ADD COLUMN {quoted} {_type_sql(scope, action)};\n"
        f"UPDATE {name} SET {quoted} = ... WHERE {quoted} IS NULL;  -- in batches\n"
        f"ALTER TABLE {name} ADD CONSTRAINT {check} CHECK ({quoted} IS NOT NULL) NOT VALID;\n"
        f"ALTER TABLE {name} VALIDATE CONSTRAINT {check};\n"
        f"ALTER TABLE {name} ALTER COLUMN {quoted} SET NOT NULL;\n"
        f"ALTER TABLE {name} DROP CONSTRAINT {check};",
        facts=about(table),
    )


@rule(
    "drop-not-null",
    title="DROP NOT NULL lets NULL into code that never saw one",
    why="Programs that read the column take it for granted that a value is there.",
    bad="ALTER TABLE orders ALTER COLUMN total DROP NOT NULL;",
    good="ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0;",
    also_bad=("ALTER TABLE orders ALTER COLUMN total DROP NOT NULL, ADD COLUMN note text;",),
    also_good=(
        (
            "CREATE TABLE notes (id bigint PRIMARY KEY, body text NOT NULL);\n"
            "ALTER TABLE notes ALTER COLUMN body DROP NOT NULL;"
        ),
    ),
    actions=("DropNotNull",),
    rests_on="whether the column is NOT NULL",
)
def drop_not_null(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    column = table.column(action.name) if table else None
    if column is None or column.not_null:
        yield Case(
            f'code that reads "{action.name}" may meet NULL from now on',
            scope.statement.find(action.name, after=1),
            hint="Release code that copes with NULL first.",
            facts=about(table),
        )


@rule(
    "drop-default",
    title="DROP DEFAULT makes inserts that relied on it fail or store NULL",
    why="Programs that leave the column out get NULL, which a NOT NULL column refuses. A default given to a column the "
    "script itself added, as Django does, is not meant.",
    bad="ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;",
    good="ALTER TABLE orders ADD COLUMN state text DEFAULT 'new' NOT NULL;\n"
    "ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;",
    also_bad=("ALTER TABLE orders ALTER COLUMN state DROP DEFAULT, ALTER COLUMN total DROP DEFAULT;",),
    also_good=("ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open';",),
    actions=("ColumnDefault",),
    severity=Severity.SUGGESTION,
    rests_on="whether the column has a default",
    default=False,
)
def drop_default(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    column = table.column(action.name) if table else None
    added = (key_of(shape_of(scope.statement).name), action.name) in history_of(scope).added_columns
    if action.using is None and not added and (column is None or column.has_default):
        yield Case(
            f'inserts that leave "{action.name}" out store NULL from now on',
            scope.statement.find(action.name, after=1),
            hint="Release code that gives the value itself first.",
            facts=about(table),
        )


@rule(
    "drop-generated",
    title="DROP IDENTITY or DROP EXPRESSION stops filling the column",
    why="New rows get no value from the server any more; programs that relied on it fail or store NULL.",
    bad="ALTER TABLE orders ALTER COLUMN number DROP IDENTITY;",
    good="ALTER TABLE orders ALTER COLUMN number SET GENERATED BY DEFAULT;",
    also_bad=("ALTER TABLE orders ALTER COLUMN gross DROP EXPRESSION;",),
    also_good=("ALTER TABLE orders ALTER COLUMN number RESTART WITH 1000;",),
    actions=("DropIdentity", "DropExpression"),
    rests_on="estimated rows",
)
def drop_generated(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    yield Case(
        f'the server no longer fills "{action.name}" for new rows',
        scope.statement.find(action.name, after=1),
        hint="Release code that gives the value itself first.",
        facts=about(table),
    )


@rule(
    "expression-change-rewrites",
    title="SET EXPRESSION rewrites the table",
    why="A stored generated column is worked out anew for each row under ACCESS EXCLUSIVE.",
    bad="ALTER TABLE orders ALTER COLUMN gross SET EXPRESSION AS (net * 1.2);",
    good="ALTER TABLE orders ADD COLUMN gross_new numeric;",
    also_good=("ALTER TABLE orders ALTER COLUMN gross SET STATISTICS 500;",),
    actions=("SetExpression",),
    rests_on="estimated rows",
)
def expression_change_rewrites(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    yield Case(
        f'every row is written anew to store the new value of "{action.name}"',
        scope.statement.find(action.name, after=1),
        hint="Add a plain column, keep it in step with a trigger, fill it in batches, then swap the two.",
        facts=about(table),
    )

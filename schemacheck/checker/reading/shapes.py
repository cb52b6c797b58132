"""Tables, columns, types and constraints as a statement declares them, apart from the parser's tree."""

from functools import lru_cache
from typing import Any, NamedTuple


def words(text: str) -> frozenset[str]:
    """The words of a text, for long lists of names."""
    return frozenset(text.split())


class Name(NamedTuple):
    """The name of a relation or type, as written; `location` is a byte of the statement."""

    schema: str | None
    name: str
    location: int = -1

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    @property
    def sql(self) -> str:
        """The name with quotes where SQL needs them."""
        return f"{quote(self.schema)}.{quote(self.name)}" if self.schema else quote(self.name)


class TypeShape(NamedTuple):
    """A type as written: `numeric(10,2)[]` has two modifiers and is an array."""

    name: Name
    modifiers: tuple[int | str, ...] = ()
    is_array: bool = False
    is_set: bool = False
    serial: str | None = None  # the integer type behind `serial` and its like

    @property
    def location(self) -> int:
        return self.name.location


class ConstraintShape(NamedTuple):
    """A constraint as written: of a column, or of the table. `columns` is what it applies to."""

    kind: str  # primary unique foreign check exclusion not_null null default identity generated
    location: int
    name: str | None = None
    columns: tuple[str, ...] = ()
    references: Name | None = None
    referenced_columns: tuple[str, ...] = ()
    expression: Any = None
    not_valid: bool = False
    no_inherit: bool = False
    deferrable: bool = False
    deferred: bool = False
    using_index: str | None = None
    always: bool = False
    stored: bool = False
    enforced: bool = True
    method: str = "btree"  # of an exclusion constraint, as are
    elements: tuple[Any, ...] = ()
    predicate: Any = None


class ColumnShape(NamedTuple):
    """A column as written."""

    name: str
    type: TypeShape | None
    location: int
    constraints: tuple[ConstraintShape, ...] = ()
    is_collated: bool = False  # by a COLLATE of its own

    def constraint(self, kind: str) -> ConstraintShape | None:
        """The first constraint of a kind."""
        for constraint in self.constraints:
            if constraint.kind == kind:
                return constraint
        return None


class TableShape(NamedTuple):
    """What CREATE TABLE declares."""

    name: Name
    columns: tuple[ColumnShape, ...]
    all_constraints: tuple[ConstraintShape, ...]  # the table's own and, after them, those written on columns
    parents: tuple[Name, ...] = ()
    likes: tuple[tuple[Name, bool], ...] = ()  # LIKE a table, and whether INCLUDING INDEXES
    of_type: Name | None = None
    is_partition: bool = False
    partition_columns: tuple[str, ...] | None = None
    partition_strategy: str = ""  # r range, l list, h hash
    partition_elements: tuple[Any, ...] = ()  # the PartitionElem of each column
    bound: Any = None  # of a partition
    if_not_exists: bool = False
    persistence: str = "p"


class Action(NamedTuple):
    """One command of ALTER TABLE; `kind` is PostgreSQL's own word, such as `AddColumn`."""

    kind: str
    order: int
    name: str
    node: Any
    column: ColumnShape | None = None
    constraint: ConstraintShape | None = None
    type: TypeShape | None = None
    using: Any = None
    missing_ok: bool = False
    cascade: bool = False


class AlterationShape(NamedTuple):
    """What ALTER TABLE asks for, in the order written."""

    name: Name
    actions: tuple[Action, ...]
    columns: tuple[ColumnShape, ...]  # that are added, or given another type
    missing_ok: bool = False
    only: bool = False


class IndexShape(NamedTuple):
    """What CREATE INDEX declares; a None column is an expression."""

    name: str | None
    table: Name
    columns: tuple[str | None, ...]
    unique: bool = False
    concurrently: bool = False
    partial: bool = False
    if_not_exists: bool = False
    only: bool = False
    including: tuple[str, ...] = ()
    method: str = "btree"
    elements: tuple[Any, ...] = ()  # the IndexElem of each column
    predicate: Any = None


SERIALS = {
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
    "smallserial": "int2",
    "serial2": "int2",
}
_RESERVED = words(
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation "
    "column concurrently constraint create cross current_catalog current_date current_role current_schema current_time "
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze "
    "from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like "
    "limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary "
    "references returning right select session_user similar some symmetric table tablesample then to trailing true "
    "union unique user using variadic verbose when where window with"
)


@lru_cache(4096)
def quote(identifier: str) -> str:
    """An identifier as SQL needs it: quoted unless it is a plain lower-case word."""
    plain = identifier.replace("_", "a")
    if plain.isascii() and plain.isalnum() and plain.islower() and not plain[0].isdigit():
        return f'"{identifier}"' if identifier in _RESERVED else identifier
    doubled = identifier.replace('"', '""')
    return f'"{doubled}"'

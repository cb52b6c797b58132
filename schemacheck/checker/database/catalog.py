"""What is known of a database's schema: the tables, types and schemas a script names, and how names resolve.

A `Catalog` is read from PostgreSQL once (`lookup.snapshot`), or starts with PostgreSQL's built-in types only
(`empty_catalog`); the simulation of a script then changes it statement by statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from schemacheck.checker.database.builtin_types import DISPLAY, PSEUDO
from schemacheck.checker.database.naming import choose_name
from schemacheck.checker.database.partitioning import Key, Part, key_from_document, parts_from_document
from schemacheck.checker.reading.shapes import Name, TypeShape, quote

DEFAULT_PATH = ("pg_catalog", "public")


class TypeInfo(NamedTuple):
    """A type; `base` is what a domain stands on, else the type itself. `oid` is 0 where only the name is known."""

    schema: str
    name: str
    display: str
    kind: str = "b"  # b base, c composite, d domain, e enum, p pseudo, r range, m multirange, ? not followed
    base: str = ""
    oid: int = 0
    base_oid: int = 0
    usable: bool = True
    of_table: bool = False
    labels: tuple[str, ...] = ()  # of an enum, in their order
    is_constrained: bool = False  # a domain that refuses some values of its base type
    is_new: bool = False  # made by the script being checked

    @property
    def base_display(self) -> str:
        return self.base or self.display


class Column(NamedTuple):
    """A column of a table; `type` is None where it could not be resolved."""

    name: str
    type: TypeInfo | None
    type_sql: str
    not_null: bool = False
    has_default: bool = False
    identity: str = ""
    generated: str = ""
    inherited: bool = False
    uses: tuple[str, ...] = ()  # the columns a generated one is made of
    calls: tuple[str, ...] | None = None  # what a default the script gave it names; None where it gave none


class Index(NamedTuple):
    """An index; `columns` are those of its key, None for an expression."""

    name: str
    columns: tuple[str | None, ...]
    unique: bool = False
    primary: bool = False
    valid: bool = True
    partial: bool = False
    deferrable: bool = False
    identifies: bool = False  # the replica identity
    is_new: bool = False  # made by the script being checked
    oid: int = 0

    @property
    def is_key(self) -> bool:
        """Whether a foreign key may refer to its columns."""
        return self.unique and self.valid and not self.partial and not self.deferrable and None not in self.columns


class Constraint(NamedTuple):
    """A constraint; `kind` as in pg_constraint: p primary, u unique, f foreign, c check, x exclusion, n not null."""

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    validated: bool = True
    deferrable: bool = False
    deferred: bool = False
    references: str | None = None
    referenced_columns: tuple[str, ...] = ()
    proves_not_null: bool = False  # a validated CHECK (column IS NOT NULL)
    inherited: bool = False
    no_inherit: bool = False
    persistence: str = ""  # of the table a foreign key refers to
    used_by: tuple[str, ...] = ()  # what else needs it: views that group by a key, foreign keys to it


class Relative(NamedTuple):
    """A relation above or below another in a family of inheritance or partitions."""

    schema: str
    name: str
    kind: str


class Table(NamedTuple):
    """A relation. `is_known` is False where the script made it in a way that hides its columns."""

    schema: str
    name: str
    kind: str = "r"
    persistence: str = "p"
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    rows: float = -1
    bytes: int = 0  # as of the last VACUUM or ANALYZE: to measure it now would wait for locks
    seems_empty: bool = False
    is_mine: bool = True
    may_reference: bool = True
    is_partition: bool = False
    has_children: bool = False
    referenced_by: tuple[tuple[str, str], ...] = ()  # table and foreign key
    views: tuple[tuple[str, str], ...] = ()  # view and the column it uses; no column for the table as a whole
    column_users: tuple[tuple[str, str], ...] = ()  # column and the policy, trigger or publication that needs it
    row_type_in: tuple[str, ...] = ()  # columns of other tables that hold rows of this one
    triggers: tuple[str, ...] = ()
    trigger_functions: tuple[tuple[str, str], ...] = ()  # of those the script made
    rules: tuple[str, ...] = ()
    referring_permanently: tuple[str, ...] = ()  # permanent tables with a foreign key to this one
    descendants: tuple["Relative", ...] = ()
    ancestors: tuple["Relative", ...] = ()
    parents: tuple["Relative", ...] = ()  # the ancestors it stands directly below
    default_family: tuple["Relative", ...] = ()  # the default partition and those below it
    key: Key | None = None  # of a partitioned table
    parts: tuple[Part, ...] = ()
    has_deferred_triggers: bool = False
    has_deferred_references: bool = False  # a foreign key to it is checked at the end of the transaction
    of_type: bool = False  # a typed table, CREATE TABLE ... OF
    is_known: bool = True
    is_new: bool = False  # made by the script being checked
    reads: tuple[tuple[str, str, str], ...] = ()  # schema, table and column, of a view the script made
    owned_by: tuple[str, ...] = ()  # schema, table and column a sequence goes with
    oid: int = 0

    @property
    def display(self) -> str:
        """Its qualified name."""
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def relative(self) -> Relative:
        """It as others of its family know it."""
        return Relative(self.schema, self.name, self.kind)

    @property
    def is_empty(self) -> bool:
        """Whether it has no rows: the script made it, or ANALYZE found none and none were counted since."""
        return self.is_new or (self.seems_empty and not self.has_children)

    @property
    def has_foreign_partitions(self) -> bool:
        return self.kind == "p" and any(relative.kind == "f" for relative in self.descendants)

    @property
    def primary_key(self) -> Index | None:
        return next((index for index in self.indexes if index.primary), None)

    def column(self, name: str) -> Column | None:
        for column in self.columns:
            if column.name == name:
                return column
        return None

    def constraint(self, name: str) -> Constraint | None:
        return next((constraint for constraint in self.constraints if constraint.name == name), None)

    def key_on(self, columns: Iterable[str]) -> Index | None:
        """The unique index on exactly these columns, in any order."""
        wanted = sorted(columns)
        return next(
            (index for index in self.indexes if index.is_key and sorted(map(str, index.columns)) == wanted), None
        )

    def index_leading_with(self, columns: tuple[str, ...]) -> Index | None:
        """A valid index whose first columns are these, in any order, as a foreign key's checks need."""
        whole = (index for index in self.indexes if index.valid and not index.partial)
        return next((index for index in whole if leads_with(index.columns, columns)), None)


@dataclass(slots=True, kw_only=True)
class Catalog:
    """A schema as far as it is known, changed in step with the script."""

    is_live: bool
    server_version: int = 180000
    user: str = ""
    path: tuple[str, ...] = DEFAULT_PATH
    creation_schema: str | None = "public"
    temporary_schema: str = "pg_temp"
    in_recovery: bool = False
    system_changes: bool = False
    is_utc: bool = False  # whether the script set TimeZone to UTC
    schemas: dict[str, bool] = field(default_factory=dict)  # name -> may create in it
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    types: dict[tuple[str, str], TypeInfo] = field(default_factory=dict)
    volatile: Mapping[str, str] = field(default_factory=dict)  # function name -> v, s or i
    roles: frozenset[str] = frozenset()
    is_certain: bool = True  # False after a statement whose effects nobody can foresee (DO, CALL, CREATE EXTENSION)
    made: set[str] = field(default_factory=set)  # names of what the script made, and the server does not know
    made_operators: bool = False  # or casts: what the server says of them names none
    gone: set[tuple[str, str]] = field(default_factory=set)  # relations the script dropped or renamed away
    dropped: set[tuple[str, Any]] = field(default_factory=set)  # other objects: a catalog and a number or names
    _owners: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # index -> its table

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.server_version // 10_000

    def copy(self) -> "Catalog":
        """A copy that can change apart from this one."""
        return replace(
            self,
            schemas=dict(self.schemas),
            tables=dict(self.tables),
            types=dict(self.types),
            made=set(self.made),
            gone=set(self.gone),
            dropped=set(self.dropped),
            _owners=dict(self._owners),
        )

    def table(self, name: Name) -> Table | None:
        """The relation a name means, by the search path; an index too is one."""
        if name.schema is not None:
            return self.relation(self.schema_called(name.schema), name.name)
        if self.tables:
            for schema in self.path:  # all of it here, for this is asked many times a statement
                if table := self.tables.get((schema, name.name)):
                    return table
                if (schema, name.name) in self._owners:
                    return self.relation(schema, name.name)
        return None

    def relation(self, schema: str, name: str) -> Table | None:
        """The relation of a name in a schema."""
        if table := self.tables.get((schema, name)):
            return table
        owned = self._owners.get((schema, name))
        return _as_relation(*self._indexed(owned, name)) if owned else None

    def index(self, name: Name) -> tuple[Table, Index] | None:
        """The index a name means and its table."""
        for schema in self._schemas(name):
            if owned := self._owners.get((schema, name.name)):
                return self._indexed(owned, name.name)
        return None

    def _indexed(self, owned: tuple[str, str], name: str) -> tuple[Table, Index]:
        owner = self.tables[owned]
        return owner, next(index for index in owner.indexes if index.name == name)

    def free_name(self, schema: str, first: str, second: str, label: str) -> str:
        """The name PostgreSQL chooses for an index or a sequence: a number is added to one that is taken."""
        return choose_name(first, second, label, lambda name: self.relation(schema, name) is not None)

    def schema_for_new(self, name: Name, persistence: str = "p") -> str | None:
        """The schema a relation is made in; None if the search path offers none."""
        if persistence == "t":
            return self.temporary_schema
        return self.schema_called(name.schema) if name.schema is not None else self.creation_schema

    def put(self, table: Table) -> None:
        """Bring a relation up to date, or in."""
        key = (table.schema, table.name)
        known = self.tables.get(key)
        if known is None or known.indexes is not table.indexes:
            self._disown(known)
            for index in table.indexes:
                self._owners[table.schema, index.name] = key
                self.gone.discard((table.schema, index.name))
        self.tables[key] = table
        self.gone.discard(key)
        if table.is_new:
            self.made.add(table.name)

    def remove(self, table: Table) -> None:
        """Take a relation away, with its indexes and the sequences that go with it."""
        key = (table.schema, table.name)
        self._disown(self.tables.pop(key, None))
        self.gone.add(key)
        for other in [other for other in self.tables.values() if other.owned_by[:2] == key]:
            del self.tables[other.schema, other.name]

    def move(self, table: Table, *, schema: str, name: str) -> None:
        """Give a relation another name or schema; what goes with it goes along."""
        self._disown(self.tables.pop((table.schema, table.name), None))
        self.gone.add((table.schema, table.name))
        for other in [other for other in self.tables.values() if other.owned_by[:2] == (table.schema, table.name)]:
            del self.tables[other.schema, other.name]
            self.put(other._replace(schema=schema, owned_by=(schema, name, *other.owned_by[2:])))
        self.put(table._replace(schema=schema, name=name))
        self.made.update((name, *(index.name for index in table.indexes if schema != table.schema)))

        for other in list(self.tables.values()):
            if any(key.references == table.display for key in other.constraints):
                self.put(_referring(other, table.display, table._replace(schema=schema, name=name).display))

    def lose(self, name: Name) -> None:
        """A relation nobody looked up goes away."""
        self.gone.update((schema, name.name) for schema in self._schemas(name))

    def is_gone(self, name: Name) -> bool:
        """Whether the script took away what the server still shows under a name."""
        return any((schema, name.name) in self.gone for schema in self._schemas(name))

    def _schemas(self, name: Name) -> tuple[str, ...]:
        return self.path if name.schema is None else (self.schema_called(name.schema),)

    def _disown(self, table: Table | None) -> None:
        if table is not None:
            for index in table.indexes:
                self._owners.pop((table.schema, index.name), None)

    def has_schema(self, name: str) -> bool:
        """Whether a schema exists; without a live catalog every schema might."""
        return not self.is_live or name == "pg_temp" or self.schema_called(name) in self.schemas

    def type(self, shape: TypeShape) -> TypeInfo | None:
        """The type a shape names, as an array where it is one."""
        scalar = self._scalar_type(shape)
        if scalar is None or not shape.is_array:
            return scalar
        array = self.types.get((scalar.schema, f"_{scalar.name}"))
        oid = array.oid if array else 0
        display = f"{scalar.display}[]"
        return TypeInfo(
            schema=scalar.schema,
            name=f"_{scalar.name}",
            display=display,
            kind="b",
            oid=oid,
            base_oid=oid,
            is_new=scalar.is_new,
        )

    def type_names(self) -> list[str]:
        """Names to suggest instead of an unknown type."""
        own = [info.name for info in self.types.values() if not info.of_table and not info.name.startswith("_")]
        return [*DISPLAY, *DISPLAY.values(), *own, "serial", "bigserial", "int", "decimal", "char", "string"]

    def _scalar_type(self, shape: TypeShape) -> TypeInfo | None:
        if serial := shape.serial:
            return self._builtin(serial)
        name = shape.name
        if name.schema is not None:
            schema = self.schema_called(name.schema)
            return self.types.get((schema, name.name)) or (self._builtin(name.name) if schema == "pg_catalog" else None)
        for schema in self.path:
            if named := self.types.get((schema, name.name)):
                return named
            if schema == "pg_catalog" and (builtin := self._builtin(name.name)):
                return builtin
        return None

    def _builtin(self, name: str) -> TypeInfo | None:
        if named := self.types.get(("pg_catalog", name)):
            return named
        if self.is_live:
            return None
        return _BUILTIN.get(name)

    def schema_called(self, name: str) -> str:
        return self.temporary_schema if name == "pg_temp" else name


def _referring(table: Table, old: str, new: str) -> Table:
    """The table with its foreign keys to a relation under that one's new name."""
    return table._replace(
        constraints=tuple(key._replace(references=new) if key.references == old else key for key in table.constraints)
    )


def _as_relation(owner: Table, index: Index) -> Table:
    """An index as the relation it is."""
    return Table(
        schema=owner.schema,
        name=index.name,
        kind="I" if owner.kind == "p" else "i",
        persistence=owner.persistence,
        is_mine=owner.is_mine,
        is_new=owner.is_new or index.is_new,
        oid=index.oid,
    )


_BUILTIN = {
    **{name: TypeInfo(schema="pg_catalog", name=name, display=shown) for name, shown in DISPLAY.items()},
    **{name: TypeInfo(schema="pg_catalog", name=name, display=name, kind="p") for name in PSEUDO},
}


def empty_catalog() -> Catalog:
    """A catalog of PostgreSQL's built-in types and nothing else."""
    return Catalog(is_live=False)


def leads_with(index: Sequence[Any], columns: Sequence[Any]) -> bool:
    """Whether the columns of an index begin with these, in any order, as a foreign key's checks need."""
    return set(index[: len(columns)]) == set(columns)


def table_from_document(row: Mapping[str, Any], types: Mapping[int, TypeInfo]) -> Table:
    """A table as the snapshot query describes it."""
    names = {column["number"]: column["name"] for column in row["columns"] or ()}
    return Table(
        schema=row["schema"],
        name=row["name"],
        kind=row["kind"],
        persistence=row["persistence"],
        columns=tuple(
            Column(
                name=column["name"],
                type=types.get(column["type"]),
                type_sql=column["sql"],
                not_null=column["not_null"],
                has_default=column["has_default"],
                identity=column["identity"],
                generated=column["generated"],
                inherited=column["inherited"],
                uses=tuple(column["uses"] or ()),
            )
            for column in row["columns"] or ()
        ),
        indexes=tuple(
            Index(**{**index, "columns": tuple(map(names.get, index["columns"]))}) for index in row["indexes"] or ()
        ),
        constraints=tuple(
            Constraint(
                **{
                    **constraint,
                    "columns": tuple(names[number] for number in constraint["columns"] or () if number in names),
                    "used_by": tuple(constraint.get("used_by", ())),
                    "referenced_columns": tuple(constraint["referenced_columns"] or ()),
                }
            )
            for constraint in row["constraints"] or ()
        ),
        rows=row["rows"],
        bytes=row["bytes"],
        is_mine=row["is_mine"],
        may_reference=row["may_reference"],
        is_partition=row["is_partition"],
        has_children=row["has_children"],
        referenced_by=tuple((item["table"], item["name"]) for item in row["referenced_by"] or ()),
        views=tuple((view, column) for view, column in row["views"] or ()),
        seems_empty=row["seems_empty"],
        owned_by=tuple(row["owned_by"] or ()),
        has_deferred_triggers=row["has_deferred_triggers"],
        has_deferred_references=any(item["deferred"] for item in row["referenced_by"] or ()),
        column_users=tuple((column, user) for column, user in row.get("column_users", ())),
        row_type_in=tuple(row.get("row_type_in", ())),
        triggers=tuple(row.get("triggers", ())),
        rules=tuple(row.get("rules", ())),
        referring_permanently=tuple(row.get("referring_permanently", ())),
        descendants=tuple(Relative(*item) for item in row.get("descendants", ())),
        ancestors=tuple(Relative(*item) for item in row.get("ancestors", ())),
        parents=tuple(Relative(*item) for item in row.get("parents", ())),
        default_family=tuple(Relative(*item) for item in row.get("default_family", ())),
        key=key_from_document(row["partitioning"]) if "partitioning" in row else None,
        parts=parts_from_document(row["partitioning"]) if "partitioning" in row else (),
        of_type=row["of_type"],
        oid=row["oid"],
    )

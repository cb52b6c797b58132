"""Who stands above and below whom, and what children get from their parents while a script is followed."""

from schemacheck.checker.database.catalog import Catalog, Column, Constraint, Index, Relative, Table
from schemacheck.checker.database.naming import joined
from schemacheck.checker.database.partitioning import Part
from schemacheck.checker.reading.shapes import Name


def find(catalog: Catalog, relative: Relative) -> Table | None:
    """What is known of a relative."""
    return catalog.tables.get((relative.schema, relative.name))


def known_below(catalog: Catalog, table: Table) -> list[Table]:
    """The tables below one of which something is known."""
    return [below for relative in table.descendants if (below := find(catalog, relative))]


def join(catalog: Catalog, parent: Table, child: Table, bound: object = None) -> None:
    """Put a table below another, with a bound as its partition."""
    above = (parent.relative, *parent.ancestors)
    child = _with_inherited(child, parent)._replace(
        parents=(*child.parents, parent.relative),
        ancestors=tuple(dict.fromkeys((*child.ancestors, *above))),
        is_partition=child.is_partition or bound is not None,
    )
    catalog.put(child)
    below = (child.relative, *child.descendants)
    for elder in filter(None, (find(catalog, relative) for relative in above)):
        descendants = tuple(dict.fromkeys((*elder.descendants, *below)))
        catalog.put(elder._replace(descendants=descendants, has_children=True))
    if bound is not None:
        part = Part(child.schema, child.name, bound)
        elder = catalog.tables[parent.schema, parent.name]
        family = below if part.is_default else elder.default_family
        catalog.put(elder._replace(parts=(*elder.parts, part), default_family=family))
        _give_keys(catalog, elder, child)


def part_from(catalog: Catalog, parent: Table, child: Table) -> None:
    """Take a table away from below another."""
    parents = tuple(relative for relative in child.parents if relative != parent.relative)
    elders = [elder for relative in parents if (elder := find(catalog, relative))]
    above = dict.fromkeys((*parents, *(further for elder in elders for further in elder.ancestors)))
    below = {child.relative, *child.descendants}
    for elder in (parent, *filter(None, (find(catalog, relative) for relative in parent.ancestors))):
        left = tuple(relative for relative in elder.descendants if relative not in below)
        catalog.put(
            elder._replace(
                descendants=left,
                has_children=bool(left),
                parts=tuple(part for part in elder.parts if part[:2] != child[:2]),
                default_family=tuple(relative for relative in elder.default_family if relative not in below),
            )
        )
    columns, constraints = child.columns, child.constraints
    if not parents:
        columns = tuple(column._replace(inherited=False) for column in columns)
        constraints = tuple(constraint._replace(inherited=False) for constraint in constraints)
    catalog.put(
        child._replace(
            parents=parents,
            ancestors=tuple(above),
            is_partition=False,
            columns=columns,
            constraints=constraints,
        )
    )


def inherited_checks(table: Table, parent: Table) -> Table:
    """The table with the checks it has from a parent."""
    own = {constraint.name for constraint in table.constraints}
    checks = tuple(check._replace(inherited=True) for check in _passed_on(parent) if check.name not in own)
    return table._replace(constraints=(*table.constraints, *checks))


def pass_on(catalog: Catalog, before: Table, after: Table) -> None:
    """Change the tables below as one was changed: columns, checks and, of partitions, keys."""
    for child in known_below(catalog, after):
        columns = {column.name: column for column in child.columns}
        for column in after.columns:
            if column != before.column(column.name):
                columns[column.name] = _as_above(columns.get(column.name), column)
        lost = {c.name for c in before.columns if after.column(c.name) is None and _is_inherited(columns.get(c.name))}
        left = tuple(column for name, column in columns.items() if name not in lost)
        gone = {check.name for check in _passed_on(before)} - {check.name for check in _passed_on(after)}
        kept = tuple(
            constraint
            for constraint in child.constraints
            if not (constraint.inherited and constraint.name in gone) and not lost.intersection(constraint.columns)
        )
        indexes = tuple(index for index in child.indexes if not lost.intersection(map(str, index.columns)))
        changed = child._replace(columns=left, constraints=kept, indexes=indexes)
        catalog.put(inherited_checks(changed, after))
        if after.kind == "p":
            _give_keys(catalog, after, catalog.tables[child.schema, child.name])


def add_index(catalog: Catalog, child: Table, index: Index, spoken: str, label: str) -> str:
    """Give a partition its own part of an index; answers with the name it gets."""
    name = catalog.free_name(child.schema, child.name, spoken, label)
    catalog.put(child._replace(indexes=(*child.indexes, index._replace(name=name, valid=True, is_new=True, oid=0))))
    return name


def relative_name(relative: Relative) -> Name:
    """A relative as a statement would name it."""
    return Name(relative.schema, relative.name)


def _passed_on(parent: Table) -> list[Constraint]:
    return [item for item in parent.constraints if item.kind == "c" and not item.no_inherit]


def _is_inherited(column: Column | None) -> bool:
    return column is not None and column.inherited


def _as_above(own: Column | None, above: Column) -> Column:
    """A column as it is after the same column above it changed."""
    if own is None:
        return above._replace(inherited=True)
    return own._replace(
        type=above.type, type_sql=above.type_sql, not_null=above.not_null, has_default=above.has_default, inherited=True
    )


def _with_inherited(child: Table, parent: Table) -> Table:
    """The child's own columns and checks that the parent has too are inherited from now on."""
    above = {column.name for column in parent.columns}
    checks = {check.name for check in _passed_on(parent)}
    return child._replace(
        columns=tuple(c._replace(inherited=True) if c.name in above else c for c in child.columns),
        constraints=tuple(
            c._replace(inherited=True) if c.kind == "c" and c.name in checks else c for c in child.constraints
        ),
    )


def _give_keys(catalog: Catalog, parent: Table, child: Table) -> None:
    """A partition gets every index and foreign key of its parent that it does not have yet."""
    for index in parent.indexes:
        child = catalog.tables[child.schema, child.name]
        alike = any(
            i.columns == index.columns and (i.unique, i.primary) >= (index.unique, index.primary) for i in child.indexes
        )
        if alike or None in index.columns:
            continue
        constraint = parent.constraint(index.name)
        label = "pkey" if index.primary else "key" if constraint else "idx"
        name = add_index(catalog, child, index, "" if index.primary else joined(index.columns), label)
        if constraint:
            child = catalog.tables[child.schema, child.name]
            own = constraint._replace(name=name, inherited=True)
            catalog.put(child._replace(constraints=(*child.constraints, own)))
    child = catalog.tables[child.schema, child.name]
    keys = tuple(
        key._replace(inherited=True)
        for key in parent.constraints
        if key.kind == "f" and child.constraint(key.name) is None
    )
    catalog.put(child._replace(constraints=(*child.constraints, *keys)))

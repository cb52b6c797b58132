"""What else needs a table: foreign keys to it and views over it, those of the script included."""

from collections.abc import Iterator

from schemacheck.checker.database.catalog import Catalog, Table
from schemacheck.checker.reading.shapes import Name


def foreign_keys_to(catalog: Catalog, table: Table) -> Iterator[tuple[str, str]]:
    """Other tables whose foreign keys refer to a table, and the names of those."""
    for shown, key in table.referenced_by:
        name = _name(shown)
        if catalog.table(name) is None and not catalog.is_gone(name):
            yield shown, key  # a table the script does not name
    for other in catalog.tables.values():
        if (other.schema, other.name) != (table.schema, table.name):
            for constraint in other.constraints:
                if constraint.references == table.display:
                    yield other.name, constraint.name


def views_on(catalog: Catalog, table: Table, column: str | None = None) -> list[str]:
    """The views that read a table, or one column of it."""
    live = {view for view, used in table.views if column in (None, used) and not catalog.is_gone(_name(view))}
    made = {
        other.name
        for other in catalog.tables.values()
        for schema, name, used in other.reads
        if (schema, name) == (table.schema, table.name) and column in (None, used)
    }
    return sorted(live | made)


def forget_dependents(catalog: Catalog, table: Table) -> None:
    """What CASCADE takes along."""
    for view in views_on(catalog, table):
        reader = catalog.table(_name(view))
        if reader is None:
            catalog.lose(_name(view))
            continue
        forget_dependents(catalog, reader)
        catalog.remove(reader)
    for other in list(catalog.tables.values()):
        left = tuple(item for item in other.constraints if item.references != table.display)
        if len(left) < len(other.constraints):
            catalog.put(other._replace(constraints=left))


def _name(shown: str) -> Name:
    """A name as the server shows it."""
    schema, dot, name = shown.rpartition(".")
    return Name(schema.strip('"') if dot else None, name.strip('"'))

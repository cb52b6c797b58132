"""Types and sequences a script makes, made for real in the temporary schema, so that its copies can use them.

The server looks for types and relations there first, so only names that meant nothing before are made there; where the
script names one with its schema, the copies' statements name it with the temporary one.
"""

from collections.abc import Iterator
from typing import NamedTuple

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Catalog
from schemacheck.checker.reading.lowering import name_list, range_name
from schemacheck.checker.reading.parser import Statement, walk
from schemacheck.checker.reading.shapes import Name, TypeShape

KINDS = (ast.CreateEnumStmt, ast.CompositeTypeStmt, ast.CreateDomainStmt, ast.CreateSeqStmt)


class Aside(NamedTuple):
    """What a statement makes: its name there, the byte it stands at, and why it cannot be made aside, if so."""

    key: tuple[str, str]
    location: int
    hindrance: str = ""


def made_by(statement: Statement, catalog: Catalog) -> Aside | None:
    """The type or sequence a statement makes, before it is simulated; None where it makes none."""
    node = statement.node
    hindrance = ""
    match node:
        case ast.CreateSeqStmt():
            name = range_name(node.sequence)
            if any(option.def_elem.defname == "owned_by" for option in node.options):
                hindrance = "a copy's sequence belongs to no column"
        case ast.CompositeTypeStmt():
            name = range_name(node.typevar)
        case ast.CreateDomainStmt():
            name = name_list(node.domainname)
        case ast.CreateEnumStmt():
            name = name_list(node.type_name)
        case _:
            return None
    alone = Name(None, name.name)
    if catalog.type(TypeShape(alone)) or catalog.table(alone):
        hindrance = "the name means something else already"
    return Aside((catalog.schema_for_new(name) or "public", name.name), _location(statement, name), hindrance)


def changes_one(statement: Statement) -> bool:
    """Whether a statement may change or drop a type or sequence."""
    return statement.kind.endswith(("_type", "_domain", "_sequence")) and not isinstance(statement.node, KINDS)


def qualified_types(statement: Statement, catalog: Catalog, made: set[tuple[str, str]]) -> Iterator[tuple[int, str]]:
    """Where a statement names a type made aside with its schema, and its name."""
    for node in walk(statement.node):
        if isinstance(node, ast.TypeName) and len(node.names) > 1 and node.location >= 0:
            name = name_list(node.names)
            if name.schema and (catalog.schema_called(name.schema), name.name) in made:
                yield node.location, name.name


def _location(statement: Statement, name: Name) -> int:
    """The byte at which the name begins: behind CREATE TYPE, CREATE DOMAIN or CREATE SEQUENCE IF NOT EXISTS."""
    if name.location >= 0:
        return name.location
    return statement.tokens()[2][0]

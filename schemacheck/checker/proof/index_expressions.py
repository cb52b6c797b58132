"""What an index is made of: expressions, predicate, access method and operator classes, judged from the catalog."""

from collections.abc import Sequence
from typing import Any

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.functions import Element, index_method
from schemacheck.checker.proof.expressions import (
    analyse,
    columns_exist,
    expression_place,
    null_row,
    over,
    refuse_subquery,
)
from schemacheck.checker.proof.volatility import is_mutable
from schemacheck.checker.scope import Scope

_NEEDS = (
    ("can_unique", "unique indexes"),
    ("can_include", "included columns"),
    ("can_multi_col", "multicolumn indexes"),
    ("can_exclude", "exclusion constraints"),
)
_DIRECTIONS = {2: "ASC/DESC", 3: "ASC/DESC"}  # SORTBY_ASC and SORTBY_DESC in postgast's enum


def check_index(
    scope: Scope, table: Table, *, method: str, elements: Sequence[Any], predicate: Any, asks: frozenset[str]
) -> None:
    """Judge what an index is made of; `asks` are the properties that its method must have."""
    if predicate is not None and not _check_predicate(scope, table, predicate):
        return
    types = types_of(scope, table, elements, "index expression")
    if types is not None and scope.session is not None:
        check_method(scope, method, elements, types, asks | {"can_multi_col"} if len(elements) > 1 else asks)


def types_of(scope: Scope, table: Table, elements: Sequence[Any], where: str) -> list[int] | None:
    """The types (OIDs) of columns and expressions, 0 where only the script knows it; None where one is wrong."""
    types: list[int] = []
    for element in elements:
        found = _type_of(scope, table, element, where)
        if found is None:
            return None
        types.append(found)
    return types


def _check_predicate(scope: Scope, table: Table, predicate: Any) -> bool:
    if refuse_subquery(scope, predicate, "index predicate") or not columns_exist(scope, table, predicate):
        return False
    row = null_row(table, predicate)
    if row is None or scope.session is None:
        return True
    words = {"in WHERE": "in index predicates"}
    analyse(scope, predicate, over(row, "SELECT 1 FROM $row WHERE ($sql)"), words)
    return not scope.has_error and not _refuse_mutable(scope, row, predicate, "index predicate")


def _type_of(scope: Scope, table: Table, element: Any, where: str) -> int | None:
    if element.name:
        column = table.column(element.name)
        return column.type.base_oid if column and column.type else 0
    expression = element.expr
    if refuse_subquery(scope, expression, where) or not columns_exist(scope, table, expression):
        return None
    row = null_row(table, expression)
    if row is None or scope.session is None:
        return 0
    words = {"in WHERE": f"in {where}s"}
    found = analyse(scope, expression, over(row, "SELECT ($sql) FROM $row WHERE ($sql) IS NOT NULL"), words)
    if scope.has_error or _refuse_mutable(scope, row, expression, where):
        return None
    return found


def _refuse_mutable(scope: Scope, row: str, expression: Any, where: str) -> bool:
    if not is_mutable(scope, row, expression):
        return False
    message = f"functions in {where} must be marked IMMUTABLE"
    hint = "What it gives depends on a setting, such as the time zone, or on time: fix that within the expression."
    scope.error("invalid-expression", message, "42P17", expression_place(expression), hint=hint)
    return True


def check_method(
    scope: Scope, method: str, elements: Sequence[Any], types: Sequence[int], asks: frozenset[str]
) -> None:
    """Whether an access method is there, has the properties asked for, and a class of operators for each element."""
    assert scope.session is not None
    asked = [Element(oid, *_class_of(element)) for element, oid in zip(elements, types, strict=True)]
    found = index_method(scope.session, method, asked)
    location = scope.statement.find(method)
    if not found["exists"]:
        scope.unknown("undefined-object", f'access method "{method}" does not exist', "42704", location)
        return
    lacks = found["lacks"] or ()
    for need, what in _NEEDS:
        if need in asks and need in lacks:
            message = f'access method "{method}" does not support {what}'
            scope.error("wrong-object-kind", message, "0A000", location)
            return
    for element, known, oid in zip(elements, found["elements"] or (), types, strict=True):
        _check_class(scope, method, element, known, is_known=oid != 0)
        if not scope.has_error and "can_order" in lacks and getattr(element, "ordering", 0) in _DIRECTIONS:
            message = f'access method "{method}" does not support ASC/DESC options'
            scope.error("wrong-object-kind", message, "0A000", location)


def _class_of(element: Any) -> tuple[str | None, str | None]:
    names = [part.string.sval for part in element.opclass]
    return (names[-2] if len(names) > 1 else None, names[-1]) if names else (None, None)


def _check_class(scope: Scope, method: str, element: Any, known: dict[str, Any], *, is_known: bool) -> None:
    schema, name = _class_of(element)
    shown = f"{schema}.{name}" if schema else str(name)
    if schema is not None and not scope.catalog.has_schema(schema):
        scope.unknown("undefined-schema", f'schema "{schema}" does not exist', "3F000", scope.statement.find(schema))
    elif name is not None and not known["exists"]:
        message = f'operator class "{shown}" does not exist for access method "{method}"'
        hint = "CREATE EXTENSION pg_trgm brings it." if "trgm" in name else ""
        scope.unknown("undefined-object", message, "42704", scope.statement.find(name), hint=hint)
    elif name is not None and is_known and not known["accepts"]:
        message = f'operator class "{shown}" does not accept data type {known["type"]}'
        scope.error("datatype-mismatch", message, "42804", scope.statement.find(name))
    elif name is None and is_known and not known["default"]:
        message = f'data type {known["type"]} has no default operator class for access method "{method}"'
        hint = "Name an operator class after the column, or use another access method."
        place = scope.statement.find(element.name, after=1) if element.name else expression_place(element.expr)
        scope.error("no-operator-class", message, "42704", place, hint=hint)

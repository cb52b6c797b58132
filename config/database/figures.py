"""Several figures of several tables by one statement: a page of twenty counts is otherwise twenty round trips."""

from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Func, QuerySet


def read_figures(**figures: "QuerySet[Any, Any]") -> dict[str, int]:
    """The figures made by `number_of` and `sum_of`, under the names they are given."""
    parts = [rows.query.sql_with_params() for rows in figures.values()]
    statement = ", ".join(f"({sql})" for sql, _ in parts)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {statement}", [value for _, values in parts for value in values])
        found = cursor.fetchone()
    return dict(zip(figures, found, strict=True))


def number_of(rows: "QuerySet[Any, Any]") -> "QuerySet[Any, Any]":
    """How many rows there are."""
    return _one(rows, Func(template="COUNT(*)", output_field=BigIntegerField()))


def sum_of(rows: "QuerySet[Any, Any]", column: str) -> "QuerySet[Any, Any]":
    """The sum of a column of whole numbers, 0 where there is none."""
    total = "CAST(COALESCE(SUM(%(expressions)s), 0) AS bigint)"
    return _one(rows, Func(column, template=total, output_field=BigIntegerField()))


def distinct_of(rows: "QuerySet[Any, Any]", column: str) -> "QuerySet[Any, Any]":
    """How many different values a column has."""
    return _one(rows, Func(column, template="COUNT(DISTINCT %(expressions)s)", output_field=BigIntegerField()))


def any_of(rows: "QuerySet[Any, Any]") -> "QuerySet[Any, Any]":
    """1 where there is a row, else nothing; no further row is looked at."""
    one = Func(template="1", output_field=BigIntegerField())
    return rows.order_by().values(figure=one)[:1]


def _one(rows: "QuerySet[Any, Any]", figure: Func) -> "QuerySet[Any, Any]":
    # No aggregate of the ORM's, which would group by the key as soon as it is among the values.
    return rows.order_by().values(figure=figure)

"""Rows found by one column, by a statement composed once a process: composing it takes the ORM 0.3 to 0.6 ms."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class _Part:
    """The columns of one table in a row that was read."""

    model: type[models.Model]
    names: list[str]
    columns: slice


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    converters: list[tuple[int, list[Any], Any]]
    """Of the connection it was composed for; they ask it for its time zone alone, which is the same for all."""
    parts: list[_Part]
    """The row's own, then one for each related row."""


class ByColumn(Generic[Row]):
    """What `rows.get(column=value)` finds, where `rows` are all of a table and `column` is unique.

    They may select related rows through foreign keys that are never null. Only the statement is kept: each call reads
    the row anew.
    """

    def __init__(self, rows: models.QuerySet[Row], column: str) -> None:
        self._rows, self._column = rows.order_by(), column
        self.field: Any = rows.model._meta.get_field(column)
        self._related: list[str] = list(rows.query.select_related or ())  # type: ignore[arg-type]
        self._statements: dict[str, _Statement] = {}

    def find(self, value: Any) -> Row | None:
        """The row. Raises what the column raises for a value it cannot hold."""
        sought = self.field.get_db_prep_value(value, connection)
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = self._composed(value, sought)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, (sought,))
            found = cursor.fetchone()
        return None if found is None else self._made(statement, list(found))

    def _composed(self, value: Any, sought: Any) -> _Statement:
        compiler = self._rows.filter(**{self._column: value}).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        if tuple(parameters) != (sought,):
            raise TypeError(f"These rows of {self._rows.model.__name__} are not found by {self._column} alone.")
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        return _Statement(
            sql,
            [(position, functions, column) for position, (functions, column) in converters.items()],
            self._parts(),
        )

    def _parts(self) -> list[_Part]:
        meta = self._rows.model._meta
        tables: list[Any] = [self._rows.model, *(meta.get_field(name).related_model for name in self._related)]
        columns = [[field.attname for field in table._meta.concrete_fields] for table in tables]
        ends = list(accumulate(len(names) for names in columns))
        return [
            _Part(table, names, slice(end - len(names), end))
            for table, names, end in zip(tables, columns, ends, strict=True)
        ]

    def _made(self, statement: _Statement, values: list[Any]) -> Row:
        for position, functions, column in statement.converters:
            for convert in functions:
                values[position] = convert(values[position], column, connection)
        row, *related = (
            part.model.from_db(connection.alias, part.names, values[part.columns]) for part in statement.parts
        )
        for name, other in zip(self._related, related, strict=True):
            setattr(row, name, other)
        return row  # type: ignore[return-value]

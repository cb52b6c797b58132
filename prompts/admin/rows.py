"""A form field of several rows of small fields, which needs no script: some blank rows stand at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

BLANK_ROWS = 3
MOST_ROWS = 250

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`choices` make a select of it, and its first one counts as blank; `lines` above 1 make a box."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]] = ()
    lines: int = 1


class Rows(forms.Widget):
    template_name = "prompts/rows.html"

    def __init__(self, columns: Sequence[Column], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.columns = columns

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[dict[str, str]]:
        rows = []
        for index in range(MOST_ROWS):
            names = {column.name: f"{name}-{index}-{column.name}" for column in self.columns}
            if not any(given in data for given in names.values()):
                break
            # A browser sends CRLF for the end of a line that was typed.
            rows.append({key: str(data.get(given, "")).replace("\r\n", "\n") for key, given in names.items()})
        return [row for row in rows if not self.is_blank(row)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False

    def is_blank(self, row: Row) -> bool:
        return all(not row[column.name].strip() for column in self.columns if not self._decides_nothing(column))

    def _decides_nothing(self, column: Column) -> bool:
        """A select without a blank choice says something in every row."""
        return bool(column.choices) and column.choices[0][0] != ""

    def get_context(self, name: str, value: Sequence[Row] | None, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        given = list(value or [])
        blank = [{column.name: "" for column in self.columns}] * min(BLANK_ROWS, MOST_ROWS - len(given))
        shown = [*given, *blank]
        context["widget"] |= {"rows": [self._cells(name, index, row) for index, row in enumerate(shown)]}
        context["widget"] |= {"columns": self.columns, "is_filled": bool(given)}
        return context

    def _cells(self, name: str, index: int, row: Row) -> list[dict[str, Any]]:
        return [
            {
                "column": column,
                "name": f"{name}-{index}-{column.name}",
                "label": f"{column.label}, row {index + 1}",
                "value": row.get(column.name, ""),
            }
            for column in self.columns
        ]

    def id_for_label(self, id_: str) -> str:
        return ""  # it is a group of fields, each with a label of its own

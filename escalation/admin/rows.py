"""A field that is a list of rows, each with a form of its own: some empty ones stand below those that are there."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory


class Row(Protocol):
    """What a row's form can do besides."""

    cleaned_data: dict[str, Any]

    def has_changed(self) -> bool: ...

    def item(self) -> dict[str, Any]:
        """What the list holds of it."""

    @staticmethod
    def fill(item: Mapping[str, Any]) -> dict[str, Any]:
        """What its fields begin with."""


class RowsWidget(forms.Widget):
    template_name = "escalation/rows.html"

    def __init__(self, form: type[forms.Form], spare: int) -> None:
        super().__init__()
        self.form = form
        self.formset = formset_factory(form, extra=spare)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> "BaseFormSet[Any]":
        return self.formset(data, prefix=name)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-TOTAL_FORMS" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        if not isinstance(value, BaseFormSet):
            filled = [cast("type[Row]", self.form).fill(item) for item in value or ()]
            value = self.formset(initial=filled, prefix=name)
        return {"rows": value, "widget": {"name": name}}

    def id_for_label(self, id_: str) -> str:
        return ""  # each field of a row has a label of its own


class RowsField(forms.Field):
    """Rows that nobody filled are left out."""

    def __init__(self, form: type[forms.Form], *, spare: int = 2, **options: Any) -> None:
        super().__init__(widget=RowsWidget(form, spare), **options)

    def clean(self, value: "BaseFormSet[Any]") -> list[dict[str, Any]]:
        if not value.is_valid():
            raise forms.ValidationError("Some rows are not valid; each says what is wrong.")
        rows = [cast("Row", row) for row in value.forms if row.has_changed()]
        if self.required and not rows:
            raise forms.ValidationError("Fill in a row.")
        return [row.item() for row in rows]

    def has_changed(self, initial: Any, data: Any) -> bool:
        filled = [cast("Row", row) for row in data.forms if row.has_changed()]
        return not data.is_valid() or [row.item() for row in filled] != list(initial or ())

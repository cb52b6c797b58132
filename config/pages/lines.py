"""A list in a form: one item a line, as a person types it."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms


class Lines(forms.CharField):
    """A list of texts, one a line; blank lines are none.

    An item that has lines itself, or blanks at its ends, stands as a JSON text, so that what is kept comes back whole.
    """

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or not isinstance(value, Sequence):
            return value
        return "\n".join(json.dumps(item) if _needs_quotes(item) else item for item in value)

    def to_python(self, value: Any) -> Any:
        return [_item(line.strip()) for line in (value or "").splitlines() if line.strip()]

    def validate(self, value: Any) -> None:
        if self.required and not value:
            raise forms.ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Those of a text say nothing of a list."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(list(initial or []) != self.to_python(data))


def _needs_quotes(item: str) -> bool:
    return item.splitlines() != [item] or item.strip() != item


def _item(line: str) -> str:
    """A line in quotes is a text as JSON has it only where it could not stand there without."""
    try:
        told = json.loads(line) if line.startswith('"') else line
    except ValueError:
        return line
    return told if _needs_quotes(told) else line

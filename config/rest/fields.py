"""Fields that several tools' bodies have. Their patterns are enforced and declared alike: OpenAPI reads them off."""

from typing import Any

from django.db import connections
from rest_framework import serializers

from config.limits import FILLED_LINE, LINE


def line(*, max_length: int, allow_blank: bool = False, **options: Any) -> serializers.RegexField:
    """One line of text without control characters; blanks at its ends are taken off."""
    messages: dict[str, Any] = {"invalid": "Must be one line without control characters."}
    return serializers.RegexField(
        LINE if allow_blank else FILLED_LINE,
        max_length=max_length,
        allow_blank=allow_blank,
        error_messages=messages,
        **options,
    )


class DatabaseField(serializers.ChoiceField):
    """The alias of a configured database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(sorted(connections.settings), **options)

    def to_internal_value(self, data: Any) -> str:
        """Asked anew each time: a serializer's fields are made once, and a database may be added later."""
        if str(data) not in connections.settings:
            self.fail("invalid_choice", input=data)
        return str(data)

"""Tables whose rows are written by operations."""

from typing import Any

from django.http import HttpRequest

from config.admin import ToolAdmin


class OperationAdmin(ToolAdmin):
    """What is noted of a row is noted of the one the operation made."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(request, type(obj).objects.get(pk=obj.pk), message)

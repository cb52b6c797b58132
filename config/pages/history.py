"""The history of a row is the trail's, which knows every change by whatever door; Django's own log knows the admin's.

The ground floor imports no app, so it asks the one that has a module `history`:

steps(entity_type, entity_id, limit) -> kit.Step, newest first   what happened to an entity
address(entity_type, entity_id) -> str                           where all of it is listed
"""

from contextlib import suppress
from types import ModuleType
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import FieldError, PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from config.discovery import app_modules
from config.pages import kit

SHOWN = 100


class Historied(admin.ModelAdmin):
    """A table whose rows have their history from the trail."""

    trail_of: tuple[str, str] | None = None
    """The type of entity a row is in the trail, and the field or property that is its id there; None where it is none.
    Only by a field the trail's own pages find the way back to the row."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404(f"There is no such {self.opts.verbose_name} any more.")
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        shown, everything = self._history(obj)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "opts": self.opts,
            "object": obj,
            "module_name": str(self.opts.verbose_name_plural),
            "shown": shown,
            "everything": everything,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def _history(self, obj: Model) -> tuple[SafeString, str]:
        trail = _trail()
        if trail is None or self.trail_of is None:
            return kit.empty(f"The trail has no events of {self.opts.verbose_name_plural}: nobody changes them."), ""
        entity_type, field = self.trail_of
        entity_id = str(getattr(obj, field))
        return kit.timeline(trail.steps(entity_type, entity_id, SHOWN)), trail.address(entity_type, entity_id)

    # The operations record what they do. A second log would know less, and say it of the admin alone.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None


def _trail() -> ModuleType | None:
    return next((module for _, module in app_modules("history")), None)


def page_of(entity_type: str, entity_id: str) -> str:
    """The page of the row that an entity of the trail is; blank where no table has it, or has it no more."""
    for model, shown in admin.site._registry.items():  # noqa: SLF001 -- which has no other name
        known = getattr(shown, "trail_of", None)
        if known is None or known[0] != entity_type:
            continue
        with suppress(ValueError, ValidationError, FieldError):  # no id of this table is written like that
            rows = shown.model._default_manager.filter(**{known[1]: entity_id})  # noqa: SLF001 -- as above
            if found := rows.values_list("pk", flat=True).first():
                return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[quote(found)])
    return ""

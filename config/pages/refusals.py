"""What an operation refuses is said on the form it came from, with all that was typed still there."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.errors import DomainError


def tell(form: forms.BaseForm, error: DomainError) -> None:
    """What an operation says of a field, or of something in it, stands beside it; the rest above."""
    for wrong in error.errors:
        name, where = _place(wrong.field)
        if name not in form.fields and name:
            name, where = "", f"{name.replace('_', ' ').capitalize()}: {where}"
        form.add_error(name or None, f"{where}{wrong.detail}" if where else wrong.detail)
    if not error.errors:
        form.add_error(None, error.detail)


def _place(path: str) -> tuple[str, str]:
    """The field that a path of the API begins with, and in a person's words where in it: `tags[1]` is row 2."""
    found = _PATH.match(path)
    assert found  # as any text does
    name, number, rest = found.groups()
    where = ", ".join(filter(None, [f"Row {int(number) + 1}" if number else "", rest.strip(".")]))
    return name, f"{where}: " if where else ""


_PATH = re.compile(r"([^\[.]*)(?:\[(\d+)\])?(.*)", re.DOTALL)


class Refusing(admin.ModelAdmin):
    """A table whose rows are saved by an operation, which may refuse what the form let pass."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """As Django's own, but for its transaction around it all: there the form's checks, which run templates and
        scripts, would hold SQLite's one write lock. What is written, the operation writes as one."""
        try:
            return self._shown(request, object_id, form_url, extra_context)
        except DomainError as error:
            if request.method != "POST":
                raise
            request.refused = error  # type: ignore[attr-defined]
            return self._shown(request, object_id, form_url, extra_context)

    def _shown(self, *about: Any) -> HttpResponse:
        answer: HttpResponse = self._changeform_view(*about)  # type: ignore[attr-defined]
        return answer

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return redirect(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Each by itself: one that is refused, or gone meanwhile, does not hinder the others."""
        for row in queryset:
            try:
                self.delete_model(request, row)
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """After a refusal the form is shown once more, as one that is not valid."""
        form = super().get_form(request, obj, change, **options)
        error = getattr(request, "refused", None)
        return form if error is None else _refused(form, error)


def _refused(form: type[forms.ModelForm], error: DomainError) -> type[forms.ModelForm]:
    class Refused(form):  # type: ignore[misc, valid-type]
        def full_clean(self) -> None:
            super().full_clean()
            if self.is_bound:
                tell(self, error)

    return Refused

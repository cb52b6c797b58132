"""After a row was added: what it is called, and the way to it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

LONGEST_NAME = 100


class Adding(admin.ModelAdmin):
    """A table whose rows are added by an operation, which knows of them what the form did not."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        obj.refresh_from_db()  # what it is called, an operation may have made up
        if IS_POPUP_VAR in request.POST:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, self.added(obj), messages.SUCCESS)
        if "_continue" in request.POST:
            return HttpResponseRedirect(post_url_continue or page_of_row(obj))
        if "_addanother" in request.POST:
            return HttpResponseRedirect(request.path)
        return self.response_post_save_add(request, obj)

    def added(self, obj: Any) -> SafeString:
        """What is said of a row that was added: its name leads to its page, whoever may change it."""
        return format_html("Added the {} {}.", self.opts.verbose_name, linked(obj))


def linked(obj: Model, name: str = "") -> SafeString:
    """The name of a row, which leads to its page."""
    return format_html('<a href="{}">{}</a>', page_of_row(obj), Truncator(name or str(obj)).chars(LONGEST_NAME))


def page_of_row(obj: Model) -> str:
    opts = obj._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[quote(obj.pk)])

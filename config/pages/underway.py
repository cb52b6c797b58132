"""Pages of work that is not finished: whoever has one open is shown what becomes of it.

A page says that it shows such work by `kit.badge(..., underway=True)`; static/config/underway.js then asks for it
anew, with the tag of what it has, until nothing on it is underway. Here the answer is "not modified" while only the
clock went on.
"""

import re
from functools import partial
from hashlib import blake2b
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.cache import get_conditional_response

from config.pages.kit.marks import UNDERWAY

_OF_THE_MOMENT = re.compile(
    rb'name="csrfmiddlewaretoken" value="[^"]*"|(?<=<time )class="[^"]*" datetime="([^"]*)"[^>]*>[^<]*(?=</time>)'
)
"""What differs each time a page is made: the token of its forms, and how long ago something was."""


class Underway(admin.ModelAdmin):
    """A table whose pages are asked for again while what they show is underway."""

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        return _tagged(request, super().changeform_view(request, *args, **options))

    def changelist_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        return _tagged(request, super().changelist_view(request, *args, **options))


def _tagged(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if request.method == "GET" and isinstance(response, TemplateResponse):
        response.add_post_render_callback(partial(_tag, request))
    return response


def _tag(request: HttpRequest, response: HttpResponse) -> HttpResponseBase | None:
    """Answers 304 to whoever has the page as it is; nothing changes where nothing is underway."""
    if UNDERWAY.encode() not in response.content:
        return None
    lasting = _OF_THE_MOMENT.sub(rb"\1", response.content)
    tag = f'"{blake2b(lasting, digest_size=16).hexdigest()}"'
    response.headers["ETag"] = tag
    return get_conditional_response(request, etag=tag, response=response)

"""What the API says of itself: the OpenAPI document, and the page that shows it.

Both are for whoever has a key or a login, or for anybody when API_DOCS_OPEN says so. The document is the same for all.
"""

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from config.errors import DomainError
from config.pages.views import AnyAccept, only_read
from config.rest.views import APIView


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The OpenAPI document in one form, plain and compressed to a ninth."""

    plain: bytes
    compressed: bytes
    etag: str


@cache
def document(form: str) -> Document:
    """Made once a process, since it takes half a second: nothing in it depends on who asks, or on a row."""
    from drf_spectacular.contrib.django_filters import DjangoFilterExtension
    from drf_spectacular.generators import SchemaGenerator

    # It would look for fields of maps by loading GDAL: 0.4 s of 0.8.
    DjangoFilterExtension._has_gis = False  # type: ignore[attr-defined]  # noqa: SLF001
    described = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    plain = _rendered(described, form)
    etag = hashlib.sha256(plain).hexdigest()[:32]
    return Document(plain=plain, compressed=gzip.compress(plain, mtime=0), etag=etag)


def _rendered(described: dict[str, Any], form: str) -> bytes:
    if form == "yaml":
        return bytes(OpenApiYamlRenderer().render(described, renderer_context={}))  # type: ignore[no-untyped-call]
    # The library's own renderer indents: 977 KB instead of 369.
    return json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()


class SchemaView(APIView):
    """The OpenAPI document: JSON, or YAML for who asks by `?format=yaml` or an Accept header that names it alone."""

    scope = "read"
    content_negotiation_class = AnyAccept

    def get_permissions(self) -> Sequence[Any]:
        return () if settings.API_DOCS_OPEN else super().get_permissions()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponseBase:
        form = _form(request)
        made = document(form)
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        etag = f'"{made.etag}{"-gzip" if packed else ""}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding"}
        content = made.compressed if packed else made.plain
        response = HttpResponse(content, content_type=f"application/{form}", headers=headers)
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return get_conditional_response(request, etag=etag, response=response) or response


def _form(request: Request) -> str:
    accepted = request.headers.get("Accept", "")
    wanted = "yaml" if "yaml" in accepted and "json" not in accepted else "json"
    form = request.query_params.get("format", wanted)
    if form not in {"json", "yaml"}:
        raise DomainError("The document comes as `format=json` or `format=yaml`.")
    return form


schema = only_read(SchemaView.as_view())


def _page(request: HttpRequest) -> HttpResponse:
    return render(request, "config/api_docs.html")


@only_read
@never_cache
def docs(request: HttpRequest) -> HttpResponseBase:
    """The page: Swagger UI over the document."""
    return _page(request) if settings.API_DOCS_OPEN else _page_for_staff(request)


_page_for_staff = staff_member_required(_page)

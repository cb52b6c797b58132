"""The manual's pages, for whoever has a key or a login, or for anybody when API_DOCS_OPEN says so."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from config.pages.manual.chapters import FRONT, Chapter, chapter_at, chapters
from config.pages.manual.rendering import rendered, with_address, with_command
from config.pages.manual.search import LONGEST_QUERY, nearest, search
from config.pages.views import AnyAccept, only_read
from config.rest.views import APIView

GENERAL_COMMAND = ".venv/bin/python manage.py"
"""For whoever is unknown: where the installation lies on its machine is nobody's business."""


@only_read
@never_cache
def contents(request: HttpRequest) -> HttpResponseBase:
    """The book's first page, or what a search of it finds."""
    return _answer(request, FRONT)


@only_read
@never_cache
def chapter(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A chapter; with `.md` behind its name its Markdown, as agents read it best."""
    found = chapter_at(slug.removesuffix(".md"))
    return _answer(request, found, plain=slug.endswith(".md"))


def _answer(request: HttpRequest, wanted: Chapter | None, *, plain: bool = False) -> HttpResponseBase:
    if settings.API_DOCS_OPEN or "Authorization" in request.headers:
        return _by_key(request, wanted, plain=plain)
    return _for_staff(request, wanted, plain=plain)


def _shown(request: HttpRequest | Request, wanted: Chapter | None, *, plain: bool) -> HttpResponse:
    if wanted is None or not chapters():
        raise Http404("The manual has no such chapter: /docs/ lists them.")
    address = f"{request.scheme}://{request.get_host()}"
    command = settings.COMMAND if request.user and request.user.is_authenticated else GENERAL_COMMAND
    if plain:
        text = with_command(with_address(wanted.text, address), command)
        return HttpResponse(text, content_type="text/markdown; charset=utf-8")
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY] if wanted is FRONT else ""
    page, results = rendered(wanted), search(query)
    near = nearest(query) if query and not results else ""
    context: dict[str, Any] = {
        "chapter": wanted,
        "parts": [(part, list(group)) for part, group in groupby(chapters().values(), lambda item: item.part)],
        "content": page.at(address, command),
        "headings": [heading for heading in page.headings if heading.level == 2],
        "query": query,
        "near": near,
        "results": search(near) if near else results,
        "longest_query": LONGEST_QUERY,
    }
    return render(getattr(request, "_request", request), "config/manual.html", context)


class ManualView(APIView):
    scope = "read"
    content_negotiation_class = AnyAccept

    def get_permissions(self) -> Sequence[Any]:
        return () if settings.API_DOCS_OPEN else super().get_permissions()

    @extend_schema(exclude=True)
    def get(self, request: Request, wanted: Chapter | None, *, plain: bool) -> HttpResponse:
        return _shown(request, wanted, plain=plain)


_by_key = ManualView.as_view()
_for_staff = staff_member_required(_shown)

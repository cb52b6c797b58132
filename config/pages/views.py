"""Pages and answers outside the tools' API: health, metrics, and the dashboard at /."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from config.database import windows
from config.errors import MethodNotAllowed
from config.pages import figures, first_steps
from config.rest.problems import problem_page
from config.rest.views import APIView
from config.serving.live import LiveAnswer
from config.watching import health

DEFAULT_RANGE = "24h"
REFRESH_SECONDS = 10


View = Callable[..., HttpResponseBase]


def only_read(view: View) -> View:
    """GET and HEAD; 405 for the rest, where the check of CSRF tokens would answer 403 first."""

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, **parts: str) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"}:
            return view(request, **parts)
        return problem_page(MethodNotAllowed("This page is only read: use GET.", headers={"Allow": "GET, HEAD"}))

    return checked


@only_read
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; touches nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@only_read
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """503 when a component fails that the service cannot do without."""
    checks = health.components()
    status = health.overall(checks)
    components = [{"name": check.name, "status": check.status, "detail": check.detail} for check in checks]
    return JsonResponse({"status": status, "components": components}, status=503 if status == "fail" else 200)


class AnyAccept(BaseContentNegotiation):
    """Prometheus asks for text/plain and OpenMetrics; errors are problem+json whatever was asked."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class MetricsView(APIView):
    """Prometheus text or OpenMetrics, whichever the scraper prefers."""

    scope = "read"
    content_negotiation_class = AnyAccept

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        from config.watching import metrics  # brings prometheus_client, for a service that is scraped

        text, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return HttpResponse(text, content_type=content_type)


@only_read
@staff_member_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The dashboard, complete without any script."""
    chosen = _chosen_range(request)
    shown = figures.read(chosen)
    sections = dict(shown.sections)
    if request.COOKIES.get(first_steps.COOKIE) == first_steps.DISMISSED:
        del sections["steps"]
    context = {
        **admin.site.each_context(request),
        "chosen": chosen,
        "ranges": list(windows.RANGES),
        "window": windows.window(chosen),
        "sections": sections,
        "etag": shown.etag,
        "refresh_seconds": REFRESH_SECONDS,
    }
    return render(request, "config/dashboard.html", context)


@only_read
@staff_member_required
def fragment(request: HttpRequest) -> HttpResponseBase:
    """The sections of the dashboard as JSON; 304 while none of them changed."""
    shown = figures.read(_chosen_range(request))
    response = JsonResponse(dict(shown.sections), headers={"ETag": shown.etag, "Cache-Control": "private, no-cache"})
    return get_conditional_response(request, etag=shown.etag, response=response) or response


@only_read
@staff_member_required
@never_cache
def stream(request: HttpRequest) -> HttpResponse:
    """The sections of the dashboard as they change, as Server-Sent Events; 204 where the server cannot."""
    if request.method == "HEAD":
        return HttpResponse(status=204)
    session = request.session.session_key or ""
    seen = request.headers.get("Last-Event-ID") or request.GET.get("seen", "")
    return LiveAnswer(topic=_chosen_range(request), seen=seen, read=figures.read, session=session)


@require_POST
@staff_member_required
def dismiss_first_steps(request: HttpRequest) -> HttpResponse:
    """Show them no more in this browser."""
    response = HttpResponseRedirect(reverse("dashboard"))
    response.set_cookie(
        first_steps.COOKIE,
        first_steps.DISMISSED,
        max_age=timedelta(days=365),
        secure=settings.TLS,
        httponly=True,
        samesite="Lax",
    )
    return response


def _chosen_range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "")
    return asked if asked in windows.RANGES else DEFAULT_RANGE

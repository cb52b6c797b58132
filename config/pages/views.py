"""Pages and answers outside the tools' API: health, metrics, and the dashboard at /."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from config.errors import MethodNotAllowed
from config.pages import dashboard
from config.rest.problems import problem_page
from config.rest.views import APIView
from config.watching import health

DEFAULT_RANGE = "24h"
_KEPT_SECONDS = 2  # however many watch, the figures are read this often at most
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
    content, etag = _content(chosen)
    context = {
        **admin.site.each_context(request),
        "chosen": chosen,
        "ranges": list(dashboard.RANGES),
        "content": content,
        "etag": etag,
        "refresh_seconds": REFRESH_SECONDS,
    }
    return render(request, "config/dashboard.html", context)


@only_read
@staff_member_required
def fragment(request: HttpRequest) -> HttpResponseBase:
    """The part of the dashboard that changes; 304 while it did not."""
    content, etag = _content(_chosen_range(request))
    response = HttpResponse(content, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    return get_conditional_response(request, etag=etag, response=response) or response


def _chosen_range(request: HttpRequest) -> str:
    asked = request.GET.get("range", "")
    return asked if asked in dashboard.RANGES else DEFAULT_RANGE


def _content(chosen: str) -> tuple[str, str]:
    """The rendered figures of a range, and their ETag."""
    kept: tuple[str, str] | None = cache.get(f"dashboard:{chosen}")
    if kept is None:
        checks = health.components()
        context = {
            "panels": dashboard.panels(timezone.now() - dashboard.RANGES[chosen]),
            "events": dashboard.recent_events(),
            "jobs": dashboard.active_jobs(),
            "checks": checks,
            "status": health.overall(checks),
        }
        content = render_to_string("config/figures.html", context)
        kept = content, f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
        cache.set(f"dashboard:{chosen}", kept, _KEPT_SECONDS)
    return kept

"""Answers for what no view handled: problem+json for programs, Django's plain pages for people."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults

from config.problems import as_domain_error, problem_page, wants_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.bad_request(request, exception)
    known = as_domain_error(exception)
    return problem_page(known.status, known.code, known.detail) if known else server_error(request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.permission_denied(request, exception)
    return problem_page(403, "forbidden", "This caller may not do that.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """CSRF_FAILURE_VIEW: the admin's form was stale, or a program tried to use a session."""
    detail = "The CSRF token is missing or stale. Programs send an API key; people reload the page."
    return problem_page(403, "csrf", detail)


def not_found(request: HttpRequest, exception: Exception | None = None, **kwargs: Any) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.page_not_found(request, exception or Exception("Not found"))
    return problem_page(404, "not-found", "Nothing is here. Check the path and the id.")


def server_error(request: HttpRequest) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.server_error(request)
    return problem_page(500, "internal-error", "The service failed. The log has it under the request id.")

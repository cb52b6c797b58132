"""Answers for what no view handled: problem+json for programs; for people the pages 400.html, 403.html and so on."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from config.attempts import address_of, login_failed, login_wait
from config.errors import CsrfFailed, Forbidden, InternalError, NotFound, Throttled
from config.rest.problems import as_domain_error, problem_page, wants_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.bad_request(request, exception)
    known = as_domain_error(exception)
    return problem_page(known) if known else server_error(request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.permission_denied(request, exception)
    return problem_page(Forbidden("This caller may not do that."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """CSRF_FAILURE_VIEW: the admin's form was stale, or a program tried to use a session."""
    detail = "The CSRF token is missing or stale. Programs send an API key; people reload the page."
    return problem_page(CsrfFailed(detail))


@csrf_exempt  # or a wrong path would answer programs with 403 "CSRF" for all but GET
def not_found(request: HttpRequest, exception: Exception | None = None, **kwargs: Any) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.page_not_found(request, exception or Exception("Not found"))
    return problem_page(NotFound("Nothing is here. Check the path and the id."))


@never_cache
def login(request: HttpRequest) -> HttpResponseBase:
    """The admin's login, which does not look at passwords while too many wrong ones come from one address."""
    address = address_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
    if request.method == "POST" and (seconds := login_wait(address)):
        detail = f"Too many failed logins came from this address. Try again in {seconds} seconds."
        return problem_page(Throttled(detail, headers={"Retry-After": str(seconds)}))
    response = admin.site.login(request)
    if request.method == "POST" and response.status_code == 200:  # the form again: a success leads on
        login_failed(address)
    return response


def server_error(request: HttpRequest) -> HttpResponseBase:
    if not wants_problem(request):
        return defaults.server_error(request)
    return problem_page(InternalError())

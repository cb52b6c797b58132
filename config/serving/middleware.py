"""Gives each request its id and caller, and turns what escapes the views into problem+json."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.log import log_response

from config.context import acting_as, correlation_id, identify
from config.errors import MalformedRequest
from config.rest.problems import as_domain_error, problem_page, wants_problem

logger = logging.getLogger(__name__)


class RequestContextMiddleware:
    """Takes or makes `X-Request-ID`, returns it, and makes it the correlation id of every event of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = correlation_id(request.META.get("HTTP_X_REQUEST_ID"))
        with acting_as(actor="anonymous", door="rest", correlation_id=request_id):
            response: HttpResponseBase
            if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
                # No database column holds a NUL, so no filter or look-up below could answer.
                response = problem_page(MalformedRequest("The path or query has a NUL."))
            else:
                response = self.get_response(request)
            if response.status_code >= 400:  # here, since Django itself would log it when the request has lost its id
                reason = getattr(response, "reason_phrase", "")
                log_response("%s: %s", reason, request.path, response=response, request=request)  # type: ignore[arg-type]
        response.headers["X-Request-ID"] = request_id
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        # Pages other than the API act for whoever is logged in; the API names its caller once it knows the key.
        if request.path.startswith("/admin/") and request.user.is_authenticated:
            name = request.user.get_username()
            identify(actor=name, door="admin", person=name)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        known = as_domain_error(error)
        if known is None or not wants_problem(request):
            return None
        return problem_page(known)


class ContentPolicyMiddleware:
    """Sends the Content-Security-Policy: the same on every answer, since no page has a nonce or an exception."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not (
            settings.DEBUG and response.status_code in {404, 500}
        ):  # Django's pages for debugging have inline styles
            response.headers["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY
        return response

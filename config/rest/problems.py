"""The one rendering of errors for REST and pages: RFC 9457 problem details."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from config.context import caller
from config.errors import (
    DomainError,
    FieldError,
    Forbidden,
    MalformedBody,
    MethodNotAllowed,
    Misdirected,
    NotAcceptable,
    NotFound,
    OutOfRange,
    PayloadTooLarge,
    Throttled,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from config.secrets import blank

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"


def problem(error: DomainError) -> dict[str, Any]:
    """The body of a problem+json answer."""
    body: dict[str, Any] = {
        **error.facts,
        "type": f"urn:handrail:problem:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": blank(error.detail),
        "code": error.code,
        "request_id": caller().correlation_id,
    }
    if error.errors:
        body["errors"] = [asdict(replace(item, detail=blank(item.detail))) for item in error.errors]
    return body


def as_domain_error(error: Exception) -> DomainError | None:
    """What any exception a view may raise means in our words; None for one nobody foresaw."""
    match error:
        case DomainError():
            return error
        case exceptions.ValidationError():
            return DomainError("Some fields are not valid; see errors.", errors=tuple(field_errors(error.detail)))
        case exceptions.APIException():
            return _from_rest_framework(error)
        case Http404():
            return NotFound("Nothing is here. Check the path and the id.")
        case RequestDataTooBig():
            return PayloadTooLarge("The body is larger than MAX_BODY_BYTES allows. Send less, or raise the limit.")
        case PermissionDenied():
            return Forbidden("This caller may not do that.")
        case SuspiciousOperation():
            return _suspicious(error)
        case DataError():
            logger.warning("The database refused a value: %s", type(error).__name__)  # its text repeats the value
            return OutOfRange("A value is beyond what the database can hold. Send a smaller one.")
        case OperationalError():
            logger.error("Database unavailable: %s", type(error).__name__)
            detail = "The database is busy or away. Nothing was changed; try again in a moment."
            return Unavailable(detail, headers={"Retry-After": "2"})
    return None


def _suspicious(error: SuspiciousOperation) -> DomainError:
    if isinstance(error, DisallowedHost):
        return Misdirected("This host name is not served here. Add it to ALLOWED_HOSTS.")
    return DomainError("The request was refused as malformed.")


_OURS: dict[type[exceptions.APIException], type[DomainError]] = {
    exceptions.ParseError: MalformedBody,
    exceptions.AuthenticationFailed: Unauthenticated,
    exceptions.NotAuthenticated: Unauthenticated,
    exceptions.PermissionDenied: Forbidden,
    exceptions.MethodNotAllowed: MethodNotAllowed,
    exceptions.NotAcceptable: NotAcceptable,
    exceptions.UnsupportedMediaType: UnsupportedMediaType,
    exceptions.Throttled: Throttled,
    exceptions.NotFound: NotFound,
}


def _from_rest_framework(error: exceptions.APIException) -> DomainError:
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    ours = _OURS.get(type(error), DomainError)(str(error.detail), headers=headers)
    ours.status = error.status_code  # REST framework turns 401 into 403 where nothing could be sent to mend it
    return ours


def field_errors(detail: Any, path: str = "") -> list[FieldError]:
    """REST framework's nested error detail as a flat list, one entry a message."""
    if isinstance(detail, Mapping):
        parts = []
        for key, value in detail.items():
            name = _join(path, key)
            parts += field_errors(value, name)
        return parts
    if isinstance(detail, list):
        nested = any(isinstance(item, (Mapping, list)) for item in detail)
        return [
            found
            for index, item in enumerate(detail)
            for found in field_errors(item, f"{path}[{index}]" if nested else path)
        ]
    return [FieldError(field=path, code=getattr(detail, "code", "invalid"), detail=str(detail))]


def _join(path: str, key: Any) -> str:
    if key == "non_field_errors":
        return path
    if isinstance(key, int):  # an item of a list
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler. An error nobody foresaw is left to Django's 500, which logs it."""
    known = as_domain_error(error)
    if known is None:
        return None
    return Response(problem(known), status=known.status, headers=known.headers, content_type=PROBLEM_JSON)


def problem_page(error: DomainError) -> JsonResponse:
    """A problem answer outside a REST framework view."""
    return JsonResponse(problem(error), status=error.status, content_type=PROBLEM_JSON, headers=error.headers)


def wants_problem(request: HttpRequest) -> bool:
    """Programs get problem+json; people in a browser get pages."""
    return request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "")

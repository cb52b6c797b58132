"""OpenAPI 3.1: what every operation has in common, added to what drf-spectacular reads off the views."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from config.errors import DomainError, MalformedBody
from config.home import PROGRAM
from config.rest import summaries
from config.rest.authentication import HasScope
from config.rest.contract import COMPONENTS, NUMBER, TEXT, declare_request, declare_response, declare_time
from config.rest.examples import add_examples

ERRORS = {
    400: ("invalid", "Some fields are not valid; see errors."),
    401: ("unauthenticated", "The API key is unknown, expired or revoked."),
    403: ("forbidden", "This needs a key of scope write or higher."),
    404: ("not-found", "Nothing is here. Check the path and the id."),
    405: ("method-not-allowed", "Method not allowed."),
    406: ("not-acceptable", "The answer is JSON; accept application/json."),
    409: ("conflict", "It exists already."),
    413: ("payload-too-large", "The body is larger than MAX_BODY_BYTES allows."),
    415: ("unsupported-media-type", "Send application/json."),
    429: ("throttled", "Too many requests; see Retry-After."),
    500: ("internal-error", "The service failed. The log has it under the request id."),
    503: ("unavailable", "The database is busy or away. Nothing was changed; try again in a moment."),
}
_WITH_BODY = {409, 413, 415}
REFUSALS = "x-refusals"
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do next."},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated request with this key gets the first one's answer for 24 h.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?$",
    },
}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "config.rest.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        made = f"[Make a key]({reverse('admin:config_apikey_add')}), or `{PROGRAM} apikey create NAME`."
        return {"type": "http", "scheme": "bearer", "description": made}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "config.rest.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        cookie = settings.SESSION_COOKIE_NAME
        return {"type": "apiKey", "in": "cookie", "name": cookie, "description": "The admin's login, in a browser."}


class Schema(AutoSchema):
    """Names operations and says which scope each needs."""

    def get_serializer_name(self, serializer: Any, direction: str) -> str:
        """Begins with the app, so that no two apps' shapes share a name."""
        kind = type(serializer)
        return f"{kind.__module__.split('.')[0].capitalize()}{kind.__name__}"

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: str) -> Any:
        """Every body passes here once: the place to say what drf-spectacular does not see."""
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]
        (declare_request if direction == "request" else declare_response)(schema, serializer)
        return schema

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        scope = HasScope.needed(self.view.request, self.view) if self.view.request else ""
        return f"{summaries.description(self.view, self.method)}\n\nScope: `{scope}`"

    def get_summary(self) -> str:
        return summaries.summary(self.view, self.method)


def refusals(*errors: type[DomainError]) -> dict[str, list[str]]:
    """What an operation refuses with 400 beyond its schema, which no schema can say: for `extend_schema`."""
    return {REFUSALS: sorted({error.code for error in errors})}


def document_conventions(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add to every operation what rest/views.py does for it: problems, idempotency, strict bodies and parameters."""
    schemas = result["components"].setdefault("schemas", {})
    schemas |= COMPONENTS | {"Problem": _PROBLEM}
    result["components"]["responses"] = {_name(status): _problem_answer(status) for status in ERRORS}
    for name, schema in schemas.items():
        if name.endswith("Request") and "properties" in schema:
            schema.setdefault("additionalProperties", False)  # unknown fields are refused
        for described in schema.get("properties", {}).values():
            if described.get("oneOf") == [{}, {"type": "null"}]:  # a nullable JSON field: null would fit both
                del described["oneOf"]
    for path in result["paths"].values():
        for method, operation in path.items():
            _document_refusals(operation, schemas)
            _document_answers(operation, has_body=method in {"post", "put", "patch", "delete"})
            if method == "post":
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            add_examples(operation)
            for parameter in operation.get("parameters", ()):
                _document_parameter(parameter["schema"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                operation["requestBody"]["required"] = _needs_something(content["schema"], schemas)
    return result


def _document_refusals(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    if _holds_any_number(operation.get("requestBody", {}), schemas):
        operation[REFUSALS] = sorted({*operation.get(REFUSALS, ()), MalformedBody.code})


def _document_answers(operation: dict[str, Any], *, has_body: bool) -> None:
    answers = operation["responses"]
    for status in ERRORS:
        if has_body or status not in _WITH_BODY:
            answers.setdefault(str(status), _shared(status))
    for status, answer in answers.items():
        if not answer.keys() & {"content", "$ref"} and int(status) in ERRORS:  # declared by a view that answers it too
            answers[status] = _shared(int(status))
    if codes := operation.get(REFUSALS):
        said = f"Bad Request. By its code, beyond the schema: {', '.join(codes)}."
        answers["400"] = _problem_answer(400) | {"description": said}


def _document_parameter(schema: dict[str, Any]) -> None:
    """Bounds of a path or query: a NUL is refused before any view sees it, a number by its filter."""
    described = schema.get("items", schema)
    if described.get("format") == "date-time":
        declare_time(described)
    if described.get("pattern") == "^[^/]+$":  # of a path
        described["pattern"] = r"^[^/\u0000]+$"
    if described.get("type") == "string" and not {"pattern", "format", "enum"} & described.keys():
        described["pattern"] = TEXT
    if described.get("type") == "number":
        described.setdefault("maximum", 1e50)  # django-filter's own
    if described.get("type") == "integer":
        described.setdefault("minimum", 1 - 10**18)
        described.setdefault("maximum", 10**18 - 1)


def _holds_any_number(described: Any, schemas: dict[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a body may hold a number as contract.NUMBER has it, in which an integer too long is refused."""
    if described == NUMBER:
        return True
    if isinstance(described, list):
        return any(_holds_any_number(item, schemas, seen) for item in described)
    if not isinstance(described, dict):
        return False
    name = str(described.get("$ref", "")).rsplit("/", 1)[-1]
    if name and name not in seen:
        return _holds_any_number(schemas.get(name), schemas, seen | {name})
    return _holds_any_number(list(described.values()), schemas, seen)


def _needs_something(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether no body at all is refused, as `{}` would be."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    alternatives = schema.get("oneOf", schema.get("anyOf", ()))
    return bool(schema.get("required")) or any(_needs_something(item, schemas) for item in alternatives)


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _shared(status: int) -> dict[str, Any]:
    """An answer that stands once: said in full for each operation, these were half of the document."""
    return {"$ref": f"#/components/responses/{_name(status)}"}


def _problem_answer(status: int) -> dict[str, Any]:
    title, (code, detail) = HTTPStatus(status).phrase, ERRORS[status]
    example = {"type": f"urn:handrail:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": title, "content": {"application/problem+json": content}}

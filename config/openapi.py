"""OpenAPI 3.1: what every operation has in common, added to what drf-spectacular reads off the views."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from config.authentication import HasScope

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
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "config.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "`manage.py apikey create NAME` makes a key."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "config.authentication.SessionAuthentication"
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

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        scope = HasScope.needed(self.view.request, self.view) if self.view.request else ""
        return f"{super().get_description()}\n\nScope: `{scope}`".strip()


def document_errors(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Add the problem answers and the Idempotency-Key header to every operation."""
    schemas = result["components"].setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for name, schema in schemas.items():
        if name.endswith("Request") and "properties" in schema:
            schema.setdefault("additionalProperties", False)  # unknown fields are refused
        for field, described in schema.get("properties", {}).items():
            if described.get("oneOf") == [{}, {"type": "null"}]:  # a nullable JSON field: null would fit both
                schema["properties"][field] = {key: value for key, value in described.items() if key != "oneOf"}
    for path in result["paths"].values():
        for method, operation in path.items():
            has_body = method in {"post", "put", "patch", "delete"}
            for status, (code, detail) in ERRORS.items():
                if has_body or status not in _WITH_BODY:
                    operation["responses"].setdefault(str(status), _problem_answer(status, code, detail))
            if method == "post":
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    return result


def _problem_answer(status: int, code: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    example = {"type": f"urn:handrail:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": title, "content": {"application/problem+json": content}}

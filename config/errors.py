"""The named errors of the service. rest/problems.py renders them for REST; commands and MCP each do in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field that is wrong; `field` is a path such as `input.name` or `items[2]`."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """A request the service understands and refuses. `detail` says what is wrong and what to do next."""

    status = 400
    code = "invalid"
    remedy = "read `errors` and `detail`: they name the field and the reason"
    """What to do, for docs/errors.md; a subclass that says nothing else has that of its parent."""

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """`facts` are members of the answer beside those every problem has, for programs: the verdict of a gate."""
        super().__init__(detail)
        self.detail = detail
        self.facts = dict(facts or {})
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class MalformedBody(DomainError):
    code = "malformed-body"
    remedy = "send one JSON value as I-JSON has it: UTF-8, no name twice, integers within 2**53 - 1"


class MalformedRequest(DomainError):
    code = "malformed-request"
    remedy = "send the whole request again, as HTTP has it and without a NUL"


class OutOfRange(DomainError):
    code = "out-of-range"
    remedy = "send a smaller value; the database cannot hold this one"


class Misdirected(DomainError):
    """The request names a host that is not served here."""

    code = "misdirected"
    remedy = "use a host name of `ALLOWED_HOSTS`, or add this one"


class Unauthenticated(DomainError):
    status = 401
    code = "unauthenticated"
    remedy = "send `Authorization: Bearer <key>` with a live key"


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    remedy = "use a key of the scope, or a caller of the kind, that `detail` names"


class CsrfFailed(Forbidden):
    code = "csrf"
    remedy = "reload the page; programs send an API key instead of a session"


class NotFound(DomainError):
    status = 404
    code = "not-found"
    remedy = "nothing is at this path or id, by any method; `detail` says where such things are listed"


class MethodNotAllowed(DomainError):
    status = 405
    code = "method-not-allowed"
    remedy = "`Allow` names the methods there are"


class NotAcceptable(DomainError):
    status = 406
    code = "not-acceptable"
    remedy = "accept `application/json`"


class Conflict(DomainError):
    status = 409
    code = "conflict"
    remedy = "the request contradicts what is there, or its Idempotency-Key was used for another; read it anew"


class PayloadTooLarge(DomainError):
    status = 413
    code = "payload-too-large"
    remedy = "send less: `detail` names the bound, and `MAX_BODY_BYTES` holds for all bodies"


class UnsupportedMediaType(DomainError):
    status = 415
    code = "unsupported-media-type"
    remedy = "send `Content-Type: application/json`"


class Throttled(DomainError):
    status = 429
    code = "throttled"
    remedy = "wait for `Retry-After` seconds"


class InternalError(DomainError):
    """The answer to what nobody foresaw."""

    status = 500
    code = "internal-error"
    remedy = "the log has what happened under the request id; report it"

    def __init__(self) -> None:
        super().__init__("The service failed. The log has it under the request id.")


class Unavailable(DomainError):
    """Something the service needs is away: a database, an engine, a model."""

    status = 503
    code = "unavailable"
    remedy = "a database, engine or model is away or busy; nothing was changed; try again"

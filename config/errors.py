"""The named errors of the service. rest/problems.py renders them for REST; commands and MCP each do in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class NotFound(DomainError):
    status = 404
    code = "not-found"


class Conflict(DomainError):
    status = 409
    code = "conflict"


class PayloadTooLarge(DomainError):
    status = 413
    code = "payload-too-large"


class Unavailable(DomainError):
    """Something the service needs is away: a database, an engine, a model."""

    status = 503
    code = "unavailable"

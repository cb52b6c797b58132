"""What a channel asks for: names, what they mean, and what may stand there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from config.errors import DomainError, FieldError
from config.outbound.client import check as check_outbound
from escalation import fields

MOST_RECIPIENTS = 20
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

Problems = Iterator[FieldError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    text: str
    check: Callable[[str, Any], Problems]
    is_secret: bool = False
    is_required: bool = True

    def problems(self, field: str, value: Any) -> Problems:
        return self.check(field, value)


def a_line(field: str, value: Any) -> Problems:
    if not isinstance(value, str):
        yield FieldError(field=field, code="wrong-type", detail="Must be a string.")
        return
    yield from fields.check_name(field, value, longest=fields.LONGEST_URL)


def an_address(field: str, value: Any) -> Problems:
    """A URL that requests may go to; of one that they may not, the reason."""
    found = list(a_line(field, value))
    yield from found
    if not found:
        try:
            check_outbound(value)
        except DomainError as error:
            yield FieldError(field=field, code=error.code, detail=error.detail)


def mail_addresses(field: str, value: Any) -> Problems:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_RECIPIENTS:
        yield FieldError(field=field, code="length", detail=f"Must be a list of 1 to {MOST_RECIPIENTS} addresses.")
        return
    for index, one in enumerate(value):
        if not isinstance(one, str) or len(one) > fields.LONGEST_NAME or not _MAIL.fullmatch(one):
            yield FieldError(field=f"{field}[{index}]", code="email", detail="Must be like kim@example.org.")

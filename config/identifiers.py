"""Public ids: UUID version 7 (RFC 9562), which sort by the time they were made; and the row of one."""

import re
import uuid
from datetime import UTC, datetime
from typing import TypeVar

import uuid_utils
from django.db.models import Model, QuerySet

from config.errors import NotFound

Row = TypeVar("Row", bound=Model)


def uuid7() -> uuid.UUID:
    return uuid.UUID(int=uuid_utils.uuid7().int)


def made_at(uid: uuid.UUID) -> datetime:
    """When an id of version 7 was made, whatever time its row says."""
    return datetime.fromtimestamp((uid.int >> 80) / 1000, UTC)


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def is_uuid(text: str) -> bool:
    """Whether a caller's text can be the id of anything at all: as OpenAPI's `format: uuid` has it.

    UUID() takes a URN, braces and digits of other scripts too.
    """
    return bool(_UUID.match(text))


def row_of(rows: "QuerySet[Row]", uid: object, missing: NotFound, *, column: str = "uid") -> Row:
    """The row of a public id. Raises `missing`, also for a text that is the id of nothing."""
    row = rows.filter(**{column: str(uid)}).first() if is_uuid(str(uid)) else None
    if row is None:
        raise missing
    return row

"""Public ids: UUID version 7 (RFC 9562), which sort by the time they were made."""

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    return uuid.UUID(int=uuid_utils.uuid7().int)


def is_uuid(text: str) -> bool:
    """Whether a caller's text can be the id of anything at all."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True

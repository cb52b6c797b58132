"""What an entry must be to be worth keeping: an answer with content, a lifetime, a confidence, tags."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from config.canonical import LARGEST_INTEGER
from config.errors import FieldError, PayloadTooLarge
from config.secrets import keyed
from visioncache.answers import why_no_answer
from visioncache.identity import InvalidEntry, read_json, read_text, wrong

DEFAULT_TTL_HOURS = 24
MAX_TTL_HOURS = 87_600  # ten years; null says "for ever"
MAX_DATA_BYTES = 2 * 1024 * 1024
MAX_TAGS = 32
MAX_TAG_LENGTH = 64
MAX_MODEL_LENGTH = 255
MAX_URL_LENGTH = 2048


class EmptyResult(InvalidEntry):
    """A failed or empty answer must not be served for a day."""

    code = "empty-result"
    remedy = "store an answer that says something; a failed one must not be served for a day"


def read_lifetime(ttl_hours: float | None) -> timedelta | None:
    if ttl_hours is None:
        return None
    if isinstance(ttl_hours, bool) or not isinstance(ttl_hours, int | float) or not 0 <= ttl_hours <= MAX_TTL_HOURS:
        raise wrong("ttl_hours", "range", f"Must be from 0 to {MAX_TTL_HOURS} hours, or null for ever.")
    return timedelta(hours=ttl_hours)


def read_confidence(score: float) -> float:
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise wrong("confidence_score", "range", "Must be a number from 0 to 1.")
    return float(score)


def read_count(field: str, value: int | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise wrong(field, "range", "Must be a whole number that is not negative.")
    return value


def read_tags(tags: Sequence[str]) -> list[str]:
    if isinstance(tags, str) or len(tags) > MAX_TAGS:
        raise wrong("tags", "length", f"Must be a list of at most {MAX_TAGS} tags.")
    return list(dict.fromkeys(keyed(read_text("tags", tag, MAX_TAG_LENGTH)) for tag in tags))


def read_data(data: Any) -> int:
    """The size of an answer that is worth keeping. Raises EmptyResult for one that says nothing."""
    size = len(read_json("extracted_data", data).encode())
    if size > MAX_DATA_BYTES:
        raise PayloadTooLarge(f"extracted_data is larger than {MAX_DATA_BYTES} bytes. Store a reference to it instead.")
    if why := why_no_answer(data):
        detail = (
            f"Is not cached, because {why}. The next caller would get it for as long as it lives. Store what the model "
            'read, or nothing; where the picture itself shows these words, under a name of yours: {"text": ...}.'
        )
        raise EmptyResult(
            f"extracted_data: {detail}", errors=[FieldError(field="extracted_data", code="empty", detail=detail)]
        )
    return size

"""What the fields of a bug may hold, by whichever door they come. Every check yields what is wrong, if anything."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.canonical import canonical_json
from config.errors import DomainError, FieldError
from config.limits import CONTROL, LINE

BUG_ID_PATTERN = r"^(?!\.{1,2}$)[^/\x00-\x20\x7f]([^/\x00-\x1f\x7f]*[^/\x00-\x20\x7f])?\Z"
URL_PATTERN = rf"^[hH][tT][tT][pP][sS]?://[^{CONTROL}]*\Z"
NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z"
LONGEST_SLUG = 64
LONGEST_NAME = 255
LONGEST_TAG = 64
LONGEST_URL = 2048
LONGEST_TEXT = 65_536  # characters of a message or a resolution
LONGEST_TRACE = 262_144  # a recursion error of 1,000 frames has about 80,000
LARGEST_METADATA = 262_144  # characters of its JSON
MOST_TAGS = 50
MOST_REPORTS = 1_000_000  # that one report may stand for
MOST_AT_ONCE = 500  # reports of a batch, as many as the trail takes events
MOST_A_MINUTE = 1_000_000  # events of a project
SOONEST_HOURS, FARTHEST_HOURS = 0.01, 87_600.0  # to a deadline: from half a minute to ten years

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Problems = Iterator[FieldError]


class InvalidBug(DomainError):
    code = "invalid-bug"


def require(problems: Iterator[FieldError], refuse: type[DomainError] = InvalidBug) -> None:
    """Raises InvalidBug, or what `refuse` says, when anything is wrong."""
    if errors := list(problems):
        raise refuse("Some fields are not valid; see errors.", errors=errors)


def check_bug_id(value: str) -> Problems:
    """An id is one segment of a URL: no slash, no control characters, no blanks at its ends."""
    yield from check_name("bug_id", value)
    if "/" in value:
        yield FieldError(field="bug_id", code="slash", detail="Must not contain a slash; use ':' or '-' instead.")
    if value in {".", ".."}:
        yield FieldError(field="bug_id", code="reserved", detail="Must be more than dots: clients resolve those away.")


def check_name(field: str, value: str, *, longest: int = LONGEST_NAME, blank: bool = False) -> Problems:
    """One line of text, such as a name, a key or a type."""
    yield from check_text(field, value, longest=longest, blank=blank)
    if not re.match(LINE, value.replace("\x00", "")):
        yield FieldError(field=field, code="control", detail="Must be one line without control characters.")
    if value != value.strip():
        yield FieldError(field=field, code="blanks", detail="Must not begin or end with blanks.")


def check_slug(field: str, value: str) -> Problems:
    """What people call a channel, a policy, a team: it stands in paths and other rows name it."""
    if len(value) > LONGEST_SLUG or not re.match(NAME_PATTERN, value):
        detail = f"Must have at most {LONGEST_SLUG} of a-z, 0-9 and -, neither first nor last a -."
        yield FieldError(field=field, code="slug", detail=detail)


def check_text(field: str, value: str, *, longest: int = LONGEST_TEXT, blank: bool = True) -> Problems:
    """Text that every database can hold."""
    if not blank and not value.strip():
        yield FieldError(field=field, code="blank", detail="Must not be blank.")
    if len(value) > longest:
        yield FieldError(field=field, code="length", detail=f"Must have at most {longest} characters.")
        return  # the rest would read it character by character
    if _UNSTORABLE.search(value):
        yield FieldError(field=field, code="text", detail="Must not contain NUL or lone surrogates.")


def check_choice(field: str, value: str, known: Sequence[str]) -> Problems:
    if value not in known:
        yield FieldError(field=field, code="choice", detail=f"Must be one of {', '.join(known)}.")


def check_count(field: str, value: int, *, most: int) -> Problems:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        yield FieldError(field=field, code="range", detail=f"Must be a whole number from 1 to {most}.")


def check_hours(field: str, value: float | None) -> Problems:
    """Hours from now to a deadline, which lies ahead: one that is past when it is set nobody can meet."""
    if value is not None and not SOONEST_HOURS <= value <= FARTHEST_HOURS:
        most = f"from {SOONEST_HOURS:g} to {FARTHEST_HOURS:g}"
        yield FieldError(field=field, code="range", detail=f"Must be more than 0: hours from now, {most}.")


def check_metadata(field: str, value: Mapping[str, Any]) -> Problems:
    try:
        text = canonical_json(value)
    except (ValueError, RecursionError) as error:
        yield FieldError(field=field, code="json", detail=f"Must be a JSON object. {error}")
        return
    if len(text) > LARGEST_METADATA:
        yield FieldError(field=field, code="length", detail=f"Must have at most {LARGEST_METADATA} characters as JSON.")
    if "\\u0000" in text:
        yield FieldError(field=field, code="text", detail="Must not contain NUL.")


def check_tags(field: str, values: Sequence[str]) -> Problems:
    if len(values) > MOST_TAGS:
        yield FieldError(field=field, code="length", detail=f"Must have at most {MOST_TAGS} tags.")
    for index, value in enumerate(values):
        yield from check_name(f"{field}[{index}]", value, longest=LONGEST_TAG)
        if "," in value:
            yield FieldError(field=f"{field}[{index}]", code="comma", detail="Must not contain a comma.")


def check_url(field: str, value: str) -> Problems:
    """Only addresses a browser may open from a link."""
    yield from check_name(field, value, longest=LONGEST_URL, blank=True)
    if value and not re.match(URL_PATTERN, value):
        yield FieldError(field=field, code="url", detail="Must begin with http:// or https://.")

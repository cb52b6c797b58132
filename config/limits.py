"""What a caller's values may be, whichever operation takes them: text of one line, and how much JSON.

Values are searched for secrets, hashed and kept, so their size has a bound.
"""

import json
from collections.abc import Mapping
from typing import Any

from config.errors import FieldError, PayloadTooLarge

CONTROL = r"\x00-\x1f\x7f-\x9f"
BLANK = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""With the blanks among the control characters these are what Python strips. Spelled out, since `\\s`, `\\w` and `\\d`
mean one thing to Python and another to ECMAScript, whose patterns OpenAPI has."""
LINE = rf"^[^{CONTROL}]*\Z"
FILLED_LINE = rf"^[{BLANK}]*[^{BLANK}{CONTROL}][^{CONTROL}]*\Z"
TRIMMED_LINE = rf"^[^{BLANK}{CONTROL}]([^{CONTROL}]*[^{BLANK}{CONTROL}])?\Z"
"""No blank at its ends: what is a key is kept as it was sent."""
TAG = rf"^[{BLANK}]*[^,{BLANK}{CONTROL}][^,{CONTROL}]*\Z"
"""People write several as a list with commas."""


def check_size(fields: Mapping[str, Any], *, most: int, setting: str = "") -> None:
    """Raises PayloadTooLarge when values have together more than `most` bytes as JSON; it names the largest."""
    sizes = {name: json_bytes(value) for name, value in fields.items() if value is not None}
    total = sum(sizes.values())
    if total <= most:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    names = ", ".join(sizes)
    raise_it = f", or raise {setting}" if setting else ""
    detail = f"{names} have {total:,} bytes as JSON, at most {most:,} are taken. Send a reference to it{raise_it}."
    wrong = FieldError(field=largest, code="length", detail=f"Has {sizes[largest]:,} bytes as JSON.")
    raise PayloadTooLarge(detail, errors=[wrong])


def json_bytes(value: Any) -> int:
    """How long a value is as UTF-8 JSON. What JSON cannot hold counts nothing: who keeps it says what is wrong."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return 0
    return len(text.encode("utf-8", "surrogatepass"))

"""The value of an assertion as a person types it: lines for a list, `3 to 10` for bounds, `2 s` for a time.

What has no such form is JSON. Knows the kinds without `not-`.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from prompts.assertions.terms import Fault

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_BOUNDS = (
    (re.compile(rf"at most ({_NUMBER})"), ("max",)),
    (re.compile(rf"at least ({_NUMBER})"), ("min",)),
    (re.compile(rf"({_NUMBER}) ?(?:to|-) ?({_NUMBER})"), ("min", "max")),
)
_MEASURE = re.compile(rf"(\$)? ?({_NUMBER}) ?(ms|s)?")


def read_value(kind: str, text: str) -> Any:
    """What an operation takes; None for nothing. Raises Fault."""
    reader = _READERS.get(kind)
    if reader is None:
        return text or None  # blanks at its ends belong to it
    typed = text.strip()
    return reader(typed) if typed else None


def write_value(kind: str, value: Any) -> str:
    """What a person would have typed; `read_value` makes the same of it."""
    if value is None:
        return ""
    plain = value if isinstance(value, str) else _WRITERS.get(kind, _as_json)(value)
    try:
        same = read_value(kind, plain) == value
    except Fault:
        same = False
    return plain if same else _as_json(value)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(typed: str) -> Any:
    try:
        return json.loads(typed)
    except (ValueError, RecursionError):
        raise Fault("Must be JSON.", "value") from None


def _read_structure(typed: str) -> Any:
    """A JSON object or list is compared as such; everything else is a text."""
    try:
        value = json.loads(typed)
    except (ValueError, RecursionError):
        return typed
    return value if isinstance(value, dict | list) else typed


def _read_lines(typed: str) -> Any:
    value = _read_structure(typed)
    return value if isinstance(value, list) else [line.strip() for line in typed.splitlines() if line.strip()]


def _write_lines(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else _as_json(value)


def _read_bounds(typed: str) -> Any:
    if re.fullmatch(_NUMBER, typed):
        return json.loads(typed)
    for form, names in _BOUNDS:
        if match := form.fullmatch(typed):
            return dict(zip(names, map(json.loads, match.groups()), strict=True))
    if typed.startswith("{"):
        return _json(typed)
    raise Fault("Write 10, at most 10, at least 3 or 3 to 10.", "value")


def _write_bounds(value: Any) -> str:
    match value:
        case {"min": low, "max": high, **rest} if not rest:
            return f"{low} to {high}"
        case {"max": high, **rest} if not rest:
            return f"at most {high}"
        case {"min": low, **rest} if not rest:
            return f"at least {low}"
    return _as_json(value)


def _read_measure(typed: str) -> Any:
    """Milliseconds or micro-dollars; `2 s` and `$0.01` are turned into them."""
    match = _MEASURE.fullmatch(typed)
    if match is None or (match[1] and match[3]):
        raise Fault("Write a number: milliseconds, or 2 s; micro-dollars, or $0.01.", "value")
    number = json.loads(match[2])
    if match[1]:
        return round(number * 1_000_000)
    return round(number * 1000) if match[3] == "s" else number


_READERS: dict[str, Callable[[str], Any]] = {
    "equals": _read_structure,
    **dict.fromkeys(("contains-all", "contains-any", "icontains-all", "icontains-any"), _read_lines),
    **dict.fromkeys(("is-json", "contains-json", "assert-set"), _json),
    **dict.fromkeys(("word-count", "token-count"), _read_bounds),
    **dict.fromkeys(("latency", "cost"), _read_measure),
}
_WRITERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("contains-all", "contains-any", "icontains-all", "icontains-any"), _write_lines),
    **dict.fromkeys(("word-count", "token-count"), _write_bounds),
}
WANTED = {
    "equals": "the whole output; a JSON object or list is compared as JSON",
    "contains": "a text the output holds",
    "icontains": "the same, upper and lower case alike",
    "contains-all": "texts, one a line: every one is there",
    "contains-any": "texts, one a line: one of them is there",
    "icontains-all": "as contains-all, upper and lower case alike",
    "icontains-any": "as contains-any, upper and lower case alike",
    "starts-with": "the beginning of the output",
    "regex": "a pattern found in the output",
    "is-json": "nothing, or a JSON Schema the output fits",
    "contains-json": "nothing, or a JSON Schema that some JSON in the output fits",
    "word-count": "10, at most 10, at least 3, or 3 to 10",
    "token-count": "the same; 10 alone is at most 10",
    "levenshtein": "a text; the threshold is the most edits",
    "rouge-n": "a text like it; the threshold is how like, 0 to 1",
    "bleu": "as rouge-n",
    "latency": "at most so many milliseconds, or 2 s",
    "cost": "at most so many micro-dollars, or $0.01",
    "finish-reason": "stop, length, ...",
    "assert-set": "a JSON list of checks that count as one",
}
"""Kind -> what its value says."""

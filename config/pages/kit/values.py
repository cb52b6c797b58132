"""Values of any shape: a text to copy, facts by name, JSON that folds."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.pages.kit.marks import NOTHING, moment

MOST_ENTRIES = 200
"""Of one object or list that are drawn; a page of a thousand folds is no page to read."""
MOST_IN_ALL = 2000
DEEPEST = 12
LONGEST_LINE = 160
"""Characters of a text that stands beside its name; a longer one folds."""
_OPEN_ENTRIES = 12


def code(text: object, language: str = "", *, is_whole: bool = False) -> SafeString:
    """A block of text as it is, with a button that copies it; with `is_whole` no end of it is behind a scroll bar."""
    return format_html(
        '<div class="kit-code{}"{}>{}<pre tabindex="0"><code>{}</code></pre></div>',
        " whole" if is_whole else "",
        format_html(' data-language="{}"', language) if language else "",
        mark_safe('<button type="button" class="kit-copy" hidden>Copy</button>'),
        text,
    )


def facts(pairs: Iterable[tuple[object, object]]) -> SafeString:
    """What is known, by name."""
    rows = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", ((name, plain(value)) for name, value in pairs))
    return format_html('<dl class="kit-facts">{}</dl>', rows) if rows else NOTHING


def plain(value: object) -> object:
    """A value as a line has it; what is HTML already stays."""
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case date():
            return moment(value)
        case Mapping() | list() | tuple():
            return tree(value)
    return value


def tree(value: Any) -> SafeString:
    """JSON as names and values; what is nested folds."""
    if not isinstance(value, Mapping | list | tuple):
        return format_html('<div class="kit-tree">{}</div>', _leaf(value))
    return format_html('<div class="kit-tree">{}</div>', _branch(value, 0, [MOST_IN_ALL]))


def _branch(value: Any, depth: int, left: list[int]) -> SafeString:
    """The entries of an object or a list, while `left` says there is room on the page."""
    if not value:
        return format_html("<code>{}</code>", "{}" if isinstance(value, Mapping) else "[]")
    if depth >= DEEPEST:
        return format_html("<code>{}</code>", as_json(value)[:LONGEST_LINE] + " ...")
    rows = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", _rows(value, depth, left))
    return format_html("<dl>{}</dl>", rows)


def _rows(value: Any, depth: int, left: list[int]) -> Iterator[tuple[object, SafeString]]:
    shown = 0
    for name, item in islice(_entries(value), MOST_ENTRIES):
        if left[0] <= 0:
            break
        left[0] -= 1
        shown += 1
        yield name, _entry(item, depth, left)
    if shown < len(value):
        yield "...", format_html("<em>and {} more</em>", f"{len(value) - shown:,}")


def _entries(value: Any) -> Iterable[tuple[object, Any]]:
    return value.items() if isinstance(value, Mapping) else enumerate(value)


def _entry(item: Any, depth: int, left: list[int]) -> SafeString:
    if not isinstance(item, Mapping | list | tuple):
        return _leaf(item)
    if not item:
        return _branch(item, depth, left)
    is_open = depth < 2 and len(item) <= _OPEN_ENTRIES
    noun = "field" if isinstance(item, Mapping) else "item"
    return _folded(f"{len(item):,} {noun}{'' if len(item) == 1 else 's'}", _branch(item, depth + 1, left), is_open)


def _leaf(value: Any) -> SafeString:
    if isinstance(value, str):
        if len(value) <= LONGEST_LINE and "\n" not in value:
            return format_html('<span class="kit-text">{}</span>', value) if value else mark_safe('<code>""</code>')
        return _folded(f"{len(value):,} characters: {value[:60].split(chr(10))[0]} ...", code(value), is_open=False)
    return format_html("<code>{}</code>", as_json(value))


def _folded(summary: str, body: SafeString, is_open: bool) -> SafeString:
    return format_html(
        "<details{}><summary>{}</summary>{}</details>", mark_safe(" open") if is_open else "", summary, body
    )


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

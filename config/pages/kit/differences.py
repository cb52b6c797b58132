"""What changed between two values, or two texts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.alignment import alignment
from config.pages.kit.values import DEEPEST, as_json

MOST_FIELDS = 200
LONGEST_VALUE = 2000
LONGEST_TEXT = 200_000
"""Characters of a text that is compared by word; tokens take some twenty times the memory."""

_ABSENT = object()
_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")


def changes(old: Any, new: Any) -> SafeString:
    """Two JSON values by key: what came, went and is another now. What stayed is only counted."""
    found, same = [], 0
    for path, before, after in _fields(old, new, ""):
        if before == after:
            same += 1
        else:
            found.append((path, before, after))
    if not found:
        return mark_safe('<p class="kit-quiet">Nothing differs.</p>')
    rows = format_html_join("", _ROW, (_row(*item) for item in found[:MOST_FIELDS]))
    left_out = [f"{len(found) - MOST_FIELDS:,} more differ"] if len(found) > MOST_FIELDS else []
    left_out += [f"{same:,} {'field is' if same == 1 else 'fields are'} the same"] if same else []
    return format_html(_TABLE, rows, f"{', '.join(left_out)}." if left_out else "")


_TABLE = """<div class="kit-changes"><table><thead><tr><th scope="col">Field</th><th scope="col">Before</th>
<th scope="col">After</th></tr></thead><tbody>{}</tbody></table><p class="kit-quiet">{}</p></div>"""
_ROW = '<tr class="kit-{}"><th scope="row">{}</th><td>{}</td><td>{}</td></tr>'


def _fields(old: Any, new: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """Each place with what stands there on both sides; a place that only one side has is ABSENT on the other."""
    if depth < DEEPEST and isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            inner = f"{path}.{name}" if path else str(name)
            yield from _fields(old.get(name, _ABSENT), new.get(name, _ABSENT), inner, depth + 1)
    elif depth < DEEPEST and isinstance(old, list) and isinstance(new, list) and (old or new):
        for index in range(max(len(old), len(new))):
            before, after = (side[index] if index < len(side) else _ABSENT for side in (old, new))
            yield from _fields(before, after, f"{path}[{index}]", depth + 1)
    else:
        yield path or "value", old, new


def _row(path: str, old: Any, new: Any) -> tuple[str, str, SafeString, SafeString]:
    if old is _ABSENT:
        return "added", path, _absent(), format_html("<ins>{}</ins>", _text(new))
    if new is _ABSENT:
        return "removed", path, format_html("<del>{}</del>", _text(old)), _absent()
    if isinstance(old, str) and isinstance(new, str):
        return "changed", path, *_sides(old, new)
    return "changed", path, format_html("<del>{}</del>", _text(old)), format_html("<ins>{}</ins>", _text(new))


def _absent() -> SafeString:
    return mark_safe('<span class="kit-quiet">not there</span>')


def _text(value: Any) -> str:
    return _bounded(value if isinstance(value, str) and value else as_json(value), LONGEST_VALUE)


def _bounded(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} ... ({len(text):,} characters)"


def _sides(old: str, new: str) -> tuple[SafeString, SafeString]:
    """Two texts beside each other, with the words marked that only one has."""
    parts = list(_parts(_bounded(old, LONGEST_VALUE), _bounded(new, LONGEST_VALUE)))
    before, after = (_joined(part for part in parts if part[0] in ("", kind)) for kind in ("del", "ins"))
    return before, after


def words(old: str, new: str) -> SafeString:
    """Two texts as one: what went is struck out, what came is marked."""
    if max(len(old), len(new)) > LONGEST_TEXT:
        note = f"Texts of more than {LONGEST_TEXT:,} characters are not compared by word."
        return format_html('<p class="kit-quiet">{}</p>', note)
    return format_html('<div class="kit-words">{}</div>', _joined(_parts(old, new)))


def _parts(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Stretches of text in order: `del`, `ins`, or nothing for what both have."""
    left, right = _TOKEN.findall(old), _TOKEN.findall(new)
    for tag, i1, i2, j1, j2 in alignment(left, right).get_opcodes():
        if tag == "equal":
            yield "", "".join(left[i1:i2])
            continue
        if i2 > i1:
            yield "del", "".join(left[i1:i2])
        if j2 > j1:
            yield "ins", "".join(right[j1:j2])


def _joined(parts: Iterable[tuple[str, str]]) -> SafeString:
    return format_html_join(
        "", "{}", ((format_html("<{0}>{1}</{0}>", kind, text) if kind else text,) for kind, text in parts)
    )

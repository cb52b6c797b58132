"""Markup whose line ends are data: what stands in `<pre>` and `<textarea>`."""

import re
from collections.abc import Iterator

from prompts.compression.lexical import Span

_TAG = re.compile(r"<(/?)(pre|textarea)\b", re.IGNORECASE)


def preformatted(text: str) -> Iterator[Span]:
    """From each opening tag to its end tag; what is never closed is a word of prose."""
    start, name = -1, ""
    for tag in _TAG.finditer(text):
        is_end, kind = bool(tag[1]), tag[2].lower()
        if start < 0 and not is_end:
            start, name = tag.start(), kind
        elif start >= 0 and is_end and kind == name:
            yield start, tag.end()
            start = -1

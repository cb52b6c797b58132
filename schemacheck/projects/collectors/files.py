"""Files of Python as text, read by the Python of the project."""

from __future__ import annotations

import io
import tokenize
from contextlib import suppress

from .typed import text_of

_MARK = "schemacheck:"


def read_text(path: str) -> str:
    """Empty where it cannot be read: a migration may come from a zip."""
    typed = text_of(path)
    if typed is not None:
        return typed
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def comments_to_us(text: str) -> list[tuple[int, int, str]]:
    """Line, column and text of each comment that speaks to us."""
    found: list[tuple[int, int, str]] = []
    if _MARK not in text:
        return found
    with suppress(tokenize.TokenError, SyntaxError):  # those before it count
        found.extend(
            (token.start[0], token.start[1] + 1, token.string.lstrip("# "))
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and _MARK in token.string
        )
    return found

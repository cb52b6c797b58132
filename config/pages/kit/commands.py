"""Commands as a person types them here: with the interpreter, the path and the place of this installation."""

import re

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.pages.kit.values import code

_OURS = re.compile(r"(?:manage\.py|handrail) (?=\w)")
"""How a text names a command that `config.home.PROGRAM` begins."""


def typed(words: str) -> str:
    """The whole line for a command of ours: pasted into any shell of this machine, it works."""
    return f"{settings.COMMAND} {words}"


def command(words: str) -> SafeString:
    """Commands of ours to copy, a line each; what every one of them begins with stands back."""
    line = '<span class="kit-where">{}</span> {}'
    return code(format_html_join("\n", line, ((settings.COMMAND, words) for words in words.splitlines())))


def prose(text: object) -> SafeString:
    """A text in which what stands in backticks is code, and a command of ours among it whole."""
    said = str(text)  # which keeps a safe text safe, a lazy one of Django's too
    if isinstance(said, SafeString):
        return said
    parts = said.split("`")
    if len(parts) % 2 == 0:  # one that nothing closes
        return format_html("{}", said)
    return format_html_join("", "{}", ((_code(part) if index % 2 else part,) for index, part in enumerate(parts)))


def _code(text: str) -> SafeString:
    ours = _OURS.match(text)
    return format_html("<code>{}</code>", typed(text[ours.end() :]) if ours else text) if text else mark_safe("``")

"""What an operation does, in a few words and in full: where each summary and description of OpenAPI comes from.

Both are the docstring of the view's method, else of the view: its first sentence, up to a full stop, a colon or a
semicolon, is the summary, so that it begins with a verb and is short. Listing rows and showing one of them, which views
only inherit, are named after the rows.
"""

import re
from inspect import getdoc
from typing import Any

_SENTENCE = re.compile(r"[.:;](?=\s|$)")
_INHERITED = ("list", "retrieve")


def summary(view: Any, method: str) -> str:
    """A verb phrase that no other operation has."""
    if not _is_inherited(view, method):
        return _SENTENCE.split(_method_docstring(view, method) or getdoc(type(view)) or "")[0]
    names = view.queryset.model._meta
    if view.action == "list":
        return f"List {names.verbose_name_plural}"
    noun = view.noun or names.verbose_name
    return f"Show {'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def description(view: Any, method: str) -> str:
    """All there is to say, the summary included."""
    said = _method_docstring(view, method) or getdoc(type(view)) or ""
    if _is_inherited(view, method) and view.action == "retrieve":  # what is said of the list's order is not of one row
        return f"{summary(view, method)}.{''.join(said.partition('.')[2:])}"
    return said


def _is_inherited(view: Any, method: str) -> bool:
    return getattr(view, "action", None) in _INHERITED and not _method_docstring(view, method)


def _method_docstring(view: Any, method: str) -> str | None:
    return getdoc(getattr(view, getattr(view, "action", None) or method.lower()))

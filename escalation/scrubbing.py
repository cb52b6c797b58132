"""Takes secrets out of what reporters send, before anything is stored, grouped or recorded.

Reporters' own scrubbers blank whole key names at the top level only; nested headers, `client_secret_value` and an
object's repr come through. So this one looks at every depth, for parts of key names, and for the shapes of secrets
inside text. When in doubt it removes: a lost word costs less than a leaked key.
"""

from typing import Any

from config.secrets import blank, is_secret_name

MARK = "[scrubbed]"
DEEPEST = 64  # deeper values are replaced whole, so that no input can exhaust the stack


def scrub(value: Any) -> Any:
    """A JSON value without its secrets, at every depth; what stands under a secret's name goes whole."""
    return _scrub(value, DEEPEST)


def scrub_text(text: str) -> str:
    """A text without its secrets."""
    return blank(text, MARK)


def _scrub(value: Any, depth: int) -> Any:
    if depth == 0:
        return MARK if isinstance(value, dict | list) else _scrub_leaf(value)
    match value:
        case {"name": str(name), "value": str()} | {"key": str(name), "value": str()} if is_secret_name(name):
            return {**_scrub({key: item for key, item in value.items() if key != "value"}, depth - 1), "value": MARK}
        case dict():
            return {_scrub_leaf(key): _scrub_member(key, item, depth - 1) for key, item in value.items()}
        case [str(name), str()] if is_secret_name(name):  # a header as a pair
            return [name, MARK]
        case list() | tuple():
            return [_scrub(item, depth - 1) for item in value]
    return _scrub_leaf(value)


def _scrub_member(key: object, value: Any, depth: int) -> Any:
    """Nothing and true or false tell no secret; all else under a secret's name does."""
    if value is None or isinstance(value, bool) or not is_secret_name(str(key)):
        return _scrub(value, depth)
    return MARK


def _scrub_leaf(value: Any) -> Any:
    return scrub_text(value) if isinstance(value, str) else value

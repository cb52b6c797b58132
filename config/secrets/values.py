"""Secrets in JSON values, at every depth."""

from typing import Any

from config.secrets.commands import find_in_words
from config.secrets.mark import MARK, put_marks, tells_nothing
from config.secrets.names import is_secret_name
from config.secrets.text import blank

_DEEPEST = 128  # a body has at most 100 levels; what is deeper goes whole, so that no input exhausts the stack


def scrub(value: Any, blanked: dict[str, str] | None = None) -> Any:
    """A JSON value with a mark for its secrets, at every depth; what stands under a secret's name goes whole.

    Each text is searched once. Who scrubs several values that tell of one thing gives the same `blanked` to each.
    """
    return _scrub(value, _DEEPEST, {} if blanked is None else blanked)


def _scrub(value: Any, depth: int, blanked: dict[str, str]) -> Any:
    if isinstance(value, str):  # most of a document is texts, which need none of what follows
        return _leaf(value, blanked)
    if depth == 0:
        return MARK if isinstance(value, dict | list) else value
    match value:
        case {"name": str(name), "value": str()} | {"key": str(name), "value": str()} if is_secret_name(name):
            rest = {key: item for key, item in value.items() if key != "value"}
            return {**_scrub(rest, depth - 1, blanked), "value": MARK}
        case dict():
            return {_leaf(key, blanked): _member(key, item, depth - 1, blanked) for key, item in value.items()}
        case [str(name), str()] if is_secret_name(name):  # a header as a pair
            return [name, MARK]
        case list() | tuple():
            items = [_scrub(item, depth - 1, blanked) for item in value]
            return _without_arguments(items) if len(items) > 1 and all(map(_is_text, items)) else items
    return value


def _member(key: object, value: Any, depth: int, blanked: dict[str, str]) -> Any:
    """Nothing and true or false tell no secret; all else under a secret's name does."""
    if value is None or isinstance(value, bool) or not is_secret_name(str(key)):
        return _scrub(value, depth, blanked)
    return MARK


def _leaf(value: Any, blanked: dict[str, str]) -> Any:
    if not isinstance(value, str):  # a key may be none
        return value
    if (found := blanked.get(value)) is None:
        found = blanked[value] = blank(value)
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _without_arguments(words: list[str]) -> list[str]:
    """A command given as a list: the words that follow an option with a secret's name, or that hold one there."""
    found = {index: (start, end) for index, start, end in find_in_words(words)}
    for index, word in enumerate(words[:-1]):
        is_option = word.startswith("-") and "=" not in word and is_secret_name(word)
        if is_option and not words[index + 1].startswith("-") and not tells_nothing(words[index + 1]):
            found[index + 1] = (0, len(words[index + 1]))
    return [put_marks(word, [found[index]]) if index in found else word for index, word in enumerate(words)]

"""What tells of a text that held secrets, in other words: `no rule matches echo x` of `echo x | sudo -S ls`.

Taken out of its place a secret is not seen any more. So it is looked for where it was seen, and taken out of the rest.
"""

import re
from collections.abc import Iterator
from typing import Any

from config.secrets.mark import MARK
from config.secrets.values import scrub

_SHORTEST = 4  # a shorter one would be found everywhere
_MOST_READ = 10_000
_TOO_SHORT_FOR_A_COMMAND = 10  # "deny", "command"
_MOST_SECRETS = 200
"""Of one text; who sends more gets no text back at all, so that nobody makes this work long."""
_WORD = re.compile(r"[\w+/=.~-]{6,}+")  # of a secret of many: a line of a private key
_QUOTES = str.maketrans("", "", "'\"\\")


def retold(value: Any, given: Any, scrubbed: Any = None) -> Any:
    """`value` with a mark for the secrets that `given`, from which it was made, has in their places.

    Who has scrubbed `given` already says what it became.
    """
    secrets = set()
    for secret in _hidden(given, scrub(given) if scrubbed is None else scrubbed):
        secrets |= {secret.strip(), secret.strip().translate(_QUOTES), *_words(secret)}
        if len(secrets) > _MOST_SECRETS:
            return _without(value, None)
    if not secrets:
        return value
    return _without(value, sorted((secret for secret in secrets if len(secret) >= _SHORTEST), key=len, reverse=True))


def _words(secret: str) -> Iterator[str]:
    return (word for word in _WORD.findall(secret[:_MOST_READ]) if any(map(str.isdigit, word)))


def _hidden(given: Any, scrubbed: Any) -> Iterator[str]:
    if isinstance(given, str) and isinstance(scrubbed, str):
        yield from _between(given, scrubbed)
    elif isinstance(given, dict) and isinstance(scrubbed, dict):
        for before, after in zip(given.items(), scrubbed.items(), strict=False):
            yield from _hidden(before[1], after[1])
    elif isinstance(given, list | tuple) and isinstance(scrubbed, list):
        for before, after in zip(given, scrubbed, strict=True):
            yield from _hidden(before, after)


def _between(text: str, scrubbed: str) -> Iterator[str]:
    """What the marks stand for."""
    if text == scrubbed:
        return
    first, *pieces = scrubbed.split(MARK)
    at = len(first)
    for piece in pieces:
        end = text.find(piece, at) if piece else len(text)
        if end < 0:
            return
        yield text[at:end]
        at = end + len(piece)


def _without(value: Any, secrets: list[str] | None) -> Any:
    match value:
        case str() if secrets is None:
            return value if len(value) < _TOO_SHORT_FOR_A_COMMAND else MARK
        case str():
            for secret in secrets or ():
                value = value.replace(secret, MARK)
            return value
        case dict():
            return {name: _without(item, secrets) for name, item in value.items()}
        case list() | tuple():
            return [_without(item, secrets) for item in value]
    return value

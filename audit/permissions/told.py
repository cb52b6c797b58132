"""Which words of a command are text and open nothing: messages, patterns, scripts that the shell finder has read."""

import re
from collections.abc import Sequence

from audit.shell.words import plain

_SAYING = frozenset({"echo", "printf"})
# Options with a message, of subcommands in which they take one: of `git am` and `git log`, -m takes none.
_MESSAGES = {
    **dict.fromkeys(("commit", "tag", "merge", "notes", "stash"), frozenset({"-m", "-am", "--message"})),
    **dict.fromkeys(("log", "shortlog"), frozenset({"--grep", "--format", "--pretty"})),
    **dict.fromkeys(("pr", "issue", "release"), frozenset({"--title", "--body", "--notes", "-t", "-b"})),
}
_WITH_MESSAGES = frozenset({"git", "gh", "glab", "hg"})
# Their first operand is a pattern or a script, if only these options come before it.
_FLAGS_BEFORE = {
    **dict.fromkeys(("grep", "egrep", "fgrep"), re.compile(r"-[abchHiIlLnoqrsvwxzEFGPU]+")),
    **dict.fromkeys(("sed", "gsed"), re.compile(r"-(?:[nErsuz]+|i)")),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), re.compile(r"-F[^/.]+")),
    **dict.fromkeys(("rg", "ag", "ack"), re.compile(r"-[FilnoSsvw]+")),
}


def texts(words: Sequence[str]) -> set[int]:
    """The places of the words that are text."""
    name = plain(words[0]).rsplit("/", 1)[-1]
    if name in _SAYING:
        return set(range(1, len(words)))
    if name in _WITH_MESSAGES:
        return messages(words)
    flags = _FLAGS_BEFORE.get(name)
    place = 1
    while flags and place < len(words) and flags.fullmatch(plain(words[place])):
        place += 1
    return {place} if flags and place < len(words) and not words[place].startswith("-") else set()


def messages(words: Sequence[str]) -> set[int]:
    """The places of messages, which a program keeps as they are."""
    if not words or plain(words[0]).rsplit("/", 1)[-1] not in _WITH_MESSAGES:
        return set()
    return {place for place in range(2, len(words)) if _is_message(words, place)}


def _is_message(words: Sequence[str], place: int) -> bool:
    options = _MESSAGES.get(words[1], frozenset())
    option, equals, _ = words[place].partition("=")
    is_next = words[place - 1] in options and not words[place].startswith("-")
    return is_next or (bool(equals) and option.startswith("--") and option in options)

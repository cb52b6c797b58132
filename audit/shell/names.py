"""Which names a command can list, as far as its arguments say so: what reads those files is judged by them."""

import re
from collections.abc import Sequence
from itertools import pairwise

from audit.shell.words import GLOB, UNKNOWN, plain

ANY = [GLOB + "*"]
"""Whatever lies there."""
MOST = 6
_NAMED = frozenset({"-name", "-iname"})
_TURNED = frozenset({"!", "-not", ",", "-path", "-ipath", "-wholename", "-regex", "-iregex"})
_WRITES_OTHERWISE = frozenset({"-printf", "-exec", "-execdir", "-ok", "-okdir", "-ls"})
_BEFORE_STARTS = re.compile(r"-[HLP]|-O\d*|-D\w+|--")


def names_told(words: Sequence[str]) -> list[str]:
    """Globs of the last segments of every path that a command writes out."""
    name = plain(words[0]).rsplit("/", 1)[-1] if words else ""
    rest = list(words[1:])
    if name in ("find", "gfind") and not _WRITES_OTHERWISE & set(rest):
        return names_found(words)
    if name == "echo" and rest and not any(word.startswith("-") for word in rest):
        return _globs(rest)
    if name == "git" and rest[:1] == ["ls-files"]:
        operands = [word for word in rest[1:] if not word.startswith("-")]
        # A folder stands for all that lies in it, and a colon may turn a pattern around.
        suffixed = all("*" in word and not word.endswith("*") and ":" not in word for word in operands)
        return _globs(operands) if suffixed else ANY
    if name in ("grep", "egrep", "fgrep") and any(re.fullmatch(r"-[rnIwi]*l", word) for word in rest):
        return _globs([word.removeprefix("--include=") for word in rest if word.startswith("--include=")])
    return ANY


def names_found(words: Sequence[str]) -> list[str]:
    """Globs of what `find` finds: of its `-name` conditions, unless one is turned around or stands beside others."""
    names = [after for word, after in pairwise(words) if word in _NAMED]
    alternatives = sum(word in ("-o", "-or") for word in words)
    if not names or _TURNED & set(words) or alternatives != len(names) - 1:
        return ANY
    return _globs(names)


def found_paths(words: Sequence[str]) -> list[str]:
    """The paths that `find` puts in the place of {}: below where it starts, so none can be taken for an option."""
    starts: list[str] = []
    for before, word in pairwise(words):
        if _BEFORE_STARTS.fullmatch(word) or word == "-D" or before == "-D":
            continue
        if word.startswith(("-", "(", "!")):
            break
        starts.append(word)
    if len(starts) > 1 or any(UNKNOWN in start for start in starts) or "-files0-from" in words:
        return [f"{UNKNOWN}/{name}" for name in names_found(words)]
    start = starts[0].rstrip("/") if starts else "."
    return [f"{start}/{GLOB}*/{name}" for name in names_found(words)]


def _globs(patterns: Sequence[str]) -> list[str]:
    """The last segments of patterns, their stars marked as the shell's are."""
    if not patterns or len(patterns) > MOST or any(UNKNOWN in pattern or "\\" in pattern for pattern in patterns):
        return ANY
    last = [plain(pattern).rstrip("/").rsplit("/", 1)[-1] for pattern in patterns]
    return [re.sub(r"[*?\[]", lambda match: GLOB + match[0], name) for name in last if name] or ANY

"""Options before operands, as getopt reads them: clusters, attached values, abbreviated long names."""

from collections.abc import Iterable
from typing import NamedTuple


class Options(NamedTuple):
    """The options a program knows; a value follows those in `values`, as the rest of the word or as the next one."""

    values: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @classmethod
    def of(cls, values: str = "", flags: str = "") -> "Options":
        return cls(frozenset(values.split()), frozenset(flags.split()))


class Scan:
    """What stands before the first operand."""

    def __init__(self, start: int) -> None:
        self.end = start
        """Where the operands begin."""
        self.given: dict[str, list[str]] = {}
        self.unknown: list[str] = []

    def values(self, *names: str) -> list[str]:
        return [value for name in names for value in self.given.get(name, ())]


def scan(words: list[str], options: Options, start: int = 1) -> Scan:
    """Read options from `start` to the first operand or past `--`."""
    found = Scan(start)
    while found.end < len(words):
        word = words[found.end]
        if word == "--":
            found.end += 1
            break
        if len(word) < 2 or word[0] != "-":
            break
        found.end += 1
        if word.startswith("--"):
            _long(words, word[2:], options, found)
        else:
            _cluster(words, word[1:], options, found)
    return found


def _long(words: list[str], body: str, options: Options, found: Scan) -> None:
    name, equals, value = body.partition("=")
    full = _resolve(name, options)
    if full is None:
        found.unknown.append(f"--{name}")
    if full in options.values and not equals:
        value = words[found.end] if found.end < len(words) else ""
        found.end += 1
    found.given.setdefault(full or name, []).append(value)


def _resolve(name: str, options: Options) -> str | None:
    if name in options.values or name in options.flags:
        return name
    close = [known for known in options.values | options.flags if len(known) > 1 and known.startswith(name)]
    return close[0] if len(close) == 1 else None


def _cluster(words: list[str], letters: str, options: Options, found: Scan) -> None:
    if letters in options.values:  # a long name behind one dash, as in find's and Java's style
        found.given.setdefault(letters, []).append(words[found.end] if found.end < len(words) else "")
        found.end += 1
        return
    if len(letters) > 1 and letters in options.flags:
        found.given.setdefault(letters, []).append("")
        return
    for index, letter in enumerate(letters):
        if letter in options.values:
            value = letters[index + 1 :]
            if not value:
                value = words[found.end] if found.end < len(words) else ""
                found.end += 1
            found.given.setdefault(letter, []).append(value.removeprefix("="))
            return
        if letter not in options.flags and not letter.isdigit():
            found.unknown.append(f"-{letter}")
        found.given.setdefault(letter, []).append("")


def option_values(words: list[str], names: Iterable[str]) -> list[str]:
    """The values of options, however they are attached."""
    found = []
    for word, after in zip(words[1:], [*words[2:], ""], strict=False):
        option, equals, value = word.partition("=")
        for name in names:
            if name.startswith("--"):
                if len(option) > 3 and name.startswith(option):  # abbreviated, as getopt takes it
                    found.append(value if equals else after)
            elif word.startswith("-") and not word.startswith("--") and name[1:] in word:
                found.append(word.partition(name[1:])[2] or after)
    return found


GIT = Options.of(
    "C c git-dir work-tree namespace super-prefix config-env attr-source list-cmds",
    "p P paginate no-pager no-replace-objects bare literal-pathspecs glob-pathspecs noglob-pathspecs icase-pathspecs"
    " no-optional-locks version help html-path man-path info-path exec-path no-advice no-lazy-fetch h v",
)
"""What git takes before its subcommand."""

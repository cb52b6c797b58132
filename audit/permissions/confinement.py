"""Whether one command stays inside a project: each word of it, and of all it would run, as the shell finder sees them.

What cannot be seen through counts as leading out. Links are followed as they are now: one that is changed between the
check and the run is not seen.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit import shell
from audit.permissions.links import TooMany, follows_links, leading_out
from audit.permissions.records import tidy
from audit.permissions.told import texts
from audit.shell.known import SHELLS
from audit.shell.words import is_computed, plain
from config.errors import DomainError

_MOST_FOLDERS = 20
"""Of the folders a command names, from which its other words may be meant."""
_LETTERS = 12
"""So many letters of options may stand before a path in one word: `-xzf../a`."""
_INSIDE = re.compile(r"[\s'\"(){}\[\]\\]+")
_PATH_INSIDE = re.compile(r"~?/[\w.]|.*\.\.(?:/|$)")
_SCHEME = re.compile(r"[a-z][a-z0-9.-]*")
_LISTING = {
    "tar": re.compile(r"-?[a-zA-Z]*[TP][a-zA-Z]*|--(?:files-f|absolute-n).*"),
    "rsync": re.compile(r"--files-f.*"),
    "curl": re.compile(r"-[a-zA-Z]*K.*|--conf.*"),
    "wget": re.compile(r"-[a-zA-Z]*i.*|--input-f.*"),
    **dict.fromkeys(("wc", "du", "sort", "find"), re.compile(r"--?files0-f.*")),
    "xz": re.compile(r"--files.*"),
    "xmllint": re.compile(r"--(?:xinclude|noent|loaddtd|valid|postvalid|dtdattr|catalogs|nocatalogs|load-trace).*"),
    "xsltproc": re.compile(r"--xinclude.*"),
}
"""Options that take the files they open from another file, or take names as they stand in an archive."""
_QUOTED = re.compile(r"['\"]([^'\"]*)['\"]")
_BORDERS = re.compile(r"[=@:,;<>|+]")


class GuardUsage(DomainError):
    """What was asked cannot be run at all: no program, no folder, a chain of commands, a way out of the project."""

    code = "guard-usage"
    remedy = "give one plain command, and a folder inside the project"


def check_inside(words: Sequence[str], root: Path) -> None:
    """Refuse what is more than one command, leads out of the project, or cannot be seen through. Raises GuardUsage."""
    found = shell.find_words(words)
    for doubt in found.doubts:
        if not doubt.script:
            raise _unseen(doubt.part, doubt.reason)
        _check_word(doubt.script, [root], root)  # a script of the project itself: the rules speak of it by its name
    _check_chain(found)
    told = [word for command in found.commands for word in command.words]
    told += [use.path for use in found.files] + found.folders
    for word in told:
        if is_computed(word):
            raise _unseen(word, "a part of it is only known when it runs")
    folders = [root, *_folders(told, root)]
    for command in found.commands:
        program = plain(command.words[0])
        if "/" in program and not program.startswith("/"):
            _check_word(program, [root], root)
        _check_lists(command)
        _check_links(command, root)
        for part in _openable(command):
            _check_word(part, folders, root)
    for path in (*(use.path for use in found.files), *found.folders, *_named_in(found.sql)):
        _check_word(plain(path), folders, root)


def _openable(command: shell.Command) -> Iterator[str]:
    told = texts(command.words)
    for place, word in enumerate(command.words[1:], start=1):
        if place not in told:
            yield plain(word)
            yield from _inside(command, plain(word))


def _inside(command: shell.Command, word: str) -> Iterator[str]:
    """Parts of a word that may be code (of tests and cases of a shell), a command, or a call that opens a file."""
    if command.name == "curl":  # what it sends is data; a file among it is marked, and split off as any piece
        return
    parts = [part for part in _INSIDE.split(word) if part != word]
    yield from (part for part in parts if command.name in SHELLS or _PATH_INSIDE.match(part))


def _check_lists(command: shell.Command) -> None:
    listing = _LISTING.get(command.name)
    for place, word in enumerate(command.words[1:]):
        is_bundle = place == 0 and command.name == "tar"  # `tar cfT`
        if listing and (word.startswith("-") or is_bundle) and listing.fullmatch(plain(word)):
            raise _unseen(word, f"{command.name} opens the files that another file names")


def _check_links(command: shell.Command, root: Path) -> None:
    words = [plain(word) for word in command.words]
    if not follows_links(command.name, words):
        return
    named = list(_folders(words[1:], root))
    try:
        link = leading_out(named or [root], root)
    except TooMany:
        raise _unseen(command.text, "it follows links, in more files than are looked at") from None
    if link:
        shown = tidy(str(link.relative_to(root)))[:80]
        raise GuardUsage(f"{command.name} would follow the link {shown!r}, which leads out of the project {root}.")


def _named_in(statements: Sequence[str]) -> Iterator[str]:
    """Quoted texts of SQL: ATTACH, COPY and functions open the files they name."""
    return (match[1] for sql in statements for match in _QUOTED.finditer(sql))


def _unseen(part: str, reason: str) -> GuardUsage:
    shown = tidy(plain(part).replace("\0", "${...}"))[:80]
    return GuardUsage(f"{shown!r} cannot be seen through ({reason}). Run what it would run, one command at a time.")


def _check_chain(found: shell.Found) -> None:
    """Guard runs one command; `find` alone may run several, each for the files it finds."""
    beside = Counter(command.via for command in found.commands if command.via[-1:] != ("find",))
    if any(count > 1 for count in beside.values()):
        chain = "; ".join(command.text for command in found.commands if beside[command.via] > 1)
        raise GuardUsage(f"{tidy(chain)[:80]!r} is a chain, and guard runs one command. Run them one by one.")


def _folders(words: Sequence[str], root: Path) -> Iterator[Path]:
    """Folders among the words: `env -C`, `git -C`, `make -C` and the like mean their other words from there."""
    names = dict.fromkeys(piece for word in words for piece in _pieces(plain(word)))
    folders = (root / name for name in names if "\0" not in name and _is_folder(root / name))
    yield from list(folders)[:_MOST_FOLDERS]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _check_word(word: str, folders: Sequence[Path], root: Path) -> None:
    for piece in _pieces(word):
        for folder in folders:
            _check_path(piece, folder, root)


def _pieces(word: str) -> list[str]:
    """What in an argument may be a path: `-o/x`, `-xzf../x`, `--to=/x`, `if=/x`, `@/x`, `/a:/b`, `file:///x`."""
    scheme, separator, rest = word.partition("://")
    if separator:
        name = re.split(r"[=\s@:+]", scheme)[-1].lower()
        if name == "file" or not _SCHEME.fullmatch(name):
            return [word, rest]
        return [word] if ".." in rest.split("/") else []  # a folder may be called `http:`
    attached = []
    if word.startswith("-") and not word.startswith("--"):
        attached = [word[index:] for index in range(2, min(len(word), _LETTERS))]
    return [piece for piece in (word, *attached, *_BORDERS.split(word)) if piece and not piece.startswith("-")]


def _check_path(word: str, folder: Path, root: Path) -> None:
    try:
        leads_out = word.startswith(("/", "~")) or ".." in word.split("/")
        if not leads_out and "/" not in word and not (folder / word).is_symlink():
            return
        target = (folder / Path(word).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise GuardUsage(f"The path {tidy(word)[:80]!r} cannot be resolved.") from error
    if target != root and root not in target.parents and str(target) != os.devnull:
        raise GuardUsage(f"The path {tidy(word)[:80]!r} leads out of the project {root}.")

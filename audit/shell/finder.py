"""Walks the syntax tree of a command line and collects what would run, read and write."""

import re
from collections.abc import Callable, Sequence
from importlib import machinery, util
from typing import Any, Literal

from tree_sitter import Language, Node, Parser

from audit.shell.found import Command, Doubt, FileUse, Found
from audit.shell.programs import handler, ordinary
from audit.shell.run import Run
from audit.shell.surroundings import Input, Place
from audit.shell.visitors import VISITORS, unseen_substitution
from audit.shell.words import GLOB, UNKNOWN, is_computed, plain

MAX_CHARS = 10_000
"""Longer commands are not read: Claude Code asks at this length too."""
MAX_PARTS = 200
MAX_DEPTH = 12
"""Of wrappers around wrappers, and of code inside code."""

# Neither belongs to bash's words as the grammar reads them, and some hide what a person would see.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPLIT_WORD = re.compile(r"\S\\\n\S")
_RESERVED = {"{", "}", "!", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "esac"}
_NO_FILES = {"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/urandom"}


def find(command: str) -> Found:
    """Everything a bash command line would run, as far as it can be seen without running it."""
    finder = Finder()
    finder.code(command)
    return finder.found


def find_words(words: Sequence[str]) -> Found:
    """What running one program without a shell would run."""
    finder = Finder()
    finder.command([word.replace(UNKNOWN, "") for word in words])
    return finder.found


# A hook is a process of its own, and loading code is most of its time: 21 dataclasses cost it 17 ms, as many
# NamedTuples 1 ms, so the values of the deciding modules are NamedTuples.
_parser: Parser | None = None


# Every byte of a character beyond ASCII, which the grammar must not see: its scanner asks the C library's isalnum and
# its like about whole code points and reads outside their tables, which crashes the process (seen with 0.25.1). A dot
# is part of words and of nothing else, and offsets stay as they are.
_ASCII_ONLY = bytes(range(128)) + b"." * 128


# `ls !(*.py)`: the grammar knows extended globs in few places. A bash that does not know them either refuses the line.
_EXTENDED_GLOB = re.compile(rb"[!@?*+]\([\w.*?|/-]+\)")


def parse(source: bytes) -> Node:
    """The syntax tree of bash code; its offsets are those of the source."""
    global _parser  # noqa: PLW0603  -- the grammar is loaded with the first command, not with every import
    if _parser is None:
        _parser = Parser(Language(_grammar()))
    readable = source.translate(_ASCII_ONLY)
    root = _parser.parse(readable).root_node
    if root.has_error and b"\n" not in readable and _EXTENDED_GLOB.search(readable):
        again = _parser.parse(_EXTENDED_GLOB.sub(lambda match: b"*" * len(match[0]), readable)).root_node
        root = root if again.has_error else again
    return root


def _grammar() -> Any:
    """bash's grammar; its package imports a quarter of the standard library to find files that are not used here."""
    package = machinery.PathFinder.find_spec("tree_sitter_bash")
    folders = list(package.submodule_search_locations or []) if package else []
    spec = machinery.PathFinder.find_spec("tree_sitter_bash._binding", folders)
    if spec is None or spec.loader is None:
        import tree_sitter_bash

        return tree_sitter_bash.language()
    binding = util.module_from_spec(spec)
    spec.loader.exec_module(binding)
    return binding.language()


def _only_tells(words: Sequence[str], given: Callable[[], Input | None] | None) -> bool:
    """`cat` of a here-document: text that stands in the line itself."""
    return list(words) == ["cat"] and given is not None and (found := given()) is not None and found.is_here


class Finder:
    """Collects into `found`. Handlers of programs call back `command`, `code`, `read`, `write`, `sql` and `doubt`."""

    def __init__(self) -> None:
        self.found = Found()
        self._depth = 0

    def doubt(self, reason: str, part: str, script: str = "") -> None:
        doubt = Doubt(reason=reason, part=plain(part).replace(UNKNOWN, "${...}")[:200], script=script)
        if doubt not in self.found.doubts:
            self.found.doubts.append(doubt)

    def read(self, path: str, by: Literal["redirect", "argument"] = "argument") -> None:
        self._use("read", path, by)

    def write(self, path: str, by: Literal["redirect", "argument"] = "argument") -> None:
        self._use("write", path, by)

    def _use(self, kind: Literal["read", "write"], path: str, by: Literal["redirect", "argument"]) -> None:
        if path and path != "-" and not path.startswith("/dev/fd/") and path not in _NO_FILES:
            self.found.files.append(FileUse(kind=kind, path=path, by=by))

    def sql(self, statements: str, part: str) -> None:
        if UNKNOWN in statements:
            self.doubt("part of the SQL is computed", part)
        self.found.sql.append(statements)

    def code(self, source: str, via: tuple[str, ...] = ()) -> None:
        """Find what shell code would run."""
        self.found.lines.append(source)
        if len(source) > MAX_CHARS:
            self.doubt(f"longer than {MAX_CHARS:,} characters", source[:80])
            return
        if self._depth >= MAX_DEPTH:
            self.doubt("code inside code, too deep", source[:80])
            return
        if UNKNOWN in source or GLOB in source:
            self.doubt("part of the code is computed", source)
            source = plain(source).replace(UNKNOWN, "${_}")
        if _CONTROL.search(source):
            self.doubt("has control characters", repr(source[:80]))
            source = _CONTROL.sub(" ", source)
        try:
            encoded = source.encode()
        except UnicodeEncodeError:
            self.doubt("is not text", repr(source[:80]))
            return
        if _SPLIT_WORD.search(source):
            self.doubt("a word goes on in the next line", source)
        self._depth += 1
        try:
            root = parse(encoded)
            if root.has_error:
                self.doubt("cannot be parsed", source)
            self._walk(root, encoded, via)
            if unseen := unseen_substitution(root, encoded):
                self.doubt("a substitution that the grammar does not see", unseen)
        finally:
            self._depth -= 1

    def command(
        self,
        words: Sequence[str],
        via: tuple[str, ...] = (),
        *,
        given: Callable[[], Input | None] | None = None,
        written: str = "",
        outer: Sequence[str] = (),
    ) -> None:
        """Find what running a program with arguments runs, itself included."""
        words = list(words)
        while words and words[0] in _RESERVED:  # `time { rm x; }` is read as arguments of time
            self.doubt("a word of the shell's grammar as a program", " ".join(words))
            words = words[1:]
        if not words:
            return
        if len(self.found.commands) >= MAX_PARTS or len(via) >= MAX_DEPTH:
            self.doubt("too many parts", " ".join(words))
            if len(self.found.commands) > MAX_PARTS or len(via) > 4 * MAX_DEPTH:
                return
        if is_computed(words[0]):
            self.doubt("the name of the program is computed", " ".join(words))
        known = handler(words)
        self.found.commands.append(
            Command(
                words=tuple(words),
                via=via,
                transparent=known.transparent or _only_tells(words, given),
                ordinary=known.handle is ordinary,
                written=written,
                outer=tuple(outer),
            )
        )
        known.handle(Run(self, words, via, given))
        if via and " " in words[0].strip():  # some wrappers hand their words to a shell
            self.code(words[0], via)

    def _walk(self, root: Node, source: bytes, via: tuple[str, ...]) -> None:
        pending = [Place(root, None)]
        while pending and len(self.found.commands) <= MAX_PARTS:
            place = pending.pop()
            visit = VISITORS.get(place.node.type)
            if visit is not None:
                visit(self, place, source, via)
            if place.node.child_count:
                pending.extend(Place(child, place) for child in reversed(place.node.children))

"""Walks the syntax tree of a command line and collects what would run, read and write."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from audit.shell.environment import is_risky
from audit.shell.words import GLOB, UNKNOWN, is_computed, plain, text, word

MAX_CHARS = 10_000
"""Longer commands are not read: Claude Code asks at this length too."""
MAX_PARTS = 200
MAX_DEPTH = 12
"""Of wrappers around wrappers, and of code inside code."""

# Neither belongs to bash's words as the grammar reads them, and some hide what a person would see.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SPLIT_WORD = re.compile(r"\S\\\n\S")
_RESERVED = {"{", "}", "!", "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "for", "case", "esac"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program that would run, with its arguments as it would get them."""

    words: tuple[str, ...]
    """Marked as audit.shell.words says."""
    via: tuple[str, ...] = ()
    """The wrappers it was found through, outermost first."""
    transparent: bool = False
    """It only runs commands that are found too (timeout, sh -c), so no rule need allow it."""
    ordinary: bool = True
    """Nobody here knows whether its arguments hold a command."""
    written: str = ""
    """As it stands in the text; empty for one found inside another."""

    @property
    def text(self) -> str:
        """To show: the arguments with `${...}` for what is not known."""
        return plain(" ".join(self.words)).replace(UNKNOWN, "${...}")

    @property
    def name(self) -> str:
        """The program without its folder."""
        return plain(self.words[0]).rsplit("/", 1)[-1].removesuffix(".exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUse:
    """A file that would be read or written."""

    kind: Literal["read", "write"]
    path: str
    by: Literal["redirect", "argument"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something that cannot be seen through."""

    reason: str
    part: str
    script: str = ""
    """The script file whose content is the doubt; a rule that names this file settles it."""


@dataclass(slots=True)
class Found:
    """Everything a command line would do that can be seen, and a doubt for what cannot."""

    commands: list[Command] = field(default_factory=list)
    files: list[FileUse] = field(default_factory=list)
    sql: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    """Defined in the text itself; their bodies are among the commands."""
    folders: list[str] = field(default_factory=list)
    """Where `cd` goes, UNKNOWN marks included."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node and what is around it; asking the tree for a parent costs its depth each time."""

    node: Node
    around: "Place | None"


@dataclass(frozen=True, slots=True)
class Input:
    """What a command reads: the text if it is known, else None."""

    text: str | None
    name: str


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


_parser: Parser | None = None


def parse(source: bytes) -> Node:
    """The syntax tree of bash code."""
    global _parser  # noqa: PLW0603  -- the grammar is loaded with the first command, not with every import
    if _parser is None:
        _parser = Parser(Language(tree_sitter_bash.language()))
    return _parser.parse(source).root_node


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
            if unseen := _unseen_substitution(root, encoded):
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
        from audit.shell.programs import handler, ordinary  # handlers call back, so the modules know each other

        known = handler(words)
        self.found.commands.append(
            Command(
                words=tuple(words),
                via=via,
                transparent=known.transparent,
                ordinary=known.handle is ordinary,
                written=written,
            )
        )
        known.handle(Run(self, words, via, given))

    def _walk(self, root: Node, source: bytes, via: tuple[str, ...]) -> None:
        pending = [Place(root, None)]
        while pending and len(self.found.commands) <= MAX_PARTS:
            place = pending.pop()
            visit = _VISITORS.get(place.node.type)
            if visit is not None:
                visit(self, place, source, via)
            if place.node.child_count:
                pending.extend(Place(child, place) for child in reversed(place.node.children))


@dataclass(frozen=True, slots=True)
class Run:
    """One program with its arguments, as its handler gets it."""

    finder: Finder
    words: list[str]
    via: tuple[str, ...]
    look: Callable[[], Input | None] | None

    @property
    def given(self) -> Input | None:
        """What it reads, if that is redirected or piped."""
        return self.look() if self.look else None

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def name(self) -> str:
        return self.words[0].rsplit("/", 1)[-1]

    def command(self, words: Sequence[str], label: str = "") -> None:
        self.finder.command(words, (*self.via, label or self.name), given=self.look)

    def code(self, source: str, label: str = "") -> None:
        self.finder.code(source, (*self.via, label or self.name))

    def doubt(self, reason: str, script: str = "") -> None:
        self.finder.doubt(reason, self.text, script)


_NO_FILES = {"/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero", "/dev/urandom"}


def _command(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    lines: list[list[str]] = [[]]
    for child in _arguments(place.node):
        value = word(child, source)
        if value.startswith("\n"):  # the grammar takes a backslash at the start of a line for part of the one before
            lines.append([])
        lines[-1].append(value.lstrip("\n"))
    written = text(place.node, source) if not via and len(lines) == 1 else ""
    for words in lines:
        if words:
            finder.command(words, via, given=partial(_input, place, source), written=written)


_NOT_ARGUMENTS = {"variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect", "comment"}


def _arguments(node: Node) -> Iterator[Node]:
    previous: Node | None = None
    for child in node.children:
        if child.type in _NOT_ARGUMENTS or (not child.is_named and child.type in ("<", ">", "=")):
            continue
        if child.is_named or child.type not in (";", "&"):
            previous = child
            yield previous


def _assignment(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        return
    what = text(name, source)
    assigned = word(value, source) if value is not None else ""
    if is_risky(what, assigned):
        finder.doubt(f"sets {what}, which decides what other commands run", text(node, source))
    if value is not None and value.type in ("raw_string", "ansi_c_string") and _substitutes(assigned):
        finder.doubt("keeps a substitution for later", text(node, source))


def _substitutes(value: str) -> bool:
    return "$(" in value or "`" in value or "<(" in value


def _declaration(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    words = [text(node.children[0], source)]
    words += [
        text(child, source) if child.type == "variable_assignment" else word(child, source)
        for child in node.children[1:]
        if child.is_named
    ]
    finder.command(words, via, written=text(node, source))


def _test(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    # Arithmetic in a test evaluates the text of words: [[ 'a[$(rm x)]' -eq 1 ]] runs rm.
    pending = list(node.children)
    while pending:
        child = pending.pop()
        if child.type in ("raw_string", "word", "ansi_c_string") and _substitutes(word(child, source)):
            finder.doubt("a test may evaluate a substitution", text(node, source))
        pending.extend(child.children)


def _expansion(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    written = text(node, source)
    if written.endswith(("@P}", "@E}", "@A}")):
        finder.doubt("expands a value as code", written)
    if "<(" in written or ">(" in written:
        finder.doubt("a process in the default of a variable", written)


def _file_redirect(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    operator = next((child.type for child in node.children if not child.is_named), "")
    for child in node.named_children:
        if child.type == "file_descriptor":
            continue
        path = word(child, source)
        if operator in ("<&", ">&") and (path.isdigit() or path.rstrip("-").isdigit() or path == "-"):
            continue
        if path.startswith(("/dev/tcp/", "/dev/udp/")):
            finder.doubt("opens a network connection", text(node, source))
        elif operator in ("<", "<&"):
            finder.read(path, "redirect")
        else:
            finder.write(path, "redirect")
            if operator == "<>":
                finder.read(path, "redirect")


def _word(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    around = place.around and place.around.node.type
    if source.startswith(b"\n", place.node.start_byte) and around not in ("command", "command_name"):
        finder.doubt("lines that the grammar joins", text(place.node, source))


def _function(finder: Finder, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    name = place.node.child_by_field_name("name")
    if name is not None:
        finder.found.functions.add(text(name, source))


_SUBSTITUTION = re.compile(rb"(?<!\\)(?:\\\\)*(`|\$\()")
_LITERAL = {"raw_string", "ansi_c_string", "comment"}
_SUBSTITUTES = {"command_substitution", "arithmetic_expansion"}


def _unseen_substitution(root: Node, source: bytes) -> str:
    """A substitution that bash makes and the tree does not have, such as `...` in a here-document or in ${x:-...}."""
    if b"`" not in source and b"$(" not in source:
        return ""
    seen: set[int] = set()
    literal: list[tuple[int, int]] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in _LITERAL or (node.type == "heredoc_redirect" and _is_quoted(node, source)):
            body = _child(node, "heredoc_body") if node.type == "heredoc_redirect" else node
            if body is not None:
                literal.append((body.start_byte, body.end_byte))
        elif node.type in _SUBSTITUTES:
            seen |= {node.start_byte, node.end_byte - 1}
        pending.extend(node.children)
    for match in _SUBSTITUTION.finditer(source):
        at = match.start(1)
        if at not in seen and not any(start <= at < end for start, end in literal):
            return source[at : at + 80].decode(errors="replace")
    return ""


_VISITORS = {
    "command": _command,
    "variable_assignment": _assignment,
    "declaration_command": _declaration,
    "unset_command": _declaration,
    "test_command": _test,
    "expansion": _expansion,
    "file_redirect": _file_redirect,
    "function_definition": _function,
    "word": _word,
}


def _child(node: Node, kind: str) -> Node | None:
    return next((child for child in node.children if child.type == kind), None)


def _is_quoted(heredoc: Node, source: bytes) -> bool:
    start = _child(heredoc, "heredoc_start")
    return start is not None and any(mark in text(start, source) for mark in "'\"\\")


def _input(place: Place, source: bytes) -> Input | None:
    """What a command reads, from its own redirects or those of what stands around it."""
    current: Place | None = place
    while current is not None and current.node.type not in ("program", "command_substitution", "process_substitution"):
        given = _redirected(current.node, source)
        if given is not None:
            return given
        around = current.around
        if around is not None and around.node.type == "pipeline" and current.node != around.node.children[0]:
            return Input(_piped_text(current.node, around.node, source), "a pipe")
        while around is not None and around.node.type == "heredoc_redirect":
            # What follows `cmd <<EOF` in its line hangs below the redirect, which is not its own.
            around = around.around and around.around.around
        current = around
    return None


def _redirected(node: Node, source: bytes) -> Input | None:
    for child in reversed(node.children):
        if child.type == "herestring_redirect" and child.named_children:
            return Input(word(child.named_children[-1], source), "a here-string")
        if child.type == "heredoc_redirect":
            return Input(_heredoc_text(child, source), "a here-document")
        if child.type == "file_redirect" and any(part.type in ("<", "<&") for part in child.children):
            return Input(None, "a file")
    return None


def _heredoc_text(node: Node, source: bytes) -> str | None:
    body = _child(node, "heredoc_body")
    if body is None:
        return None
    content = text(body, source)
    if not _is_quoted(node, source) and ("$" in content or "`" in content):
        return None
    start = node.children[0].type if node.children else ""
    return "\n".join(line.lstrip("\t") for line in content.split("\n")) if start == "<<-" else content


def _piped_text(node: Node, pipeline: Node, source: bytes) -> str | None:
    """What `echo words |` writes, when that is before the command; nothing else is known."""
    stages = [child for child in pipeline.children if child.is_named]
    index = next((index for index, stage in enumerate(stages) if stage == node), 0)
    before = stages[index - 1] if index else None
    if before is None or before.type != "command":
        return None
    words = [word(child, source) for child in _arguments(before)]
    if len(words) > 1 and words[0] == "echo" and not words[1].startswith("-") and not any(map(is_computed, words)):
        return " ".join(words[1:])
    return None

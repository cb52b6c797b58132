"""What each kind of node means: called for every node of a command line, in the order they are written."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from tree_sitter import Node

from audit.shell.environment import is_risky
from audit.shell.known import TOLD
from audit.shell.run import Collector
from audit.shell.surroundings import Place, arguments, child_of, input_of
from audit.shell.words import GLOB, is_quoted, text, word

Visitor = Callable[[Collector, Place, bytes, tuple[str, ...]], None]


def _command(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    lines: list[list[str]] = [[]]
    for child in (*arguments(place.node), *_arguments_after_redirects(place)):
        value = word(child, source)
        if value.startswith("\n"):  # the grammar takes a backslash at the start of a line for part of the one before
            lines.append([])
        lines[-1].append(value.lstrip("\n"))
    written = text(place.node, source) if not via and len(lines) == 1 else ""
    for words in lines:
        if words:
            finder.command(words, via, given=partial(input_of, place, source), written=written)


_WORDS = {
    "word",
    "number",
    "string",
    "raw_string",
    "ansi_c_string",
    "translated_string",
    "concatenation",
    "simple_expansion",
    "expansion",
    "command_substitution",
    "process_substitution",
    "arithmetic_expansion",
    "brace_expression",
}


def _arguments_after_redirects(place: Place) -> Iterator[Node]:
    """`sudo > f rm x` is `sudo rm x`: the grammar gives the words behind a redirect to the redirect."""
    around = place.around
    if around is None or around.node.type != "redirected_statement":
        return
    for redirect in around.node.children:
        if redirect.type in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
            yield from _behind_target(redirect)
        elif redirect.type in _WORDS and redirect.start_byte > place.node.start_byte:
            yield redirect


def _behind_target(redirect: Node) -> Iterator[Node]:
    """The words in a redirect that are not its own."""
    words = [child for child in redirect.children if child.type in _WORDS]
    # A here-document's own word has a type of its own; the others' is the first.
    yield from words if redirect.type == "heredoc_redirect" else words[1:]
    if redirect.type == "heredoc_redirect":
        for child in redirect.children:
            if child.type == "file_redirect":
                yield from _behind_target(child)


def _redirected_statement(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    body = place.node.child_by_field_name("body")
    if body is not None and body.type == "command":
        return
    redirects = [child for child in place.node.children if child.type.endswith("_redirect")]
    stray = [word(child, source) for redirect in redirects for child in _behind_target(redirect)]
    if stray:
        if body is None:
            finder.command(stray, via)
        else:
            finder.doubt("words behind the redirect of a block", text(place.node, source))


def _assignment(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        return
    what = text(name, source)
    finder.found.assigns = True
    assigned = word(value, source) if value is not None else ""
    if is_risky(what, assigned):
        finder.doubt(f"sets {what}, which decides what other commands run", text(node, source))
    if value is not None and value.type in ("raw_string", "ansi_c_string") and _substitutes(assigned):
        finder.doubt("keeps a substitution for later", text(node, source))


def _substitutes(value: str) -> bool:
    return "$(" in value or "`" in value or "<(" in value


def _declaration(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    words = [text(node.children[0], source)]
    words += [
        text(child, source) if child.type == "variable_assignment" else word(child, source)
        for child in node.children[1:]
        if child.is_named
    ]
    finder.command(words, via, written=text(node, source))


def _test(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    # Arithmetic in a test evaluates the text of words: [[ 'a[$(rm x)]' -eq 1 ]] runs rm.
    pending = list(node.children)
    while pending:
        child = pending.pop()
        if child.type in ("raw_string", "word", "ansi_c_string") and _substitutes(word(child, source)):
            finder.doubt("a test may evaluate a substitution", text(node, source))
        pending.extend(child.children)


def _expansion(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    written = text(node, source)
    if written.endswith(("@P}", "@E}", "@A}")):
        finder.doubt("expands a value as code", written)
    if "<(" in written or ">(" in written:
        finder.doubt("a process in the default of a variable", written)


def _file_redirect(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    node = place.node
    operator = next((child.type for child in node.children if not child.is_named), "")
    target = next((child for child in node.named_children if child.type != "file_descriptor"), None)
    if target is None:
        return
    path = word(target, source)
    if operator in ("<&", ">&") and (path.rstrip("-").isdigit() or path == "-"):
        return
    if path.startswith(("/dev/tcp/", "/dev/udp/")):
        finder.doubt("opens a network connection", text(node, source))
    elif operator in ("<", "<&"):
        finder.read(path, "redirect")
    else:
        finder.write(path, "redirect")


def _word(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    around = place.around and place.around.node.type
    if source.startswith(b"\n", place.node.start_byte) and around not in ("command", "command_name"):
        finder.doubt("lines that the grammar joins", text(place.node, source))


def _delimiter(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    if not text(place.node, source).isascii():  # the tree cannot tell such words apart
        finder.doubt("a here-document that ends with a word beyond ASCII", text(place.node, source))


def _backquoted(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    """Inside `...` a backslash escapes once more, so that `echo \\`rm x\\`` runs rm."""
    inner = text(place.node, source)
    if inner.startswith("`") and "\\" in inner:
        finder.code(re.sub(r"\\([$`\\])", r"\1", inner[1:-1]), via)


def _function(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    name = place.node.child_by_field_name("name")
    if name is None:
        return
    defined = text(name, source)
    finder.found.functions.add(defined)
    if defined in TOLD:
        finder.doubt(f"makes another program of {defined}, whose output is taken as known", text(place.node, source))


_SUBSTITUTION = re.compile(rb"(?<!\\)(?:\\\\)*(`|\$\()")
_LITERAL = {"raw_string", "ansi_c_string", "comment"}
_SUBSTITUTES = {"command_substitution", "arithmetic_expansion"}


def unseen_substitution(root: Node, source: bytes) -> str:
    """A substitution that bash makes and the tree does not have, such as `...` in a here-document or in ${x:-...}."""
    if b"`" not in source and b"$(" not in source:
        return ""
    seen: set[int] = set()
    literal: list[tuple[int, int]] = []
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type in _LITERAL or (node.type == "heredoc_redirect" and is_quoted(node, source)):
            body = child_of(node, "heredoc_body") if node.type == "heredoc_redirect" else node
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


def _for(finder: Collector, place: Place, source: bytes, via: tuple[str, ...]) -> None:
    for child in place.node.named_children:
        if child.type in _WORDS and GLOB in (value := word(child, source)):
            finder.found.looped.append(value)


VISITORS: dict[str, Visitor] = {
    "for_statement": _for,
    "command": _command,
    "variable_assignment": _assignment,
    "declaration_command": _declaration,
    "unset_command": _declaration,
    "test_command": _test,
    "command_substitution": _backquoted,
    "expansion": _expansion,
    "file_redirect": _file_redirect,
    "function_definition": _function,
    "heredoc_start": _delimiter,
    "redirected_statement": _redirected_statement,
    "word": _word,
}

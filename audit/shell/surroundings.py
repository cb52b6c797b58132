"""Nodes of the syntax tree with what is around them: a command's arguments and its input."""

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from audit.shell.words import is_computed, text, word


class Place(NamedTuple):
    """A node and what is around it; asking the tree for a parent costs its depth each time."""

    node: Node
    around: "Place | None"


class Input(NamedTuple):
    """What a command reads: the text if it is known, else None."""

    text: str | None
    name: str


_NOT_ARGUMENTS = {"variable_assignment", "file_redirect", "herestring_redirect", "heredoc_redirect", "comment"}


def arguments(node: Node) -> Iterator[Node]:
    previous: Node | None = None
    for child in node.children:
        if child.type in _NOT_ARGUMENTS or (not child.is_named and child.type in ("<", ">", "=")):
            continue
        if child.is_named or child.type not in (";", "&"):
            previous = child
            yield previous


def child_of(node: Node, kind: str) -> Node | None:
    return next((child for child in node.children if child.type == kind), None)


def is_quoted(heredoc: Node, source: bytes) -> bool:
    start = child_of(heredoc, "heredoc_start")
    return start is not None and any(mark in text(start, source) for mark in "'\"\\")


def input_of(place: Place, source: bytes) -> Input | None:
    """What a command reads, from its own redirects or those of what stands around it."""
    current: Place | None = place
    while current is not None and current.node.type not in ("program", "command_substitution", "process_substitution"):
        given = _redirected(current.node, source)
        if given is not None:
            return given
        around = current.around
        if around is not None and around.node.type == "pipeline" and current.node != around.node.children[0]:
            # `a | b <<EOF`: the grammar gives the redirect to the pipe, bash to its last command.
            last = around.around if current.node == around.node.children[-1] else None
            given = _redirected(last.node, source) if last and last.node.type == "redirected_statement" else None
            if given is not None:
                return given
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
    body = child_of(node, "heredoc_body")
    if body is None:
        return None
    content = text(body, source)
    if not is_quoted(node, source) and ("$" in content or "`" in content):
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
    words = [word(child, source) for child in arguments(before)]
    if len(words) > 1 and words[0] == "echo" and not words[1].startswith("-") and not any(map(is_computed, words)):
        return " ".join(words[1:])
    return None

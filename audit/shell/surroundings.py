"""Nodes of the syntax tree with what is around them: a command's arguments and its input."""

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from audit.shell.words import heredoc_text, is_computed, word


class Place(NamedTuple):
    """A node and what is around it; asking the tree for a parent costs its depth each time."""

    node: Node
    around: "Place | None"


class Input(NamedTuple):
    """What a command reads: the text if it is known, else None."""

    text: str | None
    name: str
    words: tuple[str, ...] = ()
    """The command that writes it, if that is piped."""

    @property
    def is_here(self) -> bool:
        """Whether it stands in the line itself."""
        return self.name == "a here-document"


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
            piped = _piped(current.node, around.node, source)
            return Input(_told_text(piped), "a pipe", tuple(piped))
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
            return Input(heredoc_text(child, source), "a here-document")
        if child.type == "file_redirect" and any(part.type in ("<", "<&") for part in child.children):
            return Input(None, "a file")
    return None


def _piped(node: Node, pipeline: Node, source: bytes) -> list[str]:
    """The command whose output is piped into a stage; empty where that is more than one command."""
    stages = [child for child in pipeline.children if child.is_named]
    index = next((index for index, stage in enumerate(stages) if stage == node), 0)
    before = stages[index - 1] if index else None
    if before is None or before.type != "command":
        return []
    return [word(child, source) for child in arguments(before)]


def _told_text(words: list[str]) -> str | None:
    """What `echo words |` writes; of no other command it is known."""
    if len(words) > 1 and words[0] == "echo" and not words[1].startswith("-") and not any(map(is_computed, words)):
        return " ".join(words[1:])
    return None

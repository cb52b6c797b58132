"""The words of a command as the program will get them: unquoted and unescaped, with marks where only a shell knows."""

import re

from tree_sitter import Node

UNKNOWN = "\0"
"""Stands in a word for what is known when it runs: a variable, a substitution."""
SPLIT = "\2"
"""Follows UNKNOWN where it is not quoted, so that it may become several words or none."""
VARIABLE = "\4"
"""Follows UNKNOWN where it is the value of a variable, which the text itself or the environment has set."""
TEMPORARY = "\5"
"""Follows VARIABLE where it is TMPDIR, as the environment has it unless the text sets it."""
GLOB = "\1"
"""Precedes an unquoted `*`, `?` or `[`, which the shell replaces by file names."""
MARKS = str.maketrans("", "", GLOB + SPLIT + VARIABLE + TEMPORARY)

_ESCAPE = re.compile(r"\\(\n|.)|([*?\[]|[!@+](?=\())", re.DOTALL)
_ESCAPE_IN_STRING = re.compile(r'\\([$`"\\\n])')
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_ANSI = r"(?s)\\(?:([abeEfnrtv\\'\"?])|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.))"
_ANSI_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_EXPANSIONS = {
    "simple_expansion",
    "expansion",
    "command_substitution",
    "arithmetic_expansion",
    "process_substitution",
    "brace_expression",
}


def word(node: Node, source: bytes) -> str:
    """The word a node of the syntax tree stands for."""
    match node.type:
        case "word" | "number" | "variable_name" | "test_operator" | "extglob_pattern" | "regex":
            return _bare(text(node, source))
        case "raw_string":
            return text(node, source)[1:-1]
        case "string":
            return _string(node, source)
        case "ansi_c_string":
            return ansi_c(text(node, source)[2:-1])
        case "translated_string" | "command_name":
            return "".join(word(child, source) for child in node.named_children)
        case "concatenation":
            return _concatenation(node, source)
        case "simple_expansion" | "expansion":
            return _variable(node, source)
        case "process_substitution":
            return "/dev/fd/" + UNKNOWN
        case kind if kind in _EXPANSIONS:
            return _substituted(node, source)
    return UNKNOWN


def _variable(node: Node, source: bytes) -> str:
    is_temporary = text(node, source) in ("$TMPDIR", "${TMPDIR}")
    return UNKNOWN + VARIABLE + TEMPORARY * is_temporary + SPLIT


def _substituted(node: Node, source: bytes) -> str:
    known = told_by_cat(node, source)
    return UNKNOWN + SPLIT if known is None else known


def told_by_cat(node: Node, source: bytes) -> str | None:
    """The text of `$(cat <<'EOF' ...)`, the form in which agents write messages; None for any other substitution.

    Not quoted it would be split into words, and what the here-document substitutes is not known.
    """
    if node.parent is None or node.parent.type != "string" or node.named_child_count != 1:
        return None
    statement = node.named_children[0]
    if (
        node.type != "command_substitution"
        or statement.type != "redirected_statement"
        or statement.named_child_count != 2
    ):
        return None
    body, redirect = statement.named_children
    if body.type != "command" or text(body, source) != "cat" or redirect.type != "heredoc_redirect":
        return None
    if any(not child.type.startswith("heredoc_") for child in redirect.named_children):  # more stands in its line
        return None
    content = heredoc_text(redirect, source)
    return None if content is None else content.rstrip("\n")


def heredoc_text(node: Node, source: bytes) -> str | None:
    """The text of a here-document; None where bash would substitute in it."""
    body = next((child for child in node.children if child.type == "heredoc_body"), None)
    if body is None:
        return None
    content = text(body, source)
    if not is_quoted(node, source) and any(mark in content for mark in "$`\\"):
        return None
    start = node.children[0].type if node.children else ""
    return "\n".join(line.lstrip("\t") for line in content.split("\n")) if start == "<<-" else content


def is_quoted(heredoc: Node, source: bytes) -> bool:
    """Whether bash leaves a here-document as it stands."""
    start = next((child for child in heredoc.children if child.type == "heredoc_start"), None)
    return start is not None and any(mark in text(start, source) for mark in "'\"\\")


def text(node: Node, source: bytes) -> str:
    """The node as it is written."""
    return source[node.start_byte : node.end_byte].decode(errors="replace")


def is_computed(value: str) -> bool:
    """Whether what a word will be depends on the moment it runs."""
    return UNKNOWN in value or GLOB in value


def plain(value: str) -> str:
    """The word without marks, except for UNKNOWN."""
    return value.translate(MARKS)


def ansi_c(value: str) -> str:
    """The inside of $'...'."""

    def decode(match: re.Match[str]) -> str:
        letter, hexadecimal, short, long, octal, control = match.groups()
        if letter:
            return _ANSI_LETTERS.get(letter, letter)
        if control:
            return chr(ord(control.upper()) ^ 64 & 0x7F)
        code = int(octal, 8) & 0xFF if octal else int(hexadecimal or short or long, 16)
        return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else UNKNOWN

    return re.sub(_ANSI, decode, value)


def _bare(value: str) -> str:
    if _BRACES.search(value):
        return UNKNOWN + SPLIT
    return _ESCAPE.sub(lambda match: GLOB + match[2] if match[2] else match[1].replace("\n", ""), value)


def _string(node: Node, source: bytes) -> str:
    parts, position = [], node.start_byte + 1
    for child in node.named_children:
        if child.type in _EXPANSIONS:
            parts += [_quoted(source[position : child.start_byte]), word(child, source).replace(SPLIT, "")]
            position = child.end_byte
    parts.append(_quoted(source[position : node.end_byte - 1]))
    return "".join(parts)


def _quoted(value: bytes) -> str:
    return _ESCAPE_IN_STRING.sub(lambda match: match[1].replace("\n", ""), value.decode(errors="replace"))


def _concatenation(node: Node, source: bytes) -> str:
    bare = "".join(text(child, source) if child.type in ("word", "number") else "_" for child in node.children)
    if _BRACES.search(bare):
        return UNKNOWN + SPLIT
    return "".join(word(child, source) for child in node.children)

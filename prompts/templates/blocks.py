"""The blocks of a template, read before the engine sees it: what is allowed in one, how deep they may nest.

minijinja recurses natively where expressions and tags nest, and an overflow there ends the process. Nothing here
recurses, and reading stops at the first limit.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.errors import DomainError

MAX_BLOCKS = 5_000
"""`{{ }}` and `{% %}` of one template."""
MAX_OPERATORS = 200
"""Operators, filters, look-ups and brackets of one block. A stack of 256 KB, less than any thread has by default,
overflows at 586 `not`."""
MAX_DEPTH = 60
"""Open `if`, `elif` and `for`: each `elif` nests in the one before; 235 overflow such a stack."""
INCLUDE = "include"
"""The tag that stands for another prompt's text; the engine never sees it."""
TAGS = {"if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"}
FILTERS = {
    "abs", "capitalize", "default", "dictsort", "first", "float", "int", "items", "join", "last", "length", "lines",
    "list", "lower", "max", "min", "reverse", "round", "sort", "sum", "title", "tojson", "trim", "unique", "upper",
}  # fmt: skip

_PUNCTUATION = set(".,|()[]:<>=!-")
_WORDS = {"in", "not", "and", "or", "is", "if", "else", "elif", "for"}
_NESTS = {*"-|.[(<>=!", "not", "and", "or", "is", "in", "if", "else"}
"""Tokens that can put one expression into another."""
_OPEN = re.compile(r"\{\{|\{%|\{#")
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<close>[-+]?%\}|[-+]?\}\})|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<quote>["'])"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<number>\d[\d_]*(?:\.\d+)?)|(?P<mark>.)""",
    re.DOTALL,
)
# Exactly the engine's own: what we took for raw and it did not would hide blocks from the counts.
_RAW = re.compile(r"\{%[-+]?[ \t\n\f\r]*raw[ \t\n\f\r]*[-+]?%\}")
_END_RAW = re.compile(r"\{%[-+]?[ \t\n\f\r]*endraw[ \t\n\f\r]*[-+]?%\}")


class TemplateInvalid(DomainError):
    """The template itself cannot be used."""

    code = "template-invalid"
    remedy = "mend the template where `detail` says"


@dataclass(frozen=True, slots=True)
class Block:
    line: int
    tag: str
    """The first word of `{% ... %}`, empty for `{{ ... }}`."""
    tokens: list[tuple[str, str]]
    start: int = 0
    end: int = 0
    """Where it stands in the template."""

    def names(self) -> Iterator[str]:
        """The variables it reads."""
        tokens = self.tokens[1:] if self.tag else self.tokens
        words = ["", "", *(text for _, text in tokens), "", ""]
        for index, (kind, text) in enumerate(tokens, start=2):
            attribute = words[index - 1] in {".", "|", "is"} or words[index - 2 : index] == ["is", "not"]
            keyword = words[index + 1] == "=" and words[index + 2] != "="
            if kind == "name" and text not in _WORDS and not attribute and not keyword:
                yield text

    def bound(self) -> Iterator[str]:
        """The names a `for` gives to its items."""
        for kind, text in self.tokens[1:] if self.tag == "for" else ():
            if text == "in":
                return
            if kind == "name":
                yield text

    def guarded(self) -> Iterator[str]:
        """The variables that may be missing: `default` or `is defined` follows."""
        words = [text for _, text in self.tokens]
        for index, (kind, text) in enumerate(self.tokens):
            rest = words[index + 1 : index + 4]
            guarded = rest[:2] in (["|", "default"], ["is", "defined"]) or rest == ["is", "not", "defined"]
            if kind == "name" and guarded:
                yield text


def read_blocks(template: str) -> list[Block]:
    """Every block in order. Raises TemplateInvalid for what the engine must not see."""
    blocks: list[Block] = []
    for block in _blocks(template):
        if len(blocks) == MAX_BLOCKS:
            raise TemplateInvalid(f"Line {block.line}: a template has at most {MAX_BLOCKS} blocks. Split the prompt.")
        _refuse_power(block)
        blocks.append(block)
    _refuse_depth(blocks)
    return blocks


def read_includes(template: str) -> list[Block]:
    """The `{% include "..." %}` of a template. Raises TemplateInvalid for one that names no text."""
    found = [block for block in _blocks(template) if block.tag == INCLUDE] if INCLUDE in template else []
    for block in found:
        if [kind for kind, _ in block.tokens] != ["name", "text"]:
            raise TemplateInvalid(f'Line {block.line}: write {{% include "prompt" %}}, with one name in quotes.')
    return found


def _blocks(template: str) -> Iterator[Block]:
    position = counted_to = 0
    line = 1
    while opening := _OPEN.search(template, position):
        line += template.count("\n", counted_to, opening.start())
        counted_to = opening.start()
        if opening[0] == "{#":
            end = template.find("#}", opening.end())
            if end < 0:
                raise _endless("the comment", "#}", line)
            position = end + 2
        elif raw := _RAW.match(template, opening.start()):
            ending = _END_RAW.search(template, raw.end())
            if not ending:
                raise _endless("the raw block", "{% endraw %}", line)
            position = ending.end()
        else:
            tokens, position = _tokens(template, opening, line)
            tag = tokens[0][1] if opening[0] == "{%" and tokens else ""
            yield Block(line, tag, tokens, opening.start(), position)


def _tokens(template: str, opening: re.Match[str], line: int) -> tuple[list[tuple[str, str]], int]:
    """The tokens of a block and where it ends."""
    close = "%}" if opening[0] == "{%" else "}}"
    position = opening.end()
    endless = _endless(f"the block that begins with {opening[0]}", close, line)
    tokens: list[tuple[str, str]] = []
    operators = 0
    while found := _TOKEN.match(template, position):
        position = found.end()
        kind, text = str(found.lastgroup), found[0]
        if kind == "close" and text.endswith(close):
            # `{%-` and `{{+` say what happens to the space before them.
            return (tokens[1:] if tokens and tokens[0][1] in {"-", "+"} else tokens), position
        is_foreign = kind in {"mark", "close"} and text not in _PUNCTUATION and (tokens or text != "+")
        if (kind == "quote" or is_foreign) and not _closes(template, opening, close):
            raise endless
        if kind == "quote":
            raise _endless("the string", text, line)
        if is_foreign:
            raise _unknown(line, repr(text), "", "Compute the value first.")
        if kind != "space":
            tokens.append((kind, text))
            operators += text in _NESTS
        if operators > MAX_OPERATORS:
            raise TemplateInvalid(
                f"Line {line}: one block has at most {MAX_OPERATORS} operators, filters and look-ups. "
                "Compute the value first."
            )
    raise endless


def _closes(template: str, opening: re.Match[str], close: str) -> bool:
    """Whether a block ends before the next one begins: if not, what is foreign in it is the text around it."""
    end, following = template.find(close, opening.end()), _OPEN.search(template, opening.end())
    return end >= 0 and (following is None or end < following.start())


def _endless(what: str, end: str, line: int) -> TemplateInvalid:
    return TemplateInvalid(f"Syntax error: {what} in line {line} is not closed: its {end} is missing.")


def _refuse_depth(blocks: Sequence[Block]) -> None:
    """Raises TemplateInvalid for tags that nest too deep."""
    levels: list[int] = []  # of each open tag, itself and its `elif`s
    depth = 0
    for block in blocks:
        if block.tag in {"if", "for"}:
            levels.append(1)
            depth += 1
        elif block.tag == "elif" and levels:
            levels[-1] += 1
            depth += 1
        elif block.tag in {"endif", "endfor"} and levels:
            depth -= levels.pop()
        if depth > MAX_DEPTH:
            raise TemplateInvalid(
                f"Line {block.line}: more than {MAX_DEPTH} if, elif and for are open. Choose the text before rendering."
            )


def _refuse_power(block: Block) -> None:
    """Raises TemplateInvalid for what could build large values or reach code."""
    if block.tag and block.tag not in TAGS:
        raise _unknown(block.line, f"the tag {block.tag[:100]!r}", f"({', '.join(sorted(TAGS))} are)")
    tokens = [("", ""), *block.tokens, ("", "")]
    for before, (kind, text), after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if kind == "name" and before[1] == "|" and text not in FILTERS:
            raise _unknown(block.line, f"the filter {text[:100]!r}", f"({', '.join(sorted(FILTERS))} are)")
        called = kind == "name" and after[1] == "(" and before[1] not in {"|", "is"} and text not in _WORDS
        if called and (text != "range" or before[1] == "."):
            raise _unknown(block.line, f"{text[:100]}()", "", "Only range() may be called.")


def _unknown(line: int, what: str, known: str, advice: str = "") -> TemplateInvalid:
    said = " ".join(filter(None, [f"Line {line}: {what} is not part of prompt templates", known]))
    return TemplateInvalid(f"{said}. {advice}".rstrip())

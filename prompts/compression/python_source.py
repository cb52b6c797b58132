"""Python: comments, literals, and the outline of a module, by its own tokenizer.

Not by `ast`: for 1 MiB it holds the interpreter lock up to 4 s and takes 900 MB (measured with `x;x;x`), while the
tokenizer gives one token at a time.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

from prompts.compression.lexical import Scan, Untrusted

LONGEST_LINE = 20_000
"""Characters. Nobody writes longer ones, and a number of 1 MiB keeps the tokenizer in one expression for 3 s."""
DEEPEST = 100
"""Levels of indentation, as Python itself has them."""
_CLAUSES = {"else", "elif", "except", "finally"}
_SCRIPT = re.compile(r"#[ \t]///[ \t]*(\w*)")


def scan(text: str) -> Scan:
    """Comments and literals over several lines. Raises Untrusted for what is no Python."""
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))
    found = Scan(trusted=len(text))
    opened: list[int] = []
    in_script = False
    for token in _tokens(text):
        start, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        match tokenize.tok_name[token.type]:
            case "COMMENT":
                if mark := _SCRIPT.match(token.string):  # metadata of a script (PEP 723) are comments up to `# ///`
                    in_script = bool(mark[1])
                elif not in_script:
                    found.comments.append((start, end))
            case "FSTRING_START":  # since Python 3.12; before, an f-string is one STRING
                opened.append(start)
            case "FSTRING_END":
                found.add_literal(text, opened.pop(), end)
            case "STRING":
                found.add_literal(text, start, end)
    return found


@dataclass(slots=True)
class Statement:
    """One logical line with its block; decorators and comments above belong to it."""

    first: int
    """Row, from 1."""
    last: int
    """Row its own logical line ends in; its block comes after."""
    words: tuple[str, ...]
    """Its first tokens, decorators aside."""
    code: int
    """Row its logical line begins in, comments and decorators aside."""
    only_text: bool
    """A literal and nothing else: a docstring where it comes first."""
    indent: str = ""
    """Before each line of its block."""
    body: list["Statement"] = field(default_factory=list)
    clauses: list["Statement"] = field(default_factory=list)
    """`else`, `except` and the like that follow it."""

    @property
    def keyword(self) -> str:
        return self.words[1] if self.words[0] == "async" and len(self.words) > 1 else self.words[0]

    @property
    def name(self) -> str:
        """Of a function or class."""
        return self.words[self.words.index(self.keyword) + 1] if len(self.words) > 1 else ""

    @property
    def end(self) -> int:
        """Row its block and clauses end in."""
        inner = self.clauses or self.body
        return inner[-1].end if inner else self.last

    @property
    def holds_definitions(self) -> bool:
        return any(
            inner.keyword in {"def", "class"} or inner.holds_definitions
            for part in (self, *self.clauses)
            for inner in part.body
        )


def outline(text: str) -> tuple[list[Statement], int]:
    """The statements of a module, and the row its last comments begin in. Raises Untrusted for what is no Python."""
    module: list[Statement] = []
    blocks = [module]
    line: list[tokenize.TokenInfo] = []
    above = decorated = 0
    for token in _tokens(text):
        if token.type == tokenize.INDENT:
            if len(blocks) > DEEPEST or not blocks[-1]:
                raise Untrusted
            owner = blocks[-1][-1]
            owner = owner.clauses[-1] if owner.clauses else owner
            owner.indent = token.string
            blocks.append(owner.body)
        elif token.type == tokenize.DEDENT:
            blocks.pop()
        elif token.type == tokenize.COMMENT and not line:
            above = above or token.start[0]
        elif token.type == tokenize.NEWLINE and line:
            first = decorated or above or line[0].start[0]
            if line[0].string == "@":
                decorated = first
            else:
                _append(blocks[-1], line, first, token.start[0])
                decorated = 0
            line, above = [], 0
        elif token.type not in {tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER, tokenize.NEWLINE}:
            line.append(token) if len(line) < 4 else None
    return module, above


def _append(block: list[Statement], line: list[tokenize.TokenInfo], first: int, last: int) -> None:
    only_text = len(line) == 1 and line[0].type == tokenize.STRING and line[0].string[0] in "\"'rRuU"
    words = tuple(token.string for token in line[:3])
    statement = Statement(first, last, words, line[0].start[0], only_text)
    if line[0].string in _CLAUSES and block:
        block[-1].clauses.append(statement)
    else:
        block.append(statement)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    if any(len(line) > LONGEST_LINE for line in io.StringIO(text, newline="")):
        raise Untrusted
    try:
        yield from tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    except (tokenize.TokenError, SyntaxError, ValueError, IndexError) as error:
        raise Untrusted from error

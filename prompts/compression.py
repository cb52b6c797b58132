"""Context cut to a token budget by a ladder: whitespace, comments, summary, truncation.

Each rung runs only while the text is over the budget, and the last one cannot miss it. Python keeps its syntax
tree through the first two rungs, docstrings included, and still parses after the third.
"""

import io
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

from config.errors import DomainError
from prompts import skeleton
from prompts.tokens import count_tokens, load, tokenizer_for

MAX_DROPPED = 200
"""Names listed as dropped; a long list would itself be context."""
PROSE = {"", "text", "markdown", "md", "rst", "plain"}
# Comments that change what a program means to its tools.
_KEPT_COMMENT = re.compile(r"#\s*(?:type:|-\*-|coding[:=]|.{0,20}?coding[:=])|#!")
_SIGNS = {
    name: re.compile(pattern, re.MULTILINE)
    for name, pattern in {
        "bash": r"\A#!.*\b(?:ba|z|da)?sh\b",
        "python": r"\A#!.*python|^(?:def|class|async def) \w+.*:[ \t]*(?:#.*)?$|^(?:from [\w.]+ )?import [\w., ]+$",
        "html": r"\A\s*<(?:!doctype html|html)\b",
        "c": r"^#include [<\"]",
        "go": r"\Apackage \w+[ \t]*$",
        "rust": r"^(?:pub )?fn \w+.*\{[ \t]*$|^use [\w:{}, ]+;$",
        "java": r"^(?:public|private|protected) (?:static |final |abstract )*(?:class|interface|enum|void) ",
        "typescript": r"^(?:export )?(?:interface|type) \w+.*[={][ \t]*$",
        "javascript": r"^(?:export |async )*function\b.*\{|^(?:export )?(?:const|let|var) \w+ =|^import .* from [\"']",
        "sql": r"(?i)\A\s*(?:create|alter|drop|select|insert|update|delete)\s+(?:[*\d]|.*?\b(?:from|into|table|set)\b)",
    }.items()
}


class CompressionInvalid(DomainError):
    code = "compression-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung that changed the text."""

    name: str
    """whitespace, comments, summary or truncation."""
    tokens: int
    """What was left after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressed:
    text: str
    tokens: int
    original_tokens: int
    language: str
    encoding: str
    exact: bool
    steps: tuple[Step, ...]
    dropped: tuple[str, ...]
    """What is gone: names of definitions whose bodies or whole were left out, and `the last n tokens`."""


def compress(text: str, *, max_tokens: int, language: str = "", model: str = "") -> Compressed:
    """`text` in at most `max_tokens` tokens of the model. Raises CompressionInvalid for a negative budget."""
    if max_tokens < 0:
        raise CompressionInvalid("max_tokens must be 0 or more.")
    tokenizer = tokenizer_for(model)
    original = tokens = count_tokens(text, model).tokens
    language = (language or detect(text)).lower()
    steps: list[Step] = []
    dropped: list[str] = []

    def summarize(source: str) -> str:
        shorter, gone = skeleton.summarize(
            source, max_tokens=max_tokens, language=language, count=lambda part: count_tokens(part, model).tokens
        )
        dropped[:] = gone
        return shorter

    def truncate(source: str) -> str:
        cut = _truncate(source, max_tokens, model)
        dropped.append(f"the last {tokens - count_tokens(cut, model).tokens} tokens")
        return cut

    rungs: list[tuple[str, Callable[[str], str]]] = [
        ("whitespace", lambda source: strip_whitespace(source, language)),
        ("comments", lambda source: strip_comments(source, language)),
        ("summary", summarize),
        ("truncation", truncate),
    ]
    for name, rung in rungs:
        if tokens <= max_tokens:
            break
        shorter = rung(text)
        after = count_tokens(shorter, model).tokens
        # A rung may lose: fewer characters can be more tokens, and a text of few large pieces has no summary that
        # comes near the budget; then its beginning says more, unless it is Python, which shall parse.
        poor = name == "summary" and after < max_tokens // (10 if language == "python" else 2)
        if shorter != text and not poor and (after < tokens or name == "truncation"):
            text, tokens = shorter, after
            steps.append(Step(name=name, tokens=tokens))
        elif name == "summary":
            dropped.clear()
    shown = dropped[:MAX_DROPPED] + ([f"and {len(dropped) - MAX_DROPPED} more"] if len(dropped) > MAX_DROPPED else [])
    return Compressed(
        text=text,
        tokens=tokens,
        original_tokens=original,
        language=language,
        encoding=tokenizer.encoding,
        exact=tokenizer.exact,
        steps=tuple(steps),
        dropped=tuple(shown),
    )


def detect(text: str) -> str:
    """A Pygments alias, or text when nothing speaks for a language.

    Not Pygments' own guess: it takes a second for one long line and is seldom sure.
    """
    sample = text[:20_000]
    return next((name for name, pattern in _SIGNS.items() if pattern.search(sample)), "text")


def strip_whitespace(text: str, language: str) -> str:
    """Without trailing blanks and repeated blank lines, outside of string literals."""
    inside = _lines_ending_inside_strings(text, language)
    if inside is None:
        return text
    out: list[str] = []
    blank = False
    for number, line in enumerate(_lines(text), start=1):
        bare = line.rstrip()
        # Two spaces that end a line of prose are its line break, and what follows a backslash may be data.
        kept = number in inside or bare.endswith("\\") or (language in PROSE and bare and line.endswith("  \n"))
        if not bare and blank and not kept:
            continue
        blank = not bare and not kept
        out.append(line if kept else bare + _ending(line))
    return "".join(out)


def strip_comments(text: str, language: str) -> str:
    """Without comments; a line that held nothing else goes with it. Docstrings and shebangs stay."""
    if language in PROSE:
        return text
    spans = _python_comments(text) if language == "python" else _lexed_comments(text, language)
    lines = _lines(text)
    touched: set[int] = set()
    for row, start, end in reversed(_merged(spans)):
        line = lines[row]
        before, after = line[:start], line[end:]
        joined = before[-1:].strip() and after[:1].strip()
        lines[row] = (
            f"{before} {after}" if joined else before.rstrip(" \t") + after if not after.strip() else before + after
        )
        touched.add(row)
    return "".join(line for row, line in enumerate(lines) if row not in touched or line.strip())


def _merged(spans: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Spans that touch as one: a lexer may give a comment in several pieces."""
    merged: list[tuple[int, int, int]] = []
    for row, start, end in spans:
        if merged and merged[-1][0] == row and merged[-1][2] == start:
            merged[-1] = (row, merged[-1][1], end)
        else:
            merged.append((row, start, end))
    return merged


def _lines(text: str) -> list[str]:
    """Lines as Python's and Pygments' lexers count them; str.splitlines also ends them at form feeds."""
    return list(io.StringIO(text, newline=""))


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _lines_ending_inside_strings(text: str, language: str) -> set[int] | None:
    """Numbers of lines whose end is part of a string: their blanks are data. None when they cannot be told."""
    if language in PROSE:
        return set()
    if language == "python":
        return _python_string_lines(text)
    inside: set[int] = set()
    row = 1
    for _, kind, value in _lexed(text, language):
        newlines = value.count("\n")
        # Heredocs, template literals and YAML's block scalars are all literals to Pygments.
        if newlines and kind in Token.Literal and value.strip():
            inside.update(range(row, row + newlines))
        row += newlines
    return inside


def _lexed(text: str, language: str) -> list[tuple[int, Any, str]]:
    """Pygments' tokens with their offsets; nothing for a language it does not know."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return []
    # Not get_tokens(): it changes line ends, and offsets would no longer fit.
    return list(lexer.get_tokens_unprocessed(text))


def _lexed_comments(text: str, language: str) -> list[tuple[int, int, int]]:
    """Comments as (row, first column, last column), one entry a line."""
    starts = [0]
    for line in _lines(text):
        starts.append(starts[-1] + len(line))
    spans: list[tuple[int, int, int]] = []
    row = 0
    for offset, kind, value in _lexed(text, language):
        # Preprocessor lines and shebangs are code that Pygments files under comments.
        code = kind in Token.Comment.Preproc or kind in Token.Comment.PreprocFile or kind in Token.Comment.Hashbang
        if kind not in Token.Comment or code or value.startswith("#!"):
            continue
        while starts[row + 1] <= offset:
            row += 1
        position, end, here = offset, offset + len(value), row
        while position < end:
            line_end = starts[here + 1] - len(_ending(text[starts[here] : starts[here + 1]]))
            spans.append((here, position - starts[here], min(end, line_end) - starts[here]))
            position, here = starts[here + 1], here + 1
    return spans


def _python_comments(text: str) -> list[tuple[int, int, int]]:
    return [
        (token.start[0] - 1, token.start[1], token.end[1])
        for token in _python_tokens(text) or []
        if token.type == tokenize.COMMENT and not _KEPT_COMMENT.match(token.string)
    ]


def _python_tokens(text: str) -> list[tokenize.TokenInfo] | None:
    try:
        return list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None


def _python_string_lines(text: str) -> set[int] | None:
    tokens = _python_tokens(text)
    if tokens is None:
        return None
    inside: set[int] = set()
    opened: list[int] = []
    for token in tokens:
        match tokenize.tok_name[token.type]:
            case "FSTRING_START":  # since Python 3.12; before, an f-string is one STRING
                opened.append(token.start[0])
            case "FSTRING_END":
                inside.update(range(opened.pop(), token.end[0]))
            case "STRING":
                inside.update(range(token.start[0], token.end[0]))
    return inside


def _truncate(text: str, max_tokens: int, model: str) -> str:
    """The longest prefix by tokens that counts at most `max_tokens`.

    A prefix may count more than its ids and half a character decodes to nothing, so it is counted again, and one
    id is dropped while it is over: measured necessary in one cut of six, never more than a few ids.
    """
    tokenizer = tokenizer_for(model)
    encoding = load(tokenizer.ranks)
    keep = int(max_tokens / tokenizer.factor)
    ids = encoding.encode_ordinary(text)[:keep]
    while ids:
        cut = encoding.decode_bytes(ids).decode("utf-8", "ignore")
        if count_tokens(cut, model).tokens <= max_tokens:
            return cut
        ids.pop()
    return ""

"""Context cut to a token budget by a ladder: whitespace, comments, summary, truncation; logs and JSON are folded.

Each rung runs only while the text is over the budget, and the last one cannot miss it. Python keeps its syntax
tree through the first two rungs, docstrings included, and still parses after the third. JSON stays JSON, and logs
keep what went wrong. Whatever is taken away is named: text that disappears in silence is worse than text that is too
long.
"""

import io
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from config.errors import DomainError
from prompts.compression import json_documents, logs, skeleton
from prompts.compression.comments import ALIASES, scan
from prompts.compression.language import detect
from prompts.compression.lexical import Scan, line_end
from prompts.compression.markup import preformatted
from prompts.compression.skeleton import PROSE
from prompts.tokens import check_size, count_tokens, load, tokenizer_for

MAX_DROPPED = 200
"""Names listed as dropped; a long list would itself be context."""


class CompressionInvalid(DomainError):
    code = "compression-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung that changed the text."""

    name: str
    """whitespace, comments, folding, summary or truncation."""
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
    """What is gone: comments by number, definitions, sentences and lines by their beginning, `the last n tokens`."""
    hash: str = ""
    """By which the whole text can be had back; empty where nothing is missing, or nobody keeps it."""


Rung = Callable[[str], tuple[str, list[str]]]
"""The shorter text, and what is gone."""


def compress(text: str, *, max_tokens: int, language: str = "", model: str = "") -> Compressed:
    """`text` in at most `max_tokens` tokens of the model.

    Raises CompressionInvalid for a negative budget, TextTooLarge, RanksDamaged.
    """
    if max_tokens < 0:
        raise CompressionInvalid("max_tokens must be 0 or more.")
    check_size(text)
    tokenizer = tokenizer_for(model)
    original = tokens = _count(text, model)
    language = _language_of(text, language)
    steps: list[Step] = []
    dropped: list[str] = []
    for name, rung in _ladder(ALIASES.get(language, language), max_tokens, model).items():
        if tokens <= max_tokens:
            break
        shorter, gone = rung(text)
        after = _count(shorter, model)
        # A rung may lose: fewer characters can be more tokens, and a text of few large pieces has no summary that
        # comes near the budget; then its beginning says more, unless it is Python, which shall parse.
        poor = name == "summary" and after < max_tokens // (10 if language == "python" else 2)
        if shorter != text and not poor and (after < tokens or name == "truncation"):
            text, tokens = shorter, after
            steps.append(Step(name=name, tokens=tokens))
            dropped += gone
    return Compressed(
        text=text,
        tokens=tokens,
        original_tokens=original,
        language=language,
        encoding=tokenizer.encoding,
        exact=tokenizer.exact,
        steps=tuple(steps),
        dropped=tuple(_shown(dropped)),
    )


def _without_trailing_blanks(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


FOLDED = {"json": (json_documents.minify, json_documents.fold), "log": (_without_trailing_blanks, logs.fold)}
"""By language: what loses nothing, and what keeps examples."""


def _ladder(language: str, max_tokens: int, model: str) -> dict[str, Rung]:
    def count(part: str) -> int:
        return _count(part, model)

    truncation: dict[str, Rung] = {"truncation": lambda text: _truncate(text, max_tokens, model)}
    if language in FOLDED:
        lean, fold = FOLDED[language]
        return {
            "whitespace": lambda text: (lean(text), []),
            "folding": lambda text: fold(text, max_tokens=max_tokens, count=count),
            **truncation,
        }
    return {
        "whitespace": lambda text: (strip_whitespace(text, language), []),
        "comments": lambda text: strip_comments(text, language),
        "summary": lambda text: skeleton.summarize(text, max_tokens=max_tokens, language=language, count=count),
        **truncation,
    }


def _language_of(text: str, named: str) -> str:
    """The language, as its caller or the text itself names it; what is called JSON and is none is mere text."""
    language = (named or detect(text)).lower()
    return "text" if language == "json" and named and not json_documents.is_json(text) else language


def _count(text: str, model: str) -> int:
    return count_tokens(text, model).tokens


def _shown(dropped: list[str]) -> list[str]:
    """The first names; the last one, of what truncation took, is never among those that are only counted."""
    if len(dropped) <= MAX_DROPPED:
        return dropped
    return [*dropped[: MAX_DROPPED - 1], f"and {len(dropped) - MAX_DROPPED} more", dropped[-1]]


def strip_whitespace(text: str, language: str) -> str:
    """Without trailing blanks and repeated blank lines, outside of string literals and of what is not understood."""
    inside = _rows_of_data(text, language)
    if inside is None:
        return text
    out: list[str] = []
    blank = False
    for number, line in enumerate(_lines(text)):
        bare = line.rstrip()
        # Two spaces that end a line of prose are its line break, and what follows a backslash may be data.
        kept = number in inside or bare.endswith("\\") or (language in PROSE and bare and line.endswith("  \n"))
        if not bare and blank and not kept:
            continue
        blank = not bare and not kept
        out.append(line if kept else bare + _ending(line))
    return "".join(out)


def strip_comments(text: str, language: str) -> tuple[str, list[str]]:
    """Without comments, and what went; a line that held nothing else goes too. Docstrings and what tools read stay."""
    found = None if language in PROSE else scan(text, language)
    out: list[str] = []
    position = gone = 0
    for start, end in found.comments if found else ():
        if (cut := _around(text, start, end)) is not None:
            first, last, instead = cut
            out += [text[position:first], instead]
            position = last
            gone += 1
    return "".join([*out, text[position:]]), [f"{gone} comment{'s' if gone > 1 else ''}"] if gone else []


def _around(text: str, start: int, end: int) -> tuple[int, int, str] | None:
    """What goes with a comment and what comes in its place; None where its line ends may mean something."""
    line = text.rfind("\n", 0, start) + 1
    after = line_end(text, end)
    alone, trailing = not text[line:start].strip(), not text[end:after].strip()
    if alone and trailing:
        continued = text[max(0, line - 3) : line].rstrip("\r\n").endswith("\\")
        return None if continued else (line, min(after + 1, len(text)), "")
    if text.find("\n", start, end) >= 0:
        return None
    if trailing:
        first = line + len(text[line:start].rstrip(" \t"))
        return first, end + (after - end if not text[end:after].endswith("\r") else max(0, after - end - 1)), ""
    joined = text[start - 1 : start].strip() and text[end : end + 1].strip()
    return start, end, " " if joined else ""


def _lines(text: str) -> list[str]:
    """Lines as Python's lexer counts them; str.splitlines also ends them at form feeds."""
    return list(io.StringIO(text, newline=""))


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _rows_of_data(text: str, language: str) -> set[int] | None:
    """Lines, from 0, whose end is part of a string or is not understood. None when nothing is."""
    found = Scan(trusted=len(text)) if language in PROSE else scan(text, language)
    return None if found is None else _rows_inside(text, found)


def _rows_inside(text: str, found: Scan) -> set[int]:
    starts = [0]
    for line in _lines(text):
        starts.append(starts[-1] + len(line))
    rows: set[int] = set()
    for start, end in [*found.literals, *preformatted(text), (found.trusted, len(text))]:
        if start < end:
            rows.update(range(bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1))
    if found.trusted < len(text):
        rows.add(len(starts) - 2)
    return rows


def _truncate(text: str, max_tokens: int, model: str) -> tuple[str, list[str]]:
    """The longest prefix by tokens that counts at most `max_tokens`.

    A prefix may count more than its ids and half a character decodes to nothing, so it is counted again, and as
    many ids are dropped as it is over: measured necessary in one cut of six.
    """
    tokenizer = tokenizer_for(model)
    encoding = load(tokenizer.ranks)
    ids = encoding.encode_ordinary(text)[: int(max_tokens / tokenizer.factor)]
    cut = encoding.decode_bytes(ids).decode("utf-8", "ignore")
    while ids and (over := _count(cut, model) - max_tokens) > 0:
        del ids[-over:]
        cut = encoding.decode_bytes(ids).decode("utf-8", "ignore")
    cut = cut if ids else ""
    return cut, [f"the last {_count(text, model) - _count(cut, model)} tokens"]

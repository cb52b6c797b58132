"""Splits a script into statements by PostgreSQL's lexical rules, so that one broken statement costs only itself.

Written by hand because libpg_query's own splitters stop at the first error: they refuse the whole script.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      --[^\n]*                                              # comment to the end of the line
    | /\*                                                   # block comment, may nest
    | (?<![\w$])[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'         # escape string
    | '[^']*(?:''[^']*)*'                                   # string
    | "[^"]*(?:""[^"]*)*"                                   # quoted identifier
    | (?<![\w$])\$(?:[^\W\d]\w*)?\$                         # dollar quote opens
    | ['"]                                                  # a quote that never closes
    | [();]
    | (?<![\w$])(?:BEGIN\s+ATOMIC|CASE|END)(?![\w$])        # bodies of SQL-standard functions
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_HIDES = re.compile(r"[-/'\"$]")  # what strings and comments begin with
_COMMENT_MARK = re.compile(r"/\*|\*/")
_BLANK = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z))*")
_KEEPS_SEMICOLONS = re.compile(r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(RULE|FUNCTION|PROCEDURE)\b", re.IGNORECASE)
_COPY_FROM_STDIN = re.compile(r"\s*COPY\s.*\sFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_COPY_END = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_OPERATOR = re.compile(
    r"--[^\n]*|'[^']*'|\"[^\"]*\"|[(\[]|[)\]]|,|[-+*/<>=~!@#%^&|?:]+"
    r"|\b(?:UNION|INTERSECT|EXCEPT|JOIN|COLLATE|NOT|CASE|WHEN|IS|AT|LIKE|ILIKE|ISNULL|NOTNULL)\b",
    re.IGNORECASE,
)
_MAX_DEPTH = 2_000
_LISTS_DO_NOT_END = {"UNION", "INTERSECT", "EXCEPT", "JOIN"}


class Piece(NamedTuple):
    """The text of one statement and where it starts, in characters from the start of the script."""

    offset: int
    text: str


def split(script: str) -> Iterator[Piece]:
    """The statements of a script, without their semicolons; comments before a statement are left out."""
    position, end = 0, len(script)
    while (position := _skip_blank(script, position)) < end:
        if script[position] == "\\":  # a psql meta-command, as in the output of pg_dump
            position = _line_end(script, position)
            continue
        if script[position] == ";":
            position += 1
            continue
        stop = _statement_end(script, position)
        text = script[position:stop]
        yield Piece(position, text.rstrip())
        position = stop + 1
        if _COPY_FROM_STDIN.match(text):
            position = _skip_copy_data(script, position)


def comments(script: str) -> Iterator[Piece]:
    """The comments of a script with their marks; what looks like one inside a string is none."""
    position = 0
    while match := _TOKEN.search(script, position):
        position = _token_end(script, match)
        if match[0].startswith(("--", "/*")):
            yield Piece(match.start(), script[match.start() : position])


def is_too_deep(text: str) -> bool:
    """Whether an expression nests so deeply that parsing it could exhaust the stack of a thread.

    libpg_query needs about 400 bytes of stack a level and time that grows with the square of the depth:
    20,000 levels overflow 8 MB, 500,000 were seen to take 105 seconds.
    """
    if len(text) < 2 * _MAX_DEPTH:
        return False
    levels, chains, depth = [0], [0], 0
    for match in _OPERATOR.finditer(text):
        mark = match[0]
        if mark[0] in "'\"" or mark.startswith("--"):
            continue
        if mark in "([":
            levels.append(1)
            chains.append(0)
            depth += 1
        elif mark in ")]":
            if len(levels) > 1:
                depth -= levels.pop() + chains.pop()
        elif mark == ",":
            depth -= levels[-1]
            levels[-1] = 0
        else:
            kept = chains if mark.upper() in _LISTS_DO_NOT_END else levels
            kept[-1] += 1
            depth += 1
            if depth > _MAX_DEPTH:
                return True
    return False


def _statement_end(script: str, start: int) -> int:
    plain = script.find(";", start)
    plain = len(script) if plain < 0 else plain
    keeps = _KEEPS_SEMICOLONS.match(script, start)
    if not keeps and _HIDES.search(script, start, plain) is None:  # most statements: nothing can hide a semicolon
        return plain
    in_rule = bool(keeps) and keeps[1].upper() == "RULE" if keeps else False
    in_routine = bool(keeps) and not in_rule
    parens = blocks = 0
    position = start
    while match := _TOKEN.search(script, position):
        mark = match[0]
        position = _token_end(script, match)
        if mark == ";":
            if not ((in_rule and parens > 0) or (in_routine and blocks > 0)):
                return match.start()
        elif mark == "(":
            parens += 1
        elif mark == ")":
            parens -= 1
        elif mark in ("'", '"'):
            return len(script)
        elif in_routine and mark[0] in "bBcCeE" and mark[-1] != "'":
            blocks += _block_change(mark, blocks)
    return len(script)


def _token_end(script: str, match: re.Match[str]) -> int:
    """Where a token ends: a comment with all that nests in it, and a dollar quote where it closes."""
    mark = match[0]
    if mark == "/*":
        return _comment_end(script, match.start())
    if mark[0] == "$":
        closing = script.find(mark, match.end())
        return len(script) if closing < 0 else closing + len(mark)
    return match.end()


def _block_change(mark: str, blocks: int) -> int:
    word = mark.upper()
    if word.startswith("BEGIN"):
        return 1
    if blocks and word == "CASE":
        return 1
    return -1 if blocks and word == "END" else 0


def _skip_blank(script: str, position: int) -> int:
    while True:
        blank = _BLANK.match(script, position)
        position = blank.end() if blank else position
        if not script.startswith("/*", position):
            return position
        end = _comment_end(script, position)
        if end == len(script) and not script.endswith("*/"):
            return position  # never closed: left in place, for the parser to say so
        position = end


def _comment_end(script: str, start: int) -> int:
    depth, position = 0, start
    while match := _COMMENT_MARK.search(script, position):
        depth += 1 if match[0] == "/*" else -1
        position = match.end()
        if depth == 0:
            return position
    return len(script)


def _skip_copy_data(script: str, position: int) -> int:
    """Rows follow `COPY ... FROM stdin;` until a line that says `\\.`; they are data, not SQL."""
    end = _COPY_END.search(script, position)
    return end.end() if end else len(script)


def _line_end(script: str, position: int) -> int:
    newline = script.find("\n", position)
    return len(script) if newline < 0 else newline + 1

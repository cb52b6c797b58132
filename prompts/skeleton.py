"""The summary rung of compression: every definition first, then bodies, the most referenced first.

Signatures alone are some 8 % of a module's tokens, so at a budget of a quarter a bare skeleton leaves two thirds of
it unused; whole bodies fill the rest.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Count = Callable[[str], int]

_DEFINITION = re.compile(
    r"""^\s*(?:export\s+|default\s+|public\s+|private\s+|protected\s+|static\s+|abstract\s+|async\s+|pub(?:\(\w+\))?\s+
        |final\s+|unsafe\s+|extern\s+|inline\s+|virtual\s+|override\s+|declare\s+)*
        (?:def|class|function\*?|func|fn|interface|struct|enum|trait|impl|type|module|namespace|package|record|object
        |create\s+(?:or\s+replace\s+)?(?:temp\w*\s+|unique\s+|materialized\s+)*(?:table|view|index|function|type|trigger)
        |alter\s+table)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNATURE = re.compile(
    r"^\s*(?!if\b|for\b|while\b|switch\b|return\b|else\b|catch\b)[\w<>\[\]*&:~,\s]*\w\s*\([^;]*\)[^;]*\{\s*$"
)
_ARROW = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var)\s+\w+\s*=\s*(?:async\s*)?(?:function\b|\(?[\w\s,{}:=]*\)?\s*=>)"
)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s|^\[[\w.\s\"-]+\]\s*$|^[\w\"'-]+:\s*(?:[|>].*)?$")
_WORD = re.compile(r"[^\W\d]\w*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def summarize(source: str, *, max_tokens: int, language: str, count: Count) -> tuple[str, list[str]]:
    """A shorter text of at most `max_tokens` when that is possible, and what was left out."""
    if language == "python":
        try:
            parts = _python_parts(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            parts = None
        if parts is not None:
            return _fill(parts, max_tokens, count)
    return _fill(_line_parts(source, language), max_tokens, count, gap="...\n")


@dataclass(slots=True)
class _Part:
    """A piece of the source that is kept whole, kept short, or left out."""

    full: str
    short: str = ""
    shortest: str = ""
    """What stays when nothing else fits; for a definition its signature."""
    name: str = ""
    rank: tuple[float, ...] = ()
    """Lower is kept first."""
    definition: bool = False
    owner: "_Part | None" = None
    state: int = field(default=0)
    """0 left out, 1 shortest, 2 short, 3 full."""

    def text(self) -> str:
        return ("", self.shortest, self.short, self.full)[self.state]


def _fill(parts: Sequence[_Part], budget: int, count: Count, gap: str = "") -> tuple[str, list[str]]:
    """Raise parts from left out to full while they fit, definitions before anything else."""
    used = 0
    raised: list[tuple[_Part, int]] = []
    gap_tokens = count(gap) if gap else 0
    for state in (1, 2, 3):
        for part in sorted(parts, key=lambda part: part.rank):
            target = ("", part.shortest, part.short, part.full)[state]
            missing_owner = part.owner is not None and part.owner.state == 0
            if not target or missing_owner or target == part.text() or (state == 1 and not part.definition):
                continue
            cost = count(target) - count(part.text()) + (gap_tokens if part.state == 0 else 0)
            if used + cost > budget:
                continue
            raised.append((part, part.state))
            part.state, used = state, used + cost
    text = _join(parts, gap)
    # Tokens of pieces only nearly add up to those of the whole.
    while raised and count(text) > budget:
        for part, before in (raised.pop() for _ in range(min(len(raised), max(1, len(raised) // 50)))):
            part.state = before
        text = _join(parts, gap)
    return text, list(_dropped(parts))


def _join(parts: Sequence[_Part], gap: str) -> str:
    if not gap:
        return "".join(part.text() for part in parts)
    out: list[str] = []
    for part in parts:
        if text := part.text():
            out.append(text)
        elif out and out[-1] != gap and part.full.strip():
            out.append(gap)
    return "".join(out)


def _dropped(parts: Sequence[_Part]) -> Iterator[str]:
    for part in parts:
        if not part.name or part.state == 3:
            continue
        yield part.name if part.state == 0 or not part.definition else f"body of {part.name}"


# Python


def _python_parts(source: str) -> list[_Part]:
    tree = ast.parse(source)
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    references = Counter(_WORD.findall(source))
    parts: list[_Part] = []
    _walk(tree.body, lines, references, None, "", parts)
    return parts


def _walk(
    body: Sequence[ast.stmt],
    lines: Sequence[str],
    references: Counter[str],
    owner: _Part | None,
    prefix: str,
    parts: list[_Part],
) -> None:
    for group in _by_line(body):
        node = group[0]
        start, end = _first_line(node), group[-1].end_lineno or node.lineno
        full = _cut(lines, start, end)
        alone = len(group) == 1
        if alone and isinstance(node, ast.ClassDef) and node.body[0].lineno > node.lineno:
            head = _cut(lines, start, _first_line(node.body[0]) - 1)
            indent = " " * node.body[0].col_offset
            name = f"{prefix}{node.name}"
            # `...` keeps a class whole whatever happens to its members.
            short = f"{head}{_first_doc_line(node, indent)}{indent}...\n"
            part = _Part(short, short, f"{head}{indent}...\n", name, _rank(0, references[node.name]), True, owner)
            parts.append(part)
            rest = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
            _walk(rest, lines, references, part, f"{name}.", parts)
        elif alone and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts.append(_function(node, lines, references, owner, prefix, full))
        else:
            parts.append(_statement(group, references, owner, full))


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    lines: Sequence[str],
    references: Counter[str],
    owner: _Part | None,
    prefix: str,
    full: str,
) -> _Part:
    name = f"{prefix}{node.name}"
    rank = _rank(0 if owner is None else 1, references[node.name])
    first = _first_line(node.body[0])
    if first <= node.lineno or lines[first - 1][: node.body[0].col_offset].strip():
        return _Part(full, full, full, name, rank, True, owner)
    head = _cut(lines, _first_line(node), first - 1)
    indent = " " * node.body[0].col_offset
    if "\t" in lines[first - 1][: node.body[0].col_offset]:
        indent = lines[first - 1][: node.body[0].col_offset]
    doc = _first_doc_line(node, indent)
    # On the signature's own line the ellipsis is two tokens cheaper; a comment there would swallow it.
    bare = f"{head[:-1]} ...\n" if head.endswith(":\n") and "#" not in head else f"{head}{indent}...\n"
    return _Part(full, f"{head}{doc}{indent}...\n" if doc else bare, bare, name, rank, True, owner)


def _statement(group: Sequence[ast.stmt], references: Counter[str], owner: _Part | None, full: str) -> _Part:
    node = group[0]
    named = [name for part in group for name in _bound(part)]
    holds = any(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for part in ast.walk(node))
    uses = max((references[name] for name in named), default=0)
    rank = _rank(2, uses)
    name = ", ".join(named[:3]) if named and not isinstance(node, ast.Import | ast.ImportFrom) else ""
    if isinstance(node, ast.Import | ast.ImportFrom):
        rank = _rank(1, uses)
    # A `try:` or `if:` that holds definitions is itself a definition.
    return _Part(full, full, full if holds else "", name, rank, holds, owner)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    else:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _rank(level: int, references: int) -> tuple[float, ...]:
    return level, -references


def _by_line(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Statements in groups that share no line, as `a = 1; b = 2` does."""
    group: list[ast.stmt] = []
    for node in body:
        if group and _first_line(node) > (group[-1].end_lineno or 0):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _cut(lines: Sequence[str], first: int, last: int) -> str:
    return "".join(f"{line}\n" for line in lines[first - 1 : last])


def _first_doc_line(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, indent: str) -> str:
    text = (ast.get_docstring(node) or "").strip().split("\n")[0].strip()
    if not text:
        return ""
    quoted = f'"""{text}"""' if '"' not in text and "\\" not in text else repr(text)
    return f"{indent}{quoted}\n"


# Other languages and prose


def _line_parts(source: str, language: str) -> list[_Part]:
    prose = language in {"", "text", "markdown", "md", "rst", "plain"}
    pieces = list(_sentences(source)) if prose else [f"{line}\n" for line in source.split("\n")]
    weights = Counter(word for piece in pieces for word in {word.lower() for word in _WORD.findall(piece)})
    parts: list[_Part] = []
    opening = True
    for number, piece in enumerate(pieces):
        if not piece.strip():
            opening = True
            continue
        heading = bool(_HEADING.match(piece)) and (prose or language in {"yaml", "toml", "ini"})
        definition = heading or (
            not prose and any(pattern.match(piece) for pattern in (_DEFINITION, _SIGNATURE, _ARROW))
        )
        level = 0 if definition else 1 if opening and prose else 2
        words = [word.lower() for word in _WORD.findall(piece)]
        central = sum(min(weights[word], 20) for word in words) / len(words) if words else 0.0
        rank = (level, -central if prose and level == 2 else 0, number)
        name = piece.strip()[:60] if definition else ""
        parts.append(_Part(piece, piece, piece if definition else "", name, rank, definition))
        opening = False
    return parts


def _sentences(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        sentences = [sentence for sentence in _SENTENCE.split(line) if sentence]
        if not sentences:
            yield "\n"
        for index, sentence in enumerate(sentences):
            yield sentence + (" " if index < len(sentences) - 1 else "\n")

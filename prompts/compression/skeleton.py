"""The summary rung of compression: every definition first, then bodies, the most referenced first.

Signatures alone are some 8 % of a module's tokens, so at a budget of a quarter a bare skeleton leaves two thirds of
it unused; whole bodies fill the rest.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from prompts.compression.lexical import Untrusted
from prompts.compression.python_source import Statement, outline

NAME = 60
"""Characters by which a piece is named that was left out."""
MOST_MISSES = 1_000
"""Pieces in a row that did not fit any more; then no more are counted: 1 MiB may be half a million of them."""
PROSE = {"", "text", "markdown", "md", "rst", "plain"}
Count = Callable[[str], int]

_DEFINITION = re.compile(
    r"""^\s*(?:export\s+|default\s+|public\s+|private\s+|protected\s+|static\s+|abstract\s+|async\s+|pub(?:\(\w+\))?\s+
        |final\s+|unsafe\s+|extern\s+|inline\s+|virtual\s+|override\s+|declare\s+)*
        (?:def|class|function\*?|func|fn|interface|struct|enum|trait|impl|type|module|namespace|package|record|object
        |create\s+(?:or\s+replace\s+)?(?:temp\w*\s+|unique\s+|materialized\s+)*(?:table|view|index|function|type|trigger)
        |alter\s+table)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ARROW = re.compile(
    r"^\s*(?:export\s+)?(?:const|let|var)\s+\w+\s*=\s*(?:async\s*)?(?:function\b|\(?[\w\s,{}:=]*\)?\s*=>)"
)
_LONGEST_SIGNATURE = 300
"""Characters: these patterns look at some places more than once."""
_CONTROL = re.compile(r"\s*(?:if|for|while|switch|return|else|catch)\b")
_BEFORE_PARENTHESIS = re.compile(r"[\w<>\[\]*&:~,\s]*\w\s*")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s|^\[[\w.\s\"-]+\]\s*$|^[\w\"'-]+:\s*(?:[|>].*)?$")
_WORD = re.compile(r"[^\W\d]\w*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def summarize(source: str, *, max_tokens: int, language: str, count: Count) -> tuple[str, list[str]]:
    """A shorter text of at most `max_tokens` when that is possible, and what was left out."""
    if language == "python":
        try:
            return _fill(_python_parts(source), max_tokens, count)
        except Untrusted:
            pass
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
    """Without it this cannot stand."""
    left_out: str = ""
    """What is missing of a definition that is kept short."""
    leader: "_Part | None" = None
    """With it this stands or falls."""
    followers: "list[_Part]" = field(default_factory=list)
    state: int = 0
    """0 left out, 1 shortest, 2 short, 3 full."""

    def text(self, state: int | None = None) -> str:
        return ("", self.shortest, self.short, self.full)[self.state if state is None else state]

    def keep(self, state: int) -> None:
        for part in (self, *self.followers):
            part.state = state


def _fill(parts: Sequence[_Part], budget: int, count: Count, gap: str = "") -> tuple[str, list[str]]:
    """Raise parts from left out to full while they fit, definitions before anything else."""
    used = 0
    raised: list[tuple[_Part, int]] = []
    gap_tokens = count(gap) if gap else 0
    ranked = sorted((part for part in parts if part.leader is None), key=lambda part: part.rank)
    for state in (1, 2, 3):
        misses = 0
        for part in ranked:
            target = part.text(state)
            missing_owner = part.owner is not None and part.owner.state == 0
            if not target or missing_owner or target == part.text() or (state == 1 and not part.definition):
                continue
            cost = sum(count(each.text(state)) - count(each.text()) for each in (part, *part.followers))
            cost += gap_tokens if part.state == 0 else 0
            if used + cost > budget:
                misses += 1
                if misses > MOST_MISSES or used >= budget:
                    break
                continue
            misses = 0
            raised.append((part, part.state))
            part.keep(state)
            used += cost
    text = _join(parts, gap)
    # Tokens of pieces only nearly add up to those of the whole.
    while raised and count(text) > budget:
        for part, before in (raised.pop() for _ in range(min(len(raised), max(1, len(raised) // 50)))):
            part.keep(before)
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
    """Everything that is not in the text any more, by name."""
    for part in parts:
        if part.text() != part.full and part.full.strip():
            yield part.name if part.state == 0 or not part.left_out else part.left_out


# Python


_ENTERED = {"if", "try", "with", "for", "while"}
"""Blocks whose definitions are kept one by one; those of `match` cannot stand without each other."""


def _python_parts(source: str) -> list[_Part]:
    """Raises Untrusted for what is no Python."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    statements, comments = outline(source)
    lines = source.split("\n")
    module = _Module(lines, Counter(word for line in lines for word in _WORD.findall(line)))
    module.walk(statements, None, "")
    if comments:
        text = module.cut(comments, len(lines))
        module.parts.append(_Part(text, text, name="the last comments", rank=_rank(2, 0)))
    return module.parts


@dataclass(slots=True)
class _Module:
    lines: Sequence[str]
    references: Counter[str]
    parts: list[_Part] = field(default_factory=list)

    def walk(self, body: Sequence[Statement], owner: _Part | None, prefix: str) -> None:
        for statement in body:
            if statement.keyword == "class" and statement.body:
                self.add_class(statement, owner, prefix)
            elif statement.keyword == "def":
                self.add_function(statement, owner, prefix)
            elif statement.keyword in _ENTERED and statement.holds_definitions:
                self.enter(statement, owner, prefix)
            else:
                self.add_statement(statement, owner)

    def add_class(self, node: Statement, owner: _Part | None, prefix: str) -> None:
        head, name = self.cut(node.first, node.body[0].first - 1), f"{prefix}{node.name}"
        # `...` keeps a class whole whatever happens to its members.
        bare = f"{head}{node.indent}...\n"
        documented = node.body[0].only_text
        full = f"{head}{self.cut(node.body[0].first, node.body[0].end)}{node.indent}...\n" if documented else bare
        short = f"{head}{self.first_doc_line(node)}{node.indent}...\n"
        left_out = f"docstring of {name}"
        part = _Part(full, short, bare, name, _rank(0, self.references[node.name]), True, owner, left_out=left_out)
        self.parts.append(part)
        self.walk(node.body[1:] if documented else node.body, part, f"{name}.")

    def add_function(self, node: Statement, owner: _Part | None, prefix: str) -> None:
        full, name = self.cut(node.first, node.end), f"{prefix}{node.name}"
        rank = _rank(0 if owner is None else 1, self.references[node.name])
        if not node.body:
            self.parts.append(_Part(full, full, full, name, rank, True, owner))
            return
        head = self.cut(node.first, node.body[0].first - 1)
        doc = self.first_doc_line(node)
        # On the signature's own line the ellipsis is two tokens cheaper; a comment there would swallow it.
        bare = f"{head[:-1]} ...\n" if head.endswith(":\n") and "#" not in head else f"{head}{node.indent}...\n"
        short = f"{head}{doc}{node.indent}...\n" if doc else bare
        self.parts.append(_Part(full, short, bare, name, rank, True, owner, left_out=f"body of {name}"))

    def enter(self, node: Statement, owner: _Part | None, prefix: str) -> None:
        """A block that holds definitions: its clauses stand or fall together, each with the `...` it may need."""
        leader: _Part | None = None
        for clause in (node, *node.clauses):
            if clause.body:
                text = f"{self.cut(clause.first, clause.body[0].first - 1)}{clause.indent}...\n"
            else:
                text = self.cut(clause.first, clause.last)
            name = self.lines[clause.code - 1].strip()[:NAME]
            part = _Part(text, text, text, name, _rank(0, 0), True, owner, leader=leader)
            if leader is None:
                leader = part
            else:
                leader.followers.append(part)
            self.parts.append(part)
            self.walk(clause.body, part, prefix)

    def add_statement(self, node: Statement, owner: _Part | None) -> None:
        full = self.cut(node.first, node.end)
        line = self.lines[node.code - 1].strip()
        imports = node.keyword in {"import", "from"}
        named = _WORD.findall(line if imports else line.partition("=")[0])
        uses = max((self.references[name] for name in named if name not in {"import", "from", "as"}), default=0)
        # With definitions inside it is a definition itself.
        holds = node.holds_definitions or node.keyword == "class"
        rank = _rank(1 if imports else 2, uses)
        self.parts.append(_Part(full, full, full if holds else "", line[:NAME], rank, holds, owner))

    def cut(self, first: int, last: int) -> str:
        return "".join(f"{line}\n" for line in self.lines[first - 1 : last])

    def first_doc_line(self, node: Statement) -> str:
        if not node.body[0].only_text:
            return ""
        literal = self.cut(node.body[0].code, node.body[0].last).strip().lstrip("rRuU")
        quotes = literal[:3] if literal[:3] in {'"""', "'''"} else literal[:1]
        text = literal.removeprefix(quotes).removesuffix(quotes).strip().split("\n")[0].strip()
        if not text or "\\" in text:
            return ""
        return f'{node.indent}"""{text}"""\n' if '"' not in text else f"{node.indent}{text!r}\n"


def _rank(level: int, references: int) -> tuple[float, ...]:
    return level, -references


# Other languages and prose


def _line_parts(source: str, language: str) -> list[_Part]:
    prose = language in PROSE
    pieces = list(_sentences(source)) if prose else [f"{line}\n" for line in source.split("\n")]
    weights = Counter(word for piece in pieces for word in set(_words(piece)))
    parts: list[_Part] = []
    opening = True
    for number, piece in enumerate(pieces):
        if not piece.strip():
            opening = True
            continue
        heading = bool(_HEADING.match(piece)) and (prose or language in {"yaml", "toml", "ini"})
        definition = heading or (not prose and _is_definition(piece))
        level = 0 if definition else 1 if opening and prose else 2
        words = _words(piece)
        central = sum(min(weights[word], 20) for word in words) / len(words) if words else 0.0
        rank = (level, -central if prose and level == 2 else 0, number)
        name = piece.strip()[:NAME]
        parts.append(_Part(piece, piece, piece if definition else "", name, rank, definition))
        opening = False
    return parts


def _words(text: str) -> list[str]:
    # One by one, not by findall: other threads run in between.
    return [match[0].lower() for match in _WORD.finditer(text)]


def _is_definition(line: str) -> bool:
    if len(line) > _LONGEST_SIGNATURE:
        return False
    return bool(_DEFINITION.match(line) or _ARROW.match(line)) or _is_signature(line)


def _is_signature(line: str) -> bool:
    """`int f(int a) {`"""
    before, opened, after = line.partition("(")
    ends = after.rstrip().endswith("{") and ")" in after and ";" not in after
    return bool(opened and ends and not _CONTROL.match(line) and _BEFORE_PARENTHESIS.fullmatch(before))


def _sentences(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        sentences = [sentence for sentence in _SENTENCE.split(line) if sentence]
        if not sentences:
            yield "\n"
        for index, sentence in enumerate(sentences):
            yield sentence + (" " if index < len(sentences) - 1 else "\n")

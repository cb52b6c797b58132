"""The statements of a script by SQLite's lexical rules, and what their words tell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DEFINITIONS = {"CREATE", "ALTER", "DROP"}
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'[^']*(?:''[^']*)*'?|\"[^\"]*(?:\"\"[^\"]*)*\"?|\[[^\]]*\]?|`[^`]*`?|\w+|;|\s+|.",
    re.DOTALL,
)
_SKIPPED = {"TEMP", "TEMPORARY", "UNIQUE", "VIRTUAL"}


@dataclass(slots=True)
class Piece:
    """One statement and where it starts, in characters from the start of the script."""

    offset: int
    text: str
    words: list[tuple[int, str]] = field(default_factory=list)  # tokens that matter, with their offset in the text

    def word(self, number: int) -> str:
        """A word in capitals; nothing where there are not so many."""
        return self.words[number][1].upper() if number < len(self.words) else ""

    @property
    def kind(self) -> str:
        """What it does, in words: `create_table`, `drop_index`, `select`, ..."""
        first = self.word(0)
        if first not in DEFINITIONS:
            return first.lower() or "unknown"
        second = next((word.upper() for _, word in self.words[1:4] if word.upper() not in _SKIPPED), "")
        return f"{first}_{second}".lower().rstrip("_")

    @property
    def table_name(self) -> str | None:
        """The table it defines, without quotes."""
        index = self._name_index()
        return plain(self.words[index][1]) if index is not None else None

    @property
    def name_offset(self) -> int:
        """Where the name of its table stands; its beginning where it names none."""
        index = self._name_index()
        return self.words[index][0] if index is not None else 0

    @property
    def query_offset(self) -> int | None:
        """Where the AS of CREATE TABLE ... AS stands; None for any other statement."""
        index = self._name_index()
        if index is None or self.word(0) != "CREATE" or self.word(index + 1) != "AS":
            return None
        return self.words[index + 1][0]

    @property
    def adds_column(self) -> bool:
        """Whether it is ALTER TABLE ... ADD."""
        index = self._name_index()
        return index is not None and self.word(0) == "ALTER" and self.word(index + 1) == "ADD"

    @property
    def new_name(self) -> str:
        """What ALTER TABLE ... RENAME TO calls its table; empty for all else."""
        index = self._name_index()
        if index is None or (self.word(index + 1), self.word(index + 2)) != ("RENAME", "TO"):
            return ""
        return plain(self.words[index + 3][1]) if len(self.words) > index + 3 else ""

    def find(self, name: str) -> int | None:
        """Where a name stands last."""
        return next((offset for offset, word in reversed(self.words) if bare(word) == name.lower()), None)

    def word_after(self, column: str, word: str) -> int:
        """Where a column's type stands; the column itself if it cannot be told."""
        for position, (offset, text) in enumerate(self.words):
            if bare(text) == column.lower():
                for later, other in self.words[position + 1 : position + 6]:
                    if bare(other) == word:
                        return later
                return offset
        return 0

    def _name_index(self) -> int | None:
        said = [word.upper() for _, word in self.words[:12]]
        if "TABLE" not in said[:4] or said[0] not in DEFINITIONS:
            return None
        index = said.index("TABLE") + 1
        while index < len(said) and said[index] in ("IF", "NOT", "EXISTS"):
            index += 1
        if index + 2 < len(said) and said[index + 1] == ".":
            index += 2
        return index if index < len(said) else None


def split(script: str) -> Iterator[Piece]:
    """Statements; a trigger's body keeps its semicolons until its END."""
    start, in_trigger = 0, False
    words: list[tuple[int, str]] = []
    for match in _TOKEN.finditer(script):
        mark = match[0]
        if mark.isspace() or mark.startswith(("--", "/*")):
            continue
        if mark != ";":
            if not words:
                start = match.start()
            words.append((match.start() - start, mark))
            if len(words) <= 4:
                in_trigger = in_trigger or mark.upper() == "TRIGGER"
            continue
        if in_trigger and not (len(words) > 1 and words[-1][1].upper() == "END"):
            words.append((match.start() - start, mark))
            continue
        if words:
            yield Piece(start, script[start : match.start()], words)
        words, in_trigger = [], False
    if words:
        yield Piece(start, script[start:].rstrip(), words)


def plain(word: str) -> str:
    """A name without its quotes."""
    if len(word) > 1 and word[0] in "\"'`[":
        quote = "]" if word[0] == "[" else word[0]
        return word[1:].removesuffix(quote).replace(quote * 2, quote)
    return word


def bare(word: str) -> str:
    """A name as SQLite compares it."""
    return plain(word).lower()

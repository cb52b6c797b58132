"""What SQLite refuses once a table has rows.

The program that SQLite compiles a statement to holds the messages it would stop with: so the verdict is its own, in
every version, and nothing is run.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from schemacheck.checker.findings import Severity
from schemacheck.checker.sqlite.judged import Judged
from schemacheck.checker.sqlite.pieces import bare
from schemacheck.checker.sqlite.replica import Replica

_NOT_UNIQUE = 2067  # SQLITE_CONSTRAINT_UNIQUE
_WRITES = {"INSERT", "REPLACE", "WITH"}
_OFF = {"off", "0", "no", "false"}
_MAX_WORDS = 5_000
_REQUIRED = ("sqlite-required-column", "they would be NULL", "Give it a constant default.")
_REFUSED = {
    "Cannot add a NOT NULL column with default value NULL": _REQUIRED,
    "Cannot add a column with non-constant default": (
        "sqlite-added-column",
        "its default is no constant",
        "Add it without the default and fill it by UPDATE, or build the table anew.",
    ),
    "Cannot add a REFERENCES column with non-NULL default value": (
        "sqlite-added-column",
        "while foreign keys are on, what REFERENCES may have no default",
        "Add it without the default and fill it by UPDATE.",
    ),
    "cannot add a STORED column": (
        "sqlite-added-column",
        "it would have to compute what it stores",
        "Make it VIRTUAL, or build the table anew.",
    ),
}
_REFERRING = """
SELECT m.name, f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND f."table" = ?1 COLLATE NOCASE AND m.name <> ?1 COLLATE NOCASE
"""
_TAKES_ALONG = {"CASCADE": "deletes them", "SET NULL": "sets their keys to NULL", "SET DEFAULT": "changes their keys"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something to say of a statement, if SQLite takes it at all."""

    rule: str
    message: str
    hint: str
    severity: Severity = Severity.WARNING


@dataclass(slots=True)
class Rows:
    """Which tables have no rows for certain, as the script goes; what `stands` at a line was there before."""

    replica: Replica
    stands: Callable[[int], bool]
    empty: set[str] = field(default_factory=set)
    are_keys_off: bool = False

    def doubts(self, item: Judged) -> list[Doubt]:
        """What to say of a definition; asked before it changes the replica."""
        if self.stands(item.line):
            return []
        if item.kind == "create_index" and item.piece.word(1) == "UNIQUE":
            return list(self._alike(item))
        if item.table_name is None or item.table_name.lower() in self.empty:
            return []
        if item.kind == "alter_table" and item.piece.adds_column:
            return list(self._added(item, self.replica.halts(item.piece.text)))
        return list(self._referred_to(item)) if item.kind == "drop_table" and not self.are_keys_off else []

    def doubts_unseen(self, item: Judged) -> list[Doubt]:
        """What to say of a column added to a table nobody has seen."""
        if item.table_name is None or not item.piece.adds_column or self.stands(item.line):
            return []
        return list(self._added(item, self.replica.halts_unseen(item.table_name, item.piece.text)))

    def follow(self, item: Judged) -> None:
        """Remember what a statement does to rows."""
        first, name = item.piece.word(0), (item.table_name or "").lower()
        if first in _WRITES:
            self.empty -= {bare(word) for _, word in item.piece.words[:_MAX_WORDS]}
        elif first == "PRAGMA" and item.piece.word(1) == "FOREIGN_KEYS":
            self.are_keys_off = any(bare(word) in _OFF for _, word in item.piece.words[2:])
        elif item.kind == "create_trigger":
            self.empty.clear()  # nobody follows what it writes
        elif item.kind == "create_table":
            if item.piece.query_offset is None and not self.stands(item.line) and not self._was_there(item):
                self.empty.add(name)
        elif name in self.empty and item.kind in ("drop_table", "alter_table"):
            if item.kind == "drop_table" or item.piece.new_name:
                self.empty.discard(name)
            if item.piece.new_name:
                self.empty.add(item.piece.new_name.lower())

    def _was_there(self, item: Judged) -> bool:
        """Whether IF NOT EXISTS, or a table that a module fills, leaves open what is in it."""
        return any(item.piece.word(number) in ("EXISTS", "VIRTUAL") for number in range(1, 6))

    def _added(self, item: Judged, halts: Iterable[tuple[int, str]]) -> Iterator[Doubt]:
        for _, message in halts:
            if message in _REFUSED:
                rule, why, hint = _REFUSED[message]
                yield Doubt(rule=rule, message=f"SQLite refuses this column if the table has rows: {why}", hint=hint)
            elif message.startswith("NOT NULL constraint") and not self._has_check(item):
                why = "SQLite refuses this column if it is NULL in a row that is there"
                yield Doubt(rule="sqlite-added-column", message=why, hint="Leave NOT NULL out.")
            elif message.startswith("CHECK constraint") and self._has_check(item) and self._may_fail(item):
                why = "SQLite refuses this column if a row that is there does not pass the CHECK"
                hint = "Look for such rows first; mend them, or build the table anew."
                yield Doubt(rule="sqlite-added-column", message=why, hint=hint)

    def _has_check(self, item: Judged) -> bool:
        return any(word.upper() == "CHECK" for _, word in item.piece.words)

    def _may_fail(self, item: Judged) -> bool:
        """A CHECK of nothing but the new column, which is NULL in every row, passes: no comparison with NULL fails."""
        said = {bare(word) for _, word in item.piece.words}
        others = {column.lower() for column in self.replica.columns(item.table_name)}
        return bool(said & {"default", "is", "not", "coalesce", "ifnull", "generated"} or said & others)

    def _alike(self, item: Judged) -> Iterator[Doubt]:
        words = [word for _, word in item.piece.words]
        table = next((bare(after) for word, after in pairwise(words) if word.upper() == "ON"), "")
        if table in self.empty:
            return
        for code, message in self.replica.halts(item.piece.text):
            if code == _NOT_UNIQUE:
                why = f"SQLite refuses this index if two rows are alike (UNIQUE constraint failed: {message})"
                hint = "Look for them first: GROUP BY those columns HAVING count(*) > 1."
                yield Doubt(rule="sqlite-unique-index", message=why, hint=hint, severity=Severity.SUGGESTION)

    def _referred_to(self, item: Judged) -> Iterator[Doubt]:
        referring = dict(self.replica.rows(_REFERRING, item.table_name))
        for name, action in sorted(referring.items()):
            if name.lower() in self.empty:
                continue
            what = _TAKES_ALONG.get(action, "refuses to drop it")
            yield Doubt(
                rule="sqlite-referenced-table",
                message=f'rows of "{name}" may refer to this table: while foreign keys are on, SQLite {what}',
                hint="Say PRAGMA foreign_keys = OFF before the transaction, and PRAGMA foreign_key_check in its end.",
            )

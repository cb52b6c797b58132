"""What the statements before this one did: settings, transactions, constraints, and locks still held."""

import re
from dataclasses import dataclass, field
from typing import Any

from schemacheck.checker.findings import Lock
from schemacheck.checker.policy import Policy
from schemacheck.checker.reading.shapes import AlterationShape, Name

Key = tuple[str, str]
TOOLS_OWN = 1
"""The number of the transaction that whoever runs the script has opened."""
STRONG = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
_SET_CONFIG = re.compile(r"set_config\s*\(\s*'([\w.]+)'\s*,\s*'([^']*)'\s*,\s*(\w+)", re.IGNORECASE)


def key_of(name: Name) -> Key:
    """A table, whether its schema is written or meant."""
    return name.schema or "public", name.name


@dataclass(slots=True)
class History:
    """Changes as the script goes; rules read it and `observe` writes it."""

    policy: Policy = field(default_factory=Policy)
    transaction: int = 0  # the number of the open transaction, 0 outside one
    settings: dict[str, str] = field(default_factory=dict)
    held: Lock | None = None  # the first ACCESS EXCLUSIVE lock of the open transaction
    wrote_schema: bool = False  # whether the open transaction changed a definition
    pending: dict[tuple[Key, str], int] = field(default_factory=dict)  # NOT VALID constraint -> its transaction
    added_columns: set[tuple[Key, str]] = field(default_factory=set)
    added_constraints: set[tuple[Key, str]] = field(default_factory=set)
    proven: set[tuple[Key, str]] = field(default_factory=set)  # columns without NULL, by a validated CHECK
    trusted: set[Key] = field(default_factory=set)  # tables on which a constraint nobody has seen was validated
    enum_values: dict[str, int] = field(default_factory=dict)  # value -> the transaction that added it
    types: dict[str, int] = field(default_factory=dict)  # enum or range the script made -> its transaction
    made: set[tuple[str, str]] = field(default_factory=set)  # kinds and names the script made
    said: set[str] = field(default_factory=set)  # findings made once a script
    last_alter: tuple[int, AlterationShape] | None = None
    _promises: dict[tuple[Key, str], str] = field(default_factory=dict)  # CHECK (column IS NOT NULL) -> column
    _local: set[str] = field(default_factory=set)
    dispatch: Any = None  # the rules of the policy, once they are sorted out
    _opened: int = TOOLS_OWN

    def once(self, code: str) -> bool:
        """True the first time."""
        if code in self.said:
            return False
        self.said.add(code)
        return True

    def open(self) -> None:
        self._opened += 1
        self.transaction = self._opened
        self.held, self.wrote_schema = None, False

    def close(self) -> None:
        self.transaction = 0
        self.held, self.wrote_schema = None, False
        for name in self._local:
            self.settings.pop(name, None)
        self._local.clear()

    def has_timeout(self, name: str) -> bool:
        """Whether a timeout is set, to other than never."""
        return self.settings.get(name, "0").strip("' ") not in ("0", "0ms", "0s", "0min", "")

    def set(self, name: str, value: str | None, *, local: bool) -> None:
        if value is None:
            self.settings.pop(name, None)
            return
        self.settings[name] = value
        if local:
            self._local.add(name)

    def altered(self, shape: AlterationShape, index: int) -> None:
        """Remember what an ALTER TABLE adds and proves."""
        table = key_of(shape.name)
        for action in shape.actions:
            constraint = action.constraint
            if action.kind == "AddColumn":
                self.added_columns.add((table, action.name))
            elif action.kind == "AddConstraint" and constraint:
                place = (table, constraint.name or "")
                self.added_constraints.add(place)
                column = _promised(constraint.expression) if constraint.kind == "check" else None
                if constraint.not_valid:
                    self.pending[place] = self.transaction
                    if column:
                        self._promises[place] = column
                elif column:
                    self.proven.add((table, column))
            elif action.kind == "ValidateConstraint":
                self._validated(table, action.name)
            elif action.kind == "SetNotNull":
                self.proven.add((table, action.name))
        self.last_alter = (index, shape)

    def _validated(self, table: Key, name: str) -> None:
        place = (table, name)
        if place in self._promises:
            self.proven.add((table, self._promises[place]))
        elif place not in self.pending:
            self.trusted.add(table)

    def read_set_config(self, sql: str) -> None:
        for name, value, local in _SET_CONFIG.findall(sql):
            self.set(name.lower(), value, local=local.lower() in ("true", "t", "on"))


def _promised(expression: Any) -> str | None:
    """The column of a CHECK (column IS NOT NULL)."""
    if expression is None or not expression.HasField("null_test"):
        return None
    test = expression.null_test
    fields = test.arg.column_ref.fields
    is_not_null = test.nulltesttype == 2  # IS_NOT_NULL in PostgreSQL's primnodes.h
    return str(fields[-1].string.sval) if is_not_null and len(fields) == 1 else None

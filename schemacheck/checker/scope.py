"""What one statement is judged against, and where its findings gather."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from schemacheck.checker.database.catalog import Catalog, Table
from schemacheck.checker.database.lookup import visible_relations
from schemacheck.checker.findings import Finding, Lock, Proof, Severity
from schemacheck.checker.history import History
from schemacheck.checker.likeness import did_you_mean
from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.reading.shapes import Name

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a script has come."""

    in_transaction: bool = False
    saved: Catalog | None = None
    history: History = field(default_factory=History)
    pending: dict[tuple[str, str], bool] = field(default_factory=dict)  # table with triggers to come -> surely
    deferred: dict[str, bool] = field(default_factory=dict)  # constraint ("": all) -> as SET CONSTRAINTS said


@dataclass(slots=True, kw_only=True)
class Scope:
    """A statement, the catalog as it stands before it, and what was found so far."""

    statement: Statement
    catalog: Catalog
    session: "Session | None"
    progress: Progress
    similar: list[str] | None = None
    findings: list[Finding] = field(default_factory=list)
    proof: Proof = Proof.PARSE
    table_name: str | None = None
    locks: tuple[Lock, ...] = ()  # forecast before the statement
    target: Table | None = None  # the existing table an ALTER TABLE or CREATE INDEX is about

    def error(self, rule: str, message: str, sqlstate: str, location: int = -1, **more: Any) -> None:
        """Report what makes the server refuse."""
        self.add(rule, Severity.ERROR, message, location, sqlstate=sqlstate, **more)

    def warn(self, rule: str, message: str, location: int = -1, **more: Any) -> None:
        """Report what the server accepts and somebody may regret."""
        self.add(rule, Severity.WARNING, message, location, **more)

    def suggest(self, rule: str, message: str, location: int = -1, **more: Any) -> None:
        """Report an improvement."""
        self.add(rule, Severity.SUGGESTION, message, location, **more)

    def add(self, rule: str, severity: Severity, message: str, location: int = -1, **more: Any) -> None:
        line, column = self.statement.at(location)
        self.findings.append(Finding(rule=rule, severity=severity, message=message, line=line, column=column, **more))

    def standing(self, name: Name) -> Table | bool | None:
        """The relation if it stands before the script and may hold rows; False if it does not, None if unknown."""
        table = self.catalog.table(name)
        if table is None:
            return False if self.catalog.is_live and self.catalog.is_certain else None
        return False if table.is_empty else table

    @property
    def has_error(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def known_relations(self) -> list[str]:
        """Names of relations to suggest."""
        if self.similar is None:
            self.similar = visible_relations(self.session) if self.session else []
        return [*self.similar, *(table.name for table in self.catalog.tables.values())]

    def require_table(self, name: Name, *, what: str = "relation") -> Table | None:
        """The relation a name means; reports 42P01 or 3F000 where there is none and the catalog can tell."""
        table = self.catalog.table(name)
        if table is not None or not self.catalog.is_live:
            return table
        if name.schema is not None and not self.catalog.has_schema(name.schema):
            self.unknown("undefined-schema", f'schema "{name.schema}" does not exist', "3F000", name.location)
        else:
            hint = did_you_mean(name.name, self.known_relations())
            self.unknown("undefined-table", f'{what} "{name}" does not exist', "42P01", name.location, hint=hint)
        return None

    def unknown(self, rule: str, message: str, sqlstate: str, location: int = -1, *, hint: str = "") -> None:
        """Report a missing object: a warning where an earlier statement might have made it unseen."""
        severity = Severity.ERROR if self.catalog.is_certain else Severity.WARNING
        self.add(rule, severity, message, location, sqlstate=sqlstate, hint=hint)

    def unknown_column(self, table: Table, column: str, location: int, message: str = "") -> None:
        """Report a column that a table does not have."""
        text = message or f'column "{column}" of relation "{table.name}" does not exist'
        hint = did_you_mean(column, [other.name for other in table.columns])
        self.error("undefined-column", text, "42703", location, hint=hint)

    @contextmanager
    def softened(self, because: str) -> Iterator[None]:
        """Errors reported inside become warnings."""
        before = len(self.findings)
        yield
        for index, finding in enumerate(self.findings[before:], before):
            if finding.severity is Severity.ERROR:
                hint = f"{finding.hint} {because}".strip()
                self.findings[index] = replace(finding, severity=Severity.WARNING, hint=hint)

"""Checks migrations: the SQL of each against the database, its Python by rules, all said at the operation's line."""

import bisect
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import connections
from django.db.migrations import AlterField, Migration
from django.db.migrations.state import ProjectState

from config.context import caller
from config.errors import FieldError
from schemacheck import checks
from schemacheck.bounds import bounds_of
from schemacheck.checker.findings import UNCHECKED, Finding, Proof, Report, Severity, StatementReport
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.rules import is_wanted
from schemacheck.checker.validator import validate
from schemacheck.django_migrations import choosing, ignoring, python_rules, sources
from schemacheck.django_migrations.choosing import Choice, Key, Loaded
from schemacheck.django_migrations.offline import offline_connection
from schemacheck.django_migrations.writing import ADD_DEFAULT, DROP_DEFAULT, Step, write
from schemacheck.files import unread_report
from schemacheck.refusals import DatabaseAway, InvalidCheck, translated

_SHOWN_SQL = 300
_HINTS = {
    "concurrently-in-transaction": "Django runs a migration in one transaction: set atomic = False on it.",
    "index-not-concurrent": "Use AddIndexConcurrently of django.contrib.postgres.operations, alone in a migration "
    "with atomic = False.",
    "drop-index-not-concurrent": "Use RemoveIndexConcurrently of django.contrib.postgres.operations, alone in a "
    "migration with atomic = False.",
    "check-without-not-valid": "Use AddConstraintNotValid and, in a later migration, ValidateConstraint, both of "
    "django.contrib.postgres.operations.",
    "drop-column": "First release code without the field (SeparateDatabaseAndState with RemoveField among its "
    "state_operations), and drop the column in the next release.",
    "drop-table": "First release code without the model (SeparateDatabaseAndState with DeleteModel among its "
    "state_operations), and drop the table in the next release.",
    "rename-column": "Keep the column's name with db_column, or add a field, copy, and remove the old one later.",
    "rename-table": "Keep the table's name with Meta.db_table.",
    "lock-timeout-missing": "Run migrate with PGOPTIONS='-c lock_timeout=2s', and again if it is hit.",
    "wide-lock-window": "Put this operation into a migration of its own, so that the lock is let go before.",
    "rewrite-under-lock": "Put this operation into a migration of its own, so that the lock is let go before.",
    "required-column-without-default": "Give the field a default or a db_default, or add it with null=True.",
}
_SQL_OF_TRANSACTIONS = {"lock-timeout-missing", "wide-lock-window", "rewrite-under-lock", "concurrently-in-transaction"}
_ABOUT_TYPES = {"type-change-rewrites", "rewrite-under-lock"}
_BEYOND_DJANGO = {
    "combine-alter-table",
    "not-rerunnable",
    "unqualified-table",
    "prefer-identity",
    "transaction-nesting",
}


@dataclass(slots=True)
class Reviewed:
    """A migration and what there is to say about it."""

    label: str
    path: Path
    text: str
    report: Report
    applied: bool = False
    atomic: bool = True
    steps: list[Step] = field(default_factory=list)
    check_id: str = ""

    @property
    def irreversible(self) -> list[str]:
        """The operations that cannot be undone."""
        return [step.title for step in self.steps if not step.reversible]

    @property
    def forwards(self) -> str:
        """Its SQL."""
        return _script([(step, step.forwards, step.unwritten) for step in self.steps], atomic=self.atomic)

    @property
    def backwards(self) -> str:
        """The SQL that undoes it."""
        undone = [(step, step.backwards, step.unwritten_backwards) for step in reversed(self.steps)]
        return _script(undone, atomic=self.atomic)

    @property
    def facts(self) -> dict[str, Any]:
        """What there is to know besides the report."""
        return {
            "migration": self.label,
            "path": str(self.path),
            "applied": self.applied,
            "atomic": self.atomic,
            "irreversible": self.irreversible,
            "sql": {"forwards": self.forwards, "backwards": self.backwards},
        }

    def as_dict(self) -> dict[str, Any]:
        """In the public shape: the report with the migration's own facts."""
        return {**self.facts, **({"id": self.check_id} if self.check_id else {}), **self.report.as_dict()}


@dataclass(slots=True)
class Review:
    """The answer to a check of migrations; `state` is what is applied where."""

    migrations: list[Reviewed]
    state: list[dict[str, Any]]
    database: str
    away: bool = False
    skipped: list[Path] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether no migration has an error."""
        return all(item.report.valid for item in self.migrations)

    def as_dict(self) -> dict[str, Any]:
        """In the public shape."""
        return {
            "valid": self.valid,
            "database": self.database,
            "database_away": self.away,
            "apps": self.state,
            "migrations": [item.as_dict() for item in self.migrations],
        }


def check_migrations(
    *,
    app: str | None = None,
    name: str | None = None,
    changed: Sequence[Path] | None = None,
    files: Sequence[Path] | None = None,
    database: str | None = None,
    proof: str | None = None,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> Review:
    """Check migrations and keep the verdict on each, where there is a history to keep it in.

    Without `app` those not applied, without those of installed packages; with `app` its own; with `name` that one,
    applied or not; with `changed` those in these files; with `files` each of these, one that is no migration of the
    project being an error; `probe` also asks the rows of a PostgreSQL.
    Raises NotFound, InvalidCheck, NeedsWrite, DatabaseAway.
    """
    reviewed = review_migrations(
        app=app, name=name, changed=changed, files=files, database=database, proof=proof, probe=probe, policy=policy
    )
    keep(reviewed, proof=proof)
    return reviewed


def keep(reviewed: Review, *, proof: str | None = None) -> None:
    """Keep the verdicts, with their events; where the history has no table yet, as in CI, they are only said."""
    kept = checks.has_history()
    for item in reviewed.migrations:
        started = time.perf_counter()
        sql = item.forwards or f"-- {item.label}: {item.path}"
        check = checks.keep(
            item.report,
            sql=sql,
            database=reviewed.database,
            proof=proof,
            started=started,
            facts=item.facts,
            kept=kept,
        )
        item.check_id = str(check.uid) if check.pk else ""


@translated()
def review_migrations(
    *,
    app: str | None = None,
    name: str | None = None,
    changed: Sequence[Path] | None = None,
    files: Sequence[Path] | None = None,
    database: str | None = None,
    proof: str | None = None,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> Review:
    """The same without keeping anything."""
    checks.permit(proof, probe=probe)
    alias = checks.alias(database)
    if name is not None and app is None:
        detail = "Name the app too: a migration's name is known only within one."
        raise InvalidCheck(detail, errors=[FieldError(field="name", code="incomplete", detail=detail)])
    loaded = choosing.load(alias)
    if loaded.away and (probe or proof not in (None, Proof.PARSE)):
        raise DatabaseAway(
            f"The database {alias!r} cannot be reached, so nothing was checked. Start it, or ask for less."
        )
    migrations: list[Reviewed] = []
    skipped: list[Path] = []
    if loaded.loader is not None:
        choice = choosing.choose(loaded, app=app, name=name, changed=files if files is not None else changed)
        migrations = _judge(loaded, alias, choice, proof=proof, probe=probe, policy=policy)
        strange, skipped = choosing.without_migration(loaded.loader, files or ())
        migrations += [_unread(path) for path in strange]
    _add_problems(migrations, loaded)
    for item in migrations:
        item.report = ignoring.apply(item.report, sources.Source(item.path, item.text))
    return Review(migrations, current_state(loaded), alias, loaded.away, skipped)


def _unread(path: Path) -> Reviewed:
    """A file that was named and holds no migration of the project."""
    why = "holds no migration of an app that is installed here" if path.exists() else "is not there"
    reason = f"{path} {why}, so it was not checked. Name a file in the migrations folder of such an app."
    return Reviewed(str(path), path, "", unread_report(reason))


def current_state(loaded: Loaded) -> list[dict[str, Any]]:
    """For each app: how many migrations are applied, the last of them, and those that are not."""
    if loaded.loader is None:
        return []
    graph = loaded.loader.graph
    states: dict[str, dict[str, Any]] = {}
    order: dict[Key, None] = {}
    for leaf in graph.leaf_nodes():
        order |= dict.fromkeys(graph.forwards_plan(leaf))
    for app, name in order:
        entry = states.setdefault(app, {"app": app, "applied": 0, "last_applied": None, "unapplied": []})
        if (app, name) in loaded.applied:
            entry["applied"] += 1
            entry["last_applied"] = name
        else:
            entry["unapplied"].append(name)
    return [states[app] for app in sorted(states)]


def _judge(
    loaded: Loaded, alias: str, choice: Choice, *, proof: str | None, probe: bool, policy: Policy
) -> list[Reviewed]:
    assert loaded.loader is not None
    nodes = loaded.loader.graph.nodes
    is_postgresql = loaded.live is not None and loaded.live.vendor == "postgresql"
    reviewed: list[Reviewed] = []
    # What is applied has its effect in the catalog already, so it is judged without.
    past, future = _Script(), _Script()
    with offline_connection(alias, loaded.live if is_postgresql else None) as connection:
        state = ProjectState(real_apps=loaded.loader.unmigrated_apps)
        for key in choice.plan:
            migration, applied = nodes[key], key in loaded.applied
            if applied and key not in choice.chosen:
                state = migration.mutate_state(state, preserve=False)
                continue
            steps, state = write(migration, state, connection)
            item = _new(migration, steps, applied=applied)
            # What comes before makes its tables in the script, unless the question is about a table that stands.
            if key in choice.chosen or is_postgresql:
                (past if applied else future).add(item)
            if key in choice.chosen:
                reviewed.append(item)
    _apply(past, None, Proof.PARSE.value, policy)
    reached = proof if is_postgresql else Proof.PARSE.value
    _apply(future, connections[alias] if is_postgresql else None, reached, policy, probe=probe and is_postgresql)
    for item in reviewed:
        said = python_rules.look(nodes[_key(item)], item.steps)
        wanted = [finding for finding in said if is_wanted(finding.rule, policy)]
        item.report = replace(item.report, notes=(*item.report.notes, *wanted))
    return reviewed


def _key(item: Reviewed) -> Key:
    app, _, name = item.label.partition(".")
    return app, name


def _new(migration: Migration, steps: list[Step], *, applied: bool) -> Reviewed:
    source = sources.source_of(migration)
    return Reviewed(
        label=f"{migration.app_label}.{migration.name}",
        path=source.path,
        text=source.text,
        report=Report(dialect="postgresql", proof=Proof.PARSE),
        applied=applied,
        atomic=migration.atomic,
        steps=_placed(steps, source),
    )


def _placed(steps: list[Step], source: sources.Source) -> list[Step]:
    fallback = source.attribute_place("operations")
    for step, node in zip(steps, source.operation_nodes(len(steps)), strict=True):
        place = sources.place(node) if node is not None else fallback
        step.line, step.column = place.line, place.column
    return steps


@dataclass(slots=True)
class _Piece:
    """Where a statement of the script comes from."""

    first_line: int
    item: Reviewed
    step: Step | None
    sql: str
    position: int  # of the statement in its step


class _Script:
    """Migrations as one script, so that what the first makes is known to the second."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pieces: list[_Piece] = []
        self.items: list[Reviewed] = []

    def add(self, item: Reviewed) -> None:
        self.items.append(item)
        if item.atomic:
            self._put("BEGIN;", item, None, 0)
        for step in item.steps:
            for position, sql in enumerate(step.forwards):
                self._put(sql, item, step, position)
        if item.atomic:
            self._put("COMMIT;", item, None, 0)

    def _put(self, sql: str, item: Reviewed, step: Step | None, position: int) -> None:
        self.pieces.append(_Piece(len(self.lines) + 1, item, step, sql, position))
        closed = sql if sql.rstrip().endswith(";") else f"{sql}\n;"  # RunSQL may end in a comment
        self.lines += closed.split("\n")

    @property
    def sql(self) -> str:
        return "\n".join(self.lines)

    def piece_at(self, line: int) -> _Piece:
        starts = [piece.first_line for piece in self.pieces]
        return self.pieces[max(0, bisect.bisect_right(starts, line) - 1)]


def _apply(script: _Script, connection: Any, proof: str | None, policy: Policy, *, probe: bool = False) -> None:
    """Judge a script, and give each migration its part of the report."""
    if not script.pieces:
        return
    report = validate(
        script.sql,
        connection=connection,
        dialect="postgresql",
        proof=proof,
        probe=probe,
        policy=policy,
        seconds=bounds_of(caller().door).seconds,
    )
    stopped = tuple(replace(note, line=None, column=None) for note in report.notes if note.rule in UNCHECKED)
    shares: dict[int, list[StatementReport]] = {id(item): [] for item in script.items}
    for statement in report.statements:
        piece = script.piece_at(statement.line)
        if piece.step is None:
            continue
        findings = tuple(_at_operation(piece, piece.step, finding) for finding in _kept(piece, piece.step, statement))
        shares[id(piece.item)].append(replace(statement, line=piece.step.line, findings=findings))
    for item in script.items:
        renumbered = [replace(statement, index=index) for index, statement in enumerate(shares[id(item)])]
        item.report = replace(report, statements=tuple(renumbered), notes=stopped)


def _kept(piece: _Piece, step: Step, statement: StatementReport) -> Iterator[Finding]:
    """Findings a person who writes Django can do something about."""
    if _drops_its_own_default(piece, step):
        yield from statement.errors
        return
    for finding in statement.findings:
        if finding.rule in _BEYOND_DJANGO and finding.severity is not Severity.ERROR:
            continue
        if finding.rule in _ABOUT_TYPES and _keeps_rows(step):
            continue
        yield finding


def _drops_its_own_default(piece: _Piece, step: Step) -> bool:
    """Django adds a required column with a default that it drops again: together they are one thing."""
    dropped = DROP_DEFAULT.match(piece.sql)
    if dropped is None:
        return False
    added = (ADD_DEFAULT.match(sql) for sql in step.forwards[: piece.position])
    return any(match is not None and match.groups() == dropped.groups() for match in added)


_LENGTH = re.compile(r"(varchar|numeric)\((\d+)(?:, ?(\d+))?\)\Z")


def _keeps_rows(step: Step) -> bool:
    """Whether the type an AlterField had in Django's own history looks the same on disk as the new one."""
    if not isinstance(step.operation, AlterField) or not step.old_type or not step.new_type:
        return False
    old, new = _LENGTH.match(step.old_type), _LENGTH.match(step.new_type)
    if old and new and old[1] == new[1]:
        return old[3] == new[3] and int(new[2]) >= int(old[2])
    texts = ("text", "varchar")
    is_text = step.old_type in texts or (old is not None and old[1] == "varchar")
    return step.old_type == step.new_type or (is_text and step.new_type in texts)


def _at_operation(piece: _Piece, step: Step, finding: Finding) -> Finding:
    facts = {
        **finding.facts,
        "migration": piece.item.label,
        "operation": step.title,
        "sql": piece.sql[:_SHOWN_SQL],
    }
    hint = _HINTS.get(finding.rule, finding.hint)
    fix = "" if finding.rule in _SQL_OF_TRANSACTIONS else finding.fix  # Django writes BEGIN and COMMIT
    return replace(finding, line=step.line, column=step.column, hint=hint, fix=fix, facts=facts)


def _add_problems(migrations: list[Reviewed], loaded: Loaded) -> None:
    """What is wrong with the migrations as a whole, beside the report on the file it is in."""
    for problem in loaded.problems:
        item = next((item for item in migrations if item.path == problem.path), None)
        if item is None:
            source = sources.read_source(problem.path)
            label = f"{problem.path.parent.parent.name}.{problem.path.stem}" if problem.path.name else "migrations"
            item = Reviewed(label, source.path, source.text, Report(dialect="postgresql", proof=Proof.NONE))
            migrations.append(item)
        item.report = replace(item.report, notes=(problem.finding, *item.report.notes))


def _script(parts: list[tuple[Step, list[str], str]], *, atomic: bool) -> str:
    lines: list[str] = []
    for step, statements, unwritten in parts:
        lines.append(f"-- {step.title}")
        lines += [f"-- not written: {unwritten}"] if unwritten else []
        lines += [sql if sql.rstrip().endswith(";") else f"{sql}\n;" for sql in statements]
    if not lines:
        return ""
    return "\n".join(["BEGIN;", *lines, "COMMIT;"] if atomic else lines) + "\n"

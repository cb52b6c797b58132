"""Judges the migrations of a folder as one history: what an earlier one makes is known to the later ones."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemacheck.checker import ignores
from schemacheck.checker.findings import Finding, Proof, Report, StatementReport, unread
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.reading.splitter import split
from schemacheck.checker.rules import RULES
from schemacheck.checker.validator import judge
from schemacheck.projects.folders.migration import Found, Migration, Part, Transaction
from schemacheck.projects.script import Piece, Script, share_of

_OWN_TRANSACTION = ("BEGIN", "START")


@dataclass(frozen=True, slots=True)
class Judged:
    """A file of a folder, with what there is to say about it and which migrations it holds."""

    path: Path
    text: str
    report: Report
    migrations: tuple[str, ...] = ()


def judge_history(
    found: Found,
    *,
    chosen: Collection[Path] | None = None,
    dialect: str = "postgresql",
    downs: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> list[Judged]:
    """A report on each file chosen, by default on each; the files before stand, with rows, where not all are chosen.

    What takes a migration back is parsed; with `downs` the rules speak of it too.
    """
    own = replace(policy, assume_in_transaction=False)  # the tool says which file is in one
    history = sorted(found.migrations, key=lambda item: item.order)
    wanted = {path.resolve() for path in chosen} if chosen is not None else None
    ups = [item.up for item in history if item.up]
    undoing = [item.down for item in reversed(history) if item.down]
    verdict = _Verdict(Report(dialect=dialect, proof=Proof.PARSE))
    _judge(verdict, ups, [], wanted, own)
    _judge(verdict, undoing, ups, wanted, own, only_errors=not downs)
    judged = [
        _of_file(path, parts, verdict, history, policy)
        for path, parts in _files(history)
        if wanted is None or path.resolve() in wanted
    ]
    strange = [item for item in found.strange if wanted is None or item[0].resolve() in wanted]
    judged += [Judged(path, "", unread(f"{path} was not checked: {why}.", dialect=dialect)) for path, why in strange]
    return sorted(judged, key=lambda item: item.path.as_posix())


@dataclass(slots=True)
class _Verdict:
    """The statements of each file, at their lines there; `whole` has how far all were checked."""

    whole: Report
    shares: dict[Path, list[StatementReport]] = field(default_factory=dict)


def _judge(
    verdict: _Verdict,
    parts: Sequence[Part],
    before: Sequence[Part],
    wanted: Collection[Path] | None,
    policy: Policy,
    *,
    only_errors: bool = False,
) -> None:
    """Judge the parts asked about in their order, behind those that stand."""
    script = Script[Part]()
    for part in before:
        _add(script, part, stands=True)
    for part in parts:
        _add(script, part, stands=wanted is not None and part.path.resolve() not in wanted)
    if not script.pieces:
        return
    whole = verdict.whole
    report = judge(script.sql, None, whole.dialect, None, policy=policy, stands=script.stands)
    verdict.whole = replace(whole, proof=report.proof, notes=(*whole.notes, *report.notes))
    for piece, statement in script.shares(report):
        assert piece.owner is not None
        told = _at_home(piece, statement)
        told = replace(told, findings=told.errors, locks=()) if only_errors else told
        verdict.shares.setdefault(piece.owner.path, []).append(told)


def _add(script: Script[Part], part: Part, *, stands: bool) -> None:
    texts = [piece.text for piece in split(part.sql)]
    if not texts:
        return
    has_own = any(text.upper().startswith(_OWN_TRANSACTION) for text in texts)
    is_implied = part.transaction is Transaction.STRING and len(texts) > 1 and not has_own
    wrapped = part.transaction is Transaction.WRAPPED or is_implied
    if wrapped:
        script.put("BEGIN;", stands=stands)
    script.put(part.sql, None if stands else part, stands=stands)
    if wrapped:
        script.put("COMMIT;", stands=stands)


def _at_home(piece: Piece[Part], statement: StatementReport) -> StatementReport:
    """A statement at the line of its own file."""
    before = piece.first_line - 1
    findings = tuple(
        replace(finding, line=finding.line - before if finding.line else None) for finding in statement.findings
    )
    return replace(statement, line=statement.line - before, findings=findings)


def _files(history: Sequence[Migration]) -> Iterator[tuple[Path, list[Part]]]:
    parts: dict[Path, list[Part]] = {}
    for migration in history:
        for part in (migration.up, migration.down):
            if part is not None:
                parts.setdefault(part.path, []).append(part)
    yield from parts.items()


def _of_file(
    path: Path, parts: Sequence[Part], verdict: _Verdict, history: Sequence[Migration], policy: Policy
) -> Judged:
    text, dialect = parts[0].text, verdict.whole.dialect
    statements = sorted(verdict.shares.get(path, []), key=lambda statement: statement.line)
    if not statements and any(item.up in parts for item in history):
        return Judged(path, text, unread(f"{path} holds no statement, so nothing was checked.", dialect=dialect))
    report = share_of(verdict.whole, statements)
    held = tuple(item.version for item in history if item.up in parts or item.down in parts)
    report = replace(report, notes=(*_clashes(held, history, path), *report.notes))
    return Judged(path, text, ignores.apply(text, report, policy), held)


def _clashes(held: Sequence[str], history: Sequence[Migration], path: Path) -> Iterator[Finding]:
    """Two migrations of one version: their tool refuses them, or runs one alone."""
    counted = Counter(item.version for item in history)
    for version in dict.fromkeys(held):
        if counted[version] > 1:
            others = [
                part.path.name
                for item in history
                if item.version == version
                for part in (item.up or item.down,)
                if part is not None and part.path != path
            ]
            yield Finding(
                rule="migration-conflict",
                severity=RULES["migration-conflict"].severity,
                message=f"version {version} is there twice: {', '.join(others) or path.name} has it too",
                line=1,
                column=1,
                hint="Give one of them a later version.",
                facts={"version": version},
            )

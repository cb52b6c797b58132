"""Judges what a collector tells of revisions: each finding stands at the line that sends its statement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from schemacheck.checker.findings import Finding, Proof, Report, StatementReport, unread
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.rules import RULES, is_wanted
from schemacheck.checker.validator import validate
from schemacheck.projects import ignoring
from schemacheck.projects.alembic.hints import for_alembic
from schemacheck.projects.alembic.told import Revision, Told
from schemacheck.projects.places import NOTHING_TYPED, read_text, shown_path
from schemacheck.projects.problems import SHOWN_SQL, add_problems, softened
from schemacheck.projects.script import Script, placed, share_of

_UP, _DOWN = "upgrade", "downgrade"


def judge(
    answer: Told, *, downs: bool = False, policy: Policy = DEFAULT_POLICY, typed: Mapping[str, str] = NOTHING_TYPED
) -> list[Revision]:
    """A report on each revision that was asked about, and on each file that something else is wrong with.

    What takes a revision back is parsed; with `downs` the rules speak of it too. `typed` are files as they stand in an
    editor, which the collector was given too.
    """
    own = replace(policy, assume_in_transaction=False)  # env.py says what is in one
    plan = [_new(told, typed) for told in answer["revisions"]]
    chosen = [item for item in plan if item.told["chosen"]]
    alone = answer["per_migration"]
    up = _judged([(item, _UP, not item.told["chosen"]) for item in plan], own, alone=alone)
    there = [(item, _UP, True) for item in plan]
    down = _judged([*there, *((item, _DOWN, False) for item in reversed(chosen))], own, alone=alone)
    for item in chosen:
        undone = down.get(item.label, [])
        kept = undone if downs else [replace(told, findings=told.errors, locks=()) for told in undone]
        item.report = share_of(item.report, [*up.get(item.label, []), *kept])
        said = tuple(finding for finding in _beyond_sql(item) if is_wanted(finding.rule, policy))
        item.report = replace(item.report, notes=(*item.report.notes, *said))
    for path in answer["strange"]:
        why = "holds no revision" if Path(path).exists() else "is not there"
        report = unread(f"{path} {why}, so it was not checked. Name a file in the versions folder.")
        chosen.append(Revision(path, Path(path), "", report))
    add_problems(chosen, answer["problems"], lambda path, text, report: Revision(path.stem, path, text, report))
    for item in chosen:
        if item.told:
            item.report = ignoring.apply(item.report, item.text, item.told["source"])
    return chosen


def _new(told: Told, typed: Mapping[str, str]) -> Revision:
    path = Path(told["path"])
    report = Report(dialect="postgresql", proof=Proof.PARSE)
    return Revision(told["revision"], shown_path(path), read_text(path, typed), report, told)


def _judged(
    acts: Sequence[tuple[Revision, str, bool]], policy: Policy, *, alone: bool
) -> dict[str, list[StatementReport]]:
    """The statements of each revision that acts, at their lines; where the check stopped is noted in its report."""
    script = _script(acts, alone=alone)
    if not script.pieces:
        return {}
    report = validate(script.sql, dialect="postgresql", proof=Proof.PARSE, policy=policy, stands=script.stands)
    shares: dict[str, list[StatementReport]] = {}
    for piece, statement in script.shares(report):
        assert piece.owner is not None
        item, place = piece.owner, piece.owner.place(piece.step["line"])
        facts = {"migration": item.label, "sql": piece.sql[:SHOWN_SQL]}
        findings = tuple(placed(softened(finding), place, facts) for finding in for_alembic(statement))
        shares.setdefault(item.label, []).append(replace(statement, line=place[0], findings=findings))
    for item, _, stands in acts:
        if not stands:
            item.report = share_of(replace(report, notes=(*item.report.notes, *report.notes)), [])
    return shares


def _script(acts: Sequence[tuple[Revision, str, bool]], *, alone: bool) -> Script[Revision]:
    """All that act are in one transaction, unless env.py gives each its own; autocommit_block() leaves it."""
    script = Script[Revision]()
    is_open = False
    for item, direction, stands in acts:
        if is_open and (stands or alone):
            script.put("COMMIT;")
            is_open = False
        if not stands and not is_open:
            script.put("BEGIN;")
            is_open = True
        for position, statement in enumerate(item.told[direction]["statements"]):
            owner = None if stands or statement["marks_transaction"] else item
            script.put(statement["sql"], owner, statement, position, stands=stands)
    if is_open:
        script.put("COMMIT;")
    return script


def _beyond_sql(item: Revision) -> Iterator[Finding]:
    """What the statements do not show."""
    source = item.told["source"]
    if item.is_irreversible:
        refuses = item.told[_DOWN]["failed"]
        line = refuses["line"] if refuses else source["places"][_DOWN]
        message = "downgrade() refuses to take it back" if refuses else "downgrade() does nothing, upgrade() does"
        hint = "Write what takes it back, so that a release can be."
        yield _finding("migration-irreversible", item, line, message, hint)
    for direction in (_UP, _DOWN):
        told = item.told[direction]
        failed = told["failed"]
        if failed and failed.get("tried"):
            message = f"{direction}() fails on a scratch database ({failed['why']}); the rest was not checked"
            hint = "Correct it; if it needs rows that are there before it, run it on a copy of the database."
            yield _finding("migration-trial-failed", item, failed["line"], message, hint)
        elif failed and not (direction == _DOWN and item.is_irreversible):
            why = f"goes no further than here without a database ({failed['why']})"
            message = f"{direction}() {why}; the rest was not checked"
            yield _unwritten(item, failed["line"], message)
        for line in told["asked"]:
            message = f"{direction}() asks the database, and what it does with the answer was not checked"
            yield _unwritten(item, line, message)


def _unwritten(item: Revision, line: int, message: str) -> Finding:
    hint = "Try it with --trial, or keep schema and rows in revisions of their own."
    return _finding("migration-not-written", item, line, message, hint)


def _finding(code: str, item: Revision, line: int, message: str, hint: str) -> Finding:
    at, column = item.place(line)
    severity = RULES[code].severity
    facts = {"migration": item.label}
    return Finding(rule=code, severity=severity, message=message, line=at, column=column, hint=hint, facts=facts)

"""Judges what a collector tells: the SQL of each migration by the checker, its Python by rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemacheck.checker.clock import UNHURRIED_SECONDS
from schemacheck.checker.findings import Proof, Report, StatementReport, unread
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.checker.rules import is_wanted
from schemacheck.checker.validator import validate
from schemacheck.projects import ignoring
from schemacheck.projects.django import hints, python_rules
from schemacheck.projects.django.told import Reviewed, Told
from schemacheck.projects.places import NOTHING_TYPED, read_text, shown_path
from schemacheck.projects.problems import SHOWN_SQL, add_problems, softened
from schemacheck.projects.script import Script, placed, share_of


def judge(
    answer: Mapping[str, Any],
    *,
    connection: Any = None,
    proof: str | None = None,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
    seconds: float = UNHURRIED_SECONDS,
    typed: Mapping[str, str] = NOTHING_TYPED,
) -> list[Reviewed]:
    """A report on each migration that was asked about, and on each file that something else is wrong with.

    `connection` is to a PostgreSQL whose catalog holds what is applied; without it the tables that stand are those the
    migrations before make. `typed` are files as they stand in an editor, which the collector was given too.
    """
    reviewed: list[Reviewed] = []
    past, future = Script[Reviewed](), Script[Reviewed]()
    for sql in answer["standing"]:
        future.put(sql, stands=True)
    for told in answer["migrations"]:
        item = _new(told, typed)
        is_past = told["applied"] and connection is not None
        _add(past if is_past else future, item, stands=connection is None and not told["chosen"])
        if told["chosen"]:
            reviewed.append(item)
    own = replace(policy, assume_in_transaction=False)  # the migration says whether it is in one
    limits: dict[str, Any] = {"policy": own, "seconds": seconds}
    _apply(past, reviewed, proof=Proof.PARSE.value, **limits)
    reached = proof if connection is not None else Proof.PARSE.value
    _apply(future, reviewed, connection=connection, proof=reached, probe=probe, **limits)
    for item in reviewed:
        wanted = [finding for finding in python_rules.look(item) if is_wanted(finding.rule, policy)]
        item.report = replace(item.report, notes=(*item.report.notes, *wanted))
    reviewed += [_unread(Path(path)) for path in answer["strange"]]
    sources = {item.label: item.told["source"] for item in reviewed if item.told}
    for item, problem in add_problems(reviewed, answer["problems"], _nameless):
        sources[item.label] = problem["source"]
    for item in reviewed:
        if item.label in sources:
            item.report = ignoring.apply(item.report, item.text, sources[item.label])
    return reviewed


def _new(told: Told, typed: Mapping[str, str]) -> Reviewed:
    path = Path(told["source"]["path"])
    report = Report(dialect="postgresql", proof=Proof.PARSE)
    return Reviewed(f"{told['app']}.{told['name']}", shown_path(path), read_text(path, typed), report, told)


def _add(script: Script[Reviewed], item: Reviewed, *, stands: bool) -> None:
    owner = None if stands else item
    if item.atomic:
        script.put("BEGIN;", stands=stands)
    for step in item.steps:
        for position, sql in enumerate(step.forwards):
            script.put(sql, owner, step, position, stands=stands)
    if item.atomic:
        script.put("COMMIT;", stands=stands)


def _apply(script: Script[Reviewed], items: Sequence[Reviewed], **how: Any) -> None:
    """Judge a script, and give each migration its part of the report."""
    if not script.pieces:
        return
    report = validate(script.sql, dialect="postgresql", stands=script.stands, **how)
    shares: dict[str, list[StatementReport]] = {}
    for piece in script.pieces:
        if piece.owner is not None:
            shares.setdefault(piece.owner.label, [])
    guessed = how.get("connection") is None
    for piece, statement in script.shares(report):
        assert piece.owner is not None
        facts = {"migration": piece.owner.label, "operation": piece.step.title, "sql": piece.sql[:SHOWN_SQL]}
        findings = tuple(
            placed(softened(finding) if guessed else finding, piece.step.place, facts)
            for finding in hints.for_django(piece.step, piece.position, statement)
        )
        shares[piece.owner.label].append(replace(statement, line=piece.step.place[0], findings=findings))
    for item in items:
        if item.label in shares:
            item.report = share_of(report, shares[item.label])


def _unread(path: Path) -> Reviewed:
    """A file that was named and holds no migration of the project."""
    why = "holds no migration of an app that is installed here" if path.exists() else "is not there"
    reason = f"{path} {why}, so it was not checked. Name a file in the migrations folder of such an app."
    return Reviewed(str(path), path, "", unread(reason))


def _nameless(path: Path, text: str, report: Report) -> Reviewed:
    """A file that is no migration of those asked about, and that something is wrong with."""
    label = f"{path.parent.parent.name}.{path.stem}" if path.name else "migrations"
    return Reviewed(label, path, text, report)

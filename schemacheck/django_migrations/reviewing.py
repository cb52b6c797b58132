"""Checks this service's own migrations, as any project's are: a collector tells of them, `projects.django` judges."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connections

from config.context import caller
from config.errors import FieldError, NotFound
from config.home import PROGRAM
from schemacheck import checks
from schemacheck.bounds import bounds_of
from schemacheck.checker.findings import Proof
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.projects.collectors.refusal import Refused
from schemacheck.projects.django.told import Reviewed
from schemacheck.refusals import AmbiguousName, DatabaseAway, InvalidCheck, translated

NONE_LEFT = (
    "There is no migration of Handrail itself to check: all are applied. For those of another project run "
    f"`{PROGRAM} schemacheck --django manage.py` in its folder."
)


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
    answer = _look(alias, app=app, name=name, changed=changed, files=files)
    if answer["away"] and (probe or proof not in (None, Proof.PARSE)):
        raise DatabaseAway(
            f"The database {alias!r} cannot be reached, so nothing was checked. Start it, or ask for less."
        )
    migrations = _judge(answer, alias, proof=proof, probe=probe, policy=policy)
    skipped = [Path(path) for path in answer["skipped"]]
    return Review(migrations, answer["apps"], alias, bool(answer["away"]), skipped)


def _look(
    alias: str, *, app: str | None, name: str | None, changed: Sequence[Path] | None, files: Sequence[Path] | None
) -> Mapping[str, Any]:
    from schemacheck.projects.collectors.django.looking import look

    with refusals_translated():
        answer: dict[str, Any] = look(
            alias=alias,
            app=app,
            name=name,
            files=[str(path) for path in files] if files is not None else None,
            changed=[str(path) for path in changed] if changed is not None else None,
        )
    return answer


@translated()
def _judge(answer: Mapping[str, Any], alias: str, *, proof: str | None, probe: bool, policy: Policy) -> list[Reviewed]:
    from schemacheck.projects.django.judging import judge  # the grammar takes 16 MB, which not every process needs

    return judge(
        answer,
        connection=connections[alias] if answer["is_live"] else None,
        proof=proof,
        probe=probe and answer["is_live"],
        policy=policy,
        seconds=bounds_of(caller().door).seconds,
    )


@contextmanager
def refusals_translated() -> Iterator[None]:
    """What a collector does not find, in the words of the service."""
    try:
        yield
    except Refused as refused:
        wrong = [FieldError(field=refused.field, code=refused.code, detail=refused.detail)]
        kind = {"unknown": NotFound, "ambiguous": AmbiguousName}.get(refused.code, InvalidCheck)
        raise kind(refused.detail, errors=wrong) from refused

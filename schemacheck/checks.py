"""Checks as things that are asked for, kept and looked back at: every door comes through here."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import Error, connections, transaction

from audit.trail import record
from config import installation
from config.context import caller
from config.errors import DomainError, FieldError, Forbidden, NotFound
from config.jobs.sending import send
from config.secrets import blank, retold, scrub
from schemacheck.bounds import IN_JOB, bounds_of
from schemacheck.checker.findings import Report
from schemacheck.checker.policy import DEFAULT_POLICY, Policy
from schemacheck.models import Check
from schemacheck.outline import title_of
from schemacheck.refusals import InvalidCheck, translated

_PRUNE_BATCH = 1_000


class NeedsWrite(Forbidden):
    """What takes real locks, or answers from existing rows, is more than reading a catalog."""

    remedy = "use a key of scope write"


def check_schema(
    *,
    sql: str,
    dialect: str | None = None,
    database: str | None = None,
    proof: str | None = None,
    probe: bool = False,
    policy: Policy = DEFAULT_POLICY,
    kept: bool = True,
) -> Check:
    """Check a script now and keep the verdict, or with `kept` false only say it.

    Raises InvalidCheck, TooLong, NeedsWrite, DatabaseAway, UnsupportedDatabase, Busy.
    """
    started = time.perf_counter()
    permit(proof, probe=probe)
    bounds_of(caller().door).hold(sql)
    report = _validate(sql, dialect, database, proof, probe=probe, policy=policy)
    check = _new(sql, dialect, database, proof, probe=probe)
    _fill(check, report, time.perf_counter() - started, sql)
    if kept:
        with transaction.atomic():
            _finish(check, report)
    return check


def has_history() -> bool:
    """Whether verdicts and events can be kept; in CI and before the first `migrate` there is no table for them."""
    wanted = {Check._meta.db_table, "audit_event"}
    try:
        return wanted <= set(connections["default"].introspection.table_names())
    except Error:
        return False


def request_check(
    *,
    sql: str,
    dialect: str | None = None,
    database: str | None = None,
    proof: str | None = None,
    probe: bool = False,
) -> Check:
    """Leave a script to be checked by a worker. Raises InvalidCheck, TooLong, NeedsWrite."""
    permit(proof, probe=probe)
    IN_JOB.hold(sql)
    check = _new(sql, dialect, database, proof, probe=probe)
    check.sql = _storable(sql)
    check.title = title_of(blank(check.sql))
    with transaction.atomic():
        check.save()
        record(
            event_type="schema.check_requested",
            entity_type="schema_check",
            entity_id=str(check.uid),
            new_value={"sql_hash": check.sql_hash, "dialect": dialect, "database": check.database},
        )
        send("schemacheck.run_check", check.pk)
    return check


def run_check(*, check_id: int) -> None:
    """Do a requested check, once however often it is called."""
    check = Check.objects.pending().filter(pk=check_id).first()
    if check is None:
        return
    started = time.perf_counter()
    try:
        report = _validate(check.sql, check.dialect or None, check.database, check.proof or None, probe=check.probe)
    except DomainError as error:
        _settle(check, None, time.perf_counter() - started, failure=error.detail)
    else:
        _settle(check, report, time.perf_counter() - started)


def fail_check(*, check_id: int, failure: str) -> None:
    """End a check that cannot be done, with the reason."""
    if check := Check.objects.pending().filter(pk=check_id).first():
        _settle(check, None, 0.0, failure=failure)


def check_again(*, uid: str) -> Check:
    """Check the script of an earlier check once more: the database may have changed. Raises NotFound."""
    earlier = Check.objects.filter(uid=uid).first()
    if earlier is None:
        raise NotFound(f"No check has the id {uid}.")
    return check_schema(
        sql=earlier.sql,
        dialect=earlier.dialect or None,
        database=earlier.database,
        proof=earlier.proof or None,
        probe=earlier.probe,
    )


def prune(*, days: int | None = None) -> int:
    """Delete checks older than SCHEMACHECK_RETENTION_DAYS; returns how many."""
    kept = settings.SCHEMACHECK_RETENTION_DAYS if days is None else days
    if kept < 1:
        raise InvalidCheck("A check is kept for at least 1 day.")
    removed = 0
    while True:
        with transaction.atomic():
            ids = list(Check.objects.older_than(kept).order_by("pk").values_list("pk", flat=True)[:_PRUNE_BATCH])
            if ids:
                Check.objects.filter(pk__in=ids).delete()
                record(
                    event_type="schema.checks_pruned",
                    entity_type="schema_check",
                    entity_id="retention",
                    new_value={"removed": len(ids), "older_than_days": kept},
                )
        removed += len(ids)
        if len(ids) < _PRUNE_BATCH:
            return removed


def keep(
    report: Report,
    *,
    sql: str,
    database: str,
    started: float,
    proof: str | None = None,
    facts: Mapping[str, Any] | None = None,
    kept: bool = True,
) -> Check:
    """Keep a verdict that was reached elsewhere, with its event, or with `kept` false only say it.

    `started` is of time.perf_counter; `facts` are kept with the report.
    """
    check = _new(sql, report.dialect, database, proof)
    _fill(check, report, time.perf_counter() - started, sql)
    check.report = {**(check.report or {}), **_storable(dict(facts or {}))}
    if kept:
        with transaction.atomic():
            _finish(check, report)
    return check


def permit(proof: str | None, *, probe: bool) -> None:
    """Whether the caller's key may ask for that. Raises NeedsWrite."""
    if caller().scope == "read" and (probe or proof == Check.Proof.EXECUTE):
        asked = "Asking existing rows (probe)" if probe else "Executing statements (proof execute)"
        raise NeedsWrite(f"{asked} needs a key of scope write. Without it, use proof copies.")


@translated()
def _validate(
    sql: str,
    dialect: str | None,
    database: str | None,
    proof: str | None,
    *,
    probe: bool,
    policy: Policy = DEFAULT_POLICY,
) -> Report:
    from schemacheck.checker.validator import (
        validate,  # the grammar takes 16 MB, which processes that never check can spare
    )

    connection = connections[alias(database)]
    is_there = proof is not None or installation.is_there(connection.settings_dict)  # in CI there may be none
    return validate(
        sql,
        connection=connection if is_there else None,
        dialect=dialect or connection.vendor,
        proof=proof,
        probe=probe,
        policy=policy,
        seconds=bounds_of(caller().door).seconds,
    )


def alias(database: str | None) -> str:
    """The alias of a configured database, `default` if none is given. Raises InvalidCheck."""
    name = database or "default"
    if name not in connections.settings:
        aliases = ", ".join(sorted(connections.settings))
        detail = f"There is no database {name!r}. Known are: {aliases}."
        raise InvalidCheck(detail, errors=[FieldError(field="database", code="unknown", detail=detail)])
    return name


def _new(sql: str, dialect: str | None, database: str | None, proof: str | None, *, probe: bool = False) -> Check:
    by = caller()
    return Check(
        requested_by=by.actor[:255],
        door=by.door,
        correlation_id=by.correlation_id,
        sql=blank(_storable(sql)),
        sql_hash=hashlib.sha256(sql.encode("utf-8", "surrogatepass")).hexdigest(),
        dialect=dialect or "",
        database=alias(database),
        proof=proof or "",
        probe=probe,
    )


def _settle(check: Check, report: Report | None, seconds: float, *, failure: str = "") -> None:
    given = check.sql  # it was kept whole until now, to be checked
    check.sql = blank(given)
    with transaction.atomic():
        if not Check.objects.select_for_update().pending().filter(pk=check.pk).exists():
            return  # another worker was faster
        if report is not None:
            _fill(check, report, seconds, given)
            _finish(check, report)
            return
        check.status, check.failure, check.duration_ms = Check.Status.FAILED, failure, seconds * 1000
        check.draw_outline()
        check.save()
        record(
            event_type="schema.check_failed",
            entity_type="schema_check",
            entity_id=str(check.uid),
            new_value={"failure": failure},
        )


def _fill(check: Check, report: Report, seconds: float, sql: str) -> None:
    check.status, check.valid = Check.Status.FINISHED, report.valid
    check.dialect = report.dialect
    check.table_name = str(_storable(report.table_name or ""))[:255]
    check.report = retold(scrub(_storable(report.as_dict())), sql)
    counts = check.report["counts"]
    check.statements, check.errors, check.warnings = counts["statements"], counts["errors"], counts["warnings"]
    check.duration_ms = round(seconds * 1000, 3)


def _finish(check: Check, report: Report) -> None:
    check.draw_outline()
    check.save()
    record(
        event_type="schema.checked",
        entity_type="schema_check",
        entity_id=str(check.uid),
        new_value={
            "valid": report.valid,
            "table_name": check.table_name or None,
            "sql_hash": check.sql_hash,
            "dialect": report.dialect,
            "database": check.database,
            "proof": report.proof.value,
            **(check.report or {})["counts"],
        },
    )


def _storable(value: Any) -> Any:
    """No database stores NUL in text, nor half a surrogate pair."""
    match value:
        case str():
            return value.replace("\0", "\u2400").encode("utf-8", "replace").decode()
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
    return value

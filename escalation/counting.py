"""What is counted beside the frequency of a bug: hours, releases, environments, users. One statement each a batch."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models

from escalation.checking import CheckedReport
from escalation.models import AffectedUser, Bug, Group, HourlyCount, Release, Sighting

Counted = Sequence[tuple[Bug, Sequence[CheckedReport]]]
"""Each bug of a batch with its reports. No mapping: a bug that is not saved has no hash."""

_ADD = "count = {table}.count + EXCLUDED.count"


def count_users(counted: Counted) -> list[AffectedUser]:
    """Raise `users` of bugs by those who are new to them; these are returned, to be kept once the bugs are saved."""
    told = [(bug, {report.sent.user for report in reports if report.sent} - {""}) for bug, reports in counted]
    known = _known_users(
        [bug.pk for bug, users in told if users and bug.pk], set().union(*(users for _, users in told))
    )
    new = [
        AffectedUser(bug=bug, user_hash=user)
        for bug, users in told
        for user in sorted(users)
        if (bug.pk, user) not in known
    ]
    for user in new:
        user.bug.users += 1
    return new


def _known_users(bugs: Sequence[int], users: set[str]) -> set[tuple[int, str]]:
    if not bugs:
        return set()
    return set(AffectedUser.objects.filter(bug__in=bugs, user_hash__in=users).values_list("bug_id", "user_hash"))


def hash_of_user(project: int, who: str) -> str:
    """The same user of a project is the same hash; two projects' are not to be joined by it."""
    return hashlib.sha256(f"{project}\0{who}".encode("utf-8", "replace")).hexdigest()[:16]


def keep_counts(
    counted: Counted, *, users: Iterable[AffectedUser], known_releases: Collection[tuple[int, str]], now: datetime
) -> None:
    """Write what was counted; the bugs are saved before."""
    _upsert(_hours(counted, now), once=("bug", "hour"), then=_ADD)
    seen_again = f"{_ADD}, last_seen_at = EXCLUDED.last_seen_at"
    _upsert(_sightings(counted, now), once=("bug", "release", "environment"), then=seen_again)
    for user in users:
        user.bug_id = user.bug.pk  # which it had not when it was counted
    _upsert(users, once=("bug", "user_hash"))
    _upsert(_releases(counted, known_releases, now), once=("project", "version"))
    _upsert(_groups(counted, now), once=("project", "key"))


def _hours(counted: Counted, now: datetime) -> Iterable[HourlyCount]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    for bug, reports in counted:
        yield HourlyCount(bug=bug, hour=hour, count=sum(report.frequency for report in reports))


def _releases(counted: Counted, known: Collection[tuple[int, str]], now: datetime) -> Iterable[Release]:
    named = {
        (bug.project_id, report.sent.release)
        for bug, reports in counted
        for report in reports
        if report.sent and report.sent.release
    }
    for project, version in sorted(named.difference(known)):
        yield Release(project_id=project, version=version, first_seen_at=now)


def _sightings(counted: Counted, now: datetime) -> Iterable[Sighting]:
    for bug, reports in counted:
        places = Counter((report.sent.release, report.sent.environment) for report in reports if report.sent)
        for (release, environment), count in sorted(places.items()):
            yield Sighting(
                bug=bug, release=release, environment=environment, count=count, first_seen_at=now, last_seen_at=now
            )


def _groups(counted: Counted, now: datetime) -> Iterable[Group]:
    """Every key that leads to a bug from now on; one that leads to another already goes on doing so."""
    for bug, reports in counted:
        keys = {key for report in reports if report.sent for key in report.sent.new_groups}
        for key in sorted(keys):
            yield Group(project_id=bug.project_id, bug=bug, key=key, made_at=now)


def _upsert(rows: Iterable[models.Model], *, once: Sequence[str], then: str = "") -> None:
    """Insert rows; of those that are there by the columns of `once`, do what `then` says, or leave them."""
    rows = list(rows)
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    unique = ", ".join(_column(meta, name) for name in once)
    names = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    action = f"UPDATE SET {then.format(table=meta.db_table)}" if then else "NOTHING"
    statement = f"INSERT INTO {meta.db_table} ({names}) VALUES ({marks}) ON CONFLICT ({unique}) DO {action}"  # noqa: S608 -- our own columns
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _column(meta: Any, name: str) -> str:
    return str(meta.get_field(name).column)

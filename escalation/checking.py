"""Reports made ready to be stored: checked, without secrets, with the id of their bug. No database is asked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

from config.context import caller
from config.errors import FieldError
from config.secrets import blank, keyed, scrub
from escalation import fields
from escalation.fields import check_choice, check_count, check_hours, check_metadata, check_name, check_tags, check_text
from escalation.grouping.fingerprint import Fingerprint
from escalation.grouping.groups import fingerprint_of_text
from escalation.grouping.traces.reading import Trace, parse_stack_trace
from escalation.models import Impact

_IMPACTS = Impact.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a reporter says. `deadline_hours` counts from now; `frequency` is how many times it happened."""

    error_type: str
    error_message: str
    user_impact: str
    bug_id: str = ""
    stack_trace: str | None = None
    deadline_hours: float | None = None
    frequency: int = 1
    metadata: Mapping[str, Any] | None = field(default_factory=dict)
    tags: Sequence[str] = ()

    def problems(self) -> fields.Problems:
        """Everything about it that cannot be stored."""
        return chain(
            fields.check_bug_id(self.bug_id) if self.bug_id else (),
            check_name("error_type", self.error_type),
            check_text("error_message", self.error_message),
            check_text("stack_trace", self.stack_trace or "", longest=fields.LONGEST_TRACE),
            check_choice("user_impact", self.user_impact, _IMPACTS),
            check_hours("deadline_hours", self.deadline_hours),
            check_count("frequency", self.frequency, most=fields.MOST_REPORTS),
            check_metadata("metadata", self.metadata or {}),
            check_tags("tags", self.tags),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the event of an SDK says besides: where and to whom it happened, and by which keys its bug is found."""

    project_id: int
    event_id: str
    release: str
    environment: str
    user: str
    """A hash, or empty."""
    event: bytes
    """The event without its secrets, as compressed JSON."""
    new_groups: tuple[str, ...]
    """Keys that are to lead to its bug from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReport:
    """A report that can be stored: valid, without secrets. The digest takes it from whoever made it."""

    bug_id: str
    error_type: str
    error_message: str
    stack_trace: str | None
    user_impact: str
    deadline_hours: float | None
    frequency: int
    metadata: Mapping[str, Any]
    tags: Sequence[str]
    fingerprint: Fingerprint
    reporter: str
    correlation_id: str
    sent: Sent | None = None
    named: bool = True
    """Whether the reporter gave the bug_id; else it is made of the error, and the bug may go by an older name."""

    def deadline_at(self, now: datetime) -> datetime | None:
        return None if self.deadline_hours is None else now + timedelta(hours=self.deadline_hours)


def check(reports: Sequence[Report], *, path: str = "") -> list[CheckedReport]:
    """The reports of one batch as the digest takes them. Raises InvalidBug with all that is wrong.

    `path` says where in what was sent a report stands, such as `bugs[{}].`; its index is filled in.
    """
    fields.require(_problems(reports, path))
    cleaner = _Cleaner()
    return [cleaner.clean(report) for report in reports]


def bug_id_of(error_type: str, fingerprint: Fingerprint) -> str:
    """A readable id that is equal for the same fingerprint: `DatabaseError-8f14e45fceea167a`."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", error_type).strip("-")[:80] or "bug"
    return f"{name}-{fingerprint.key.partition('-')[2][:16]}"


def _problems(reports: Iterable[Report], path: str) -> Iterator[FieldError]:
    for index, report in enumerate(reports):
        for wrong in report.problems():
            yield replace(wrong, field=path.format(index) + wrong.field)


class _Cleaner:
    """Takes secrets out of reports and finds their bugs; a text that comes again is not worked out again.

    A burst repeats its texts, and of a trace with 25 frames they cost 2.5 ms. What is remembered lives as long as the
    batch, since its keys are texts as they came, secrets and all.
    """

    def __init__(self) -> None:
        self._blank, self._keyed = cache(blank), cache(keyed)
        self._traces, self._fingerprint = cache(_traces), cache(_fingerprint)

    def clean(self, report: Report) -> CheckedReport:
        error_type = self._blank(report.error_type)[: fields.LONGEST_NAME]
        error_message = self._blank(report.error_message)
        stack_trace = self._blank(report.stack_trace) if report.stack_trace else None
        traces = self._traces(stack_trace) if stack_trace else ()
        fingerprint = self._fingerprint(error_type, error_message, traces)
        by = caller()
        return CheckedReport(
            named=bool(report.bug_id),
            bug_id=self._keyed(report.bug_id) or bug_id_of(error_type, fingerprint),
            error_type=error_type,
            error_message=error_message,
            stack_trace=stack_trace,
            user_impact=report.user_impact,
            deadline_hours=report.deadline_hours,
            frequency=report.frequency,
            metadata=scrub(dict(report.metadata or {})),
            tags=[self._blank(tag) for tag in report.tags],
            fingerprint=fingerprint,
            reporter=by.actor,
            correlation_id=by.correlation_id,
        )


def _traces(stack_trace: str) -> tuple[Trace, ...]:
    return tuple(parse_stack_trace(stack_trace))


def _fingerprint(error_type: str, error_message: str, traces: tuple[Trace, ...]) -> Fingerprint:
    return fingerprint_of_text(error_type=error_type, error_message=error_message, traces=traces)

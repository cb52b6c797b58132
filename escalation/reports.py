"""Reporting bugs, one or a burst of them: the first report makes a bug, every further one counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from config.errors import FieldError
from escalation.checking import Report, check
from escalation.digest import digest
from escalation.fields import MOST_AT_ONCE, InvalidBug
from escalation.models import Bug


def report_bug(
    *,
    error_type: str,
    error_message: str,
    user_impact: str,
    bug_id: str = "",
    stack_trace: str | None = None,
    deadline_hours: float | None = None,
    frequency: int = 1,
    metadata: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Bug:
    """Report a bug. Without `bug_id`, the same error in the same place is the same bug. Raises InvalidBug.

    A further report raises the frequency; the worst impact and the nearest deadline stay.
    """
    report = Report(
        error_type=error_type,
        error_message=error_message,
        user_impact=user_impact,
        bug_id=bug_id,
        stack_trace=stack_trace,
        deadline_hours=deadline_hours,
        frequency=frequency,
        metadata=metadata,
        tags=tags,
    )
    [bug] = digest(check([report]))
    return bug


def report_bugs(*, bugs: Sequence[Report]) -> list[Bug]:
    """Report up to 500 bugs in the order they came, all or none; each report's bug is answered in that order.

    A bug is left as single reports would leave it; its moves within the batch are one event each. Raises InvalidBug
    with the index of whatever is wrong.
    """
    if not 1 <= len(bugs) <= MOST_AT_ONCE:
        wrong = FieldError(field="bugs", code="length", detail=f"Must have 1 to {MOST_AT_ONCE} reports.")
        raise InvalidBug(f"Send 1 to {MOST_AT_ONCE} reports at once.", errors=[wrong])
    return digest(check(bugs, path="bugs[{}]."))

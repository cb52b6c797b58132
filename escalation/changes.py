"""A change of a bug, as the trail tells it: the change itself, then a new priority, then a new call for somebody."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from audit.trail import MAX_BATCH, NewEvent, record_all
from escalation.calling.following import follow
from escalation.models import Bug, Status

ENTITY_TYPE = "bug"
COUNTED = frozenset({"error_message", "frequency", "score", "metadata_hash"})
"""What every further event of an SDK changes: it is counted, and no event of the trail, which would cost 11 ms each."""
QUIET = frozenset({"bug.weighed", "bug.updated", "bug.acknowledgement_expired"})
"""Changes that are recorded only when they changed something."""


class Change:
    """What happens to one bug between two of its saved states, however many steps it takes.

    `before` is the state it had, None for a bug that is new; its priority and status at this moment are those that the
    first event tells, whatever the steps make of them.
    """

    def __init__(
        self,
        bug: Bug,
        *,
        before: dict[str, object] | None,
        event_type: str,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        self.bug, self.before, self.event_type, self.context = bug, before, event_type, context
        self._weighed = {"priority": bug.priority, "score": bug.score}
        self._called_as = ""  # the priority it called with
        self.counts_quietly = False  # whether what it only counts is left out of the trail

    def weigh(self, *, at: datetime) -> None:
        """Weigh an open bug. One that began too low for anybody to look at it calls when it becomes urgent."""
        bug = self.bug
        if bug.is_open:
            bug.weigh(at=at)
        if _is_unseen(bug) and bug.is_urgent and not bug.is_muted(at=at):
            bug.status, bug.escalated_at = Status.PENDING, at
            self._called_as = bug.priority

    def events(self) -> list[NewEvent]:
        """One for each change of state, each beginning where the one before ended."""
        after = self.bug.state()
        uncalled = {**after, "status": Status.ACKNOWLEDGED.value} if self._called_as else after
        weighed_anew = self._weighed["priority"] != self.bug.priority
        unweighed = {**uncalled, **self._weighed} if weighed_anew else uncalled
        events = []
        if self._is_told(unweighed):
            events.append(self._event(self.event_type, self.before, unweighed, self.context))
        if weighed_anew:
            because: dict[str, Any] = {"because": _reasons(self.bug)}
            events.append(self._event("bug.priority_changed", unweighed, uncalled, because))
        if self._called_as:
            because = {"because": f"{self._called_as} and acknowledged by nobody"}
            events.append(self._event("bug.escalated", uncalled, after, because))
        return events

    @property
    def concerns_callers(self) -> bool:
        """Whether it may begin or end the calling for somebody."""
        if self.before is None:
            return self.bug.status == Status.PENDING
        return any(self.before[name] != getattr(self.bug, name) for name in ("status", "priority", "acknowledged_by"))

    def _is_told(self, after: Mapping[str, object]) -> bool:
        if self.counts_quietly and self.event_type == "bug.reported_again" and self.before is not None:
            return any(self.before[name] != after[name] for name in after.keys() - COUNTED)
        return self.before != after or self.event_type not in QUIET

    def _event(self, event_type: str, old: object, new: object, context: Mapping[str, Any] | None) -> NewEvent:
        return NewEvent(
            event_type=event_type,
            entity_type=ENTITY_TYPE,
            entity_id=self.bug.bug_id,
            old_value=old,
            new_value=new,
            context=context,
        )


def tell(changes: Iterable[Change]) -> None:
    """Record the events of changes that are saved, in as few statements as the trail takes; call, or stop calling."""
    changes = list(changes)
    events = [event for change in changes for event in change.events()]
    for start in range(0, len(events), MAX_BATCH):
        record_all(events=events[start : start + MAX_BATCH])
    follow([change.bug for change in changes if change.concerns_callers])


def _is_unseen(bug: Bug) -> bool:
    """Whether nobody but the system took note of it."""
    return bug.status == Status.ACKNOWLEDGED and bug.acknowledged_at is None


def _reasons(bug: Bug) -> list[str]:
    return [f"{factor['reason']} ({factor['points']})" for factor in bug.priority_factors if factor["points"]]

"""The priority of a bug: a sum of visible factors, each with its points and the reason for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from escalation.grouping.type_names import short_name

SEVERE_ERROR_TYPES = (
    "CriticalBugError",
    "SecurityVulnerability",
    "DataLoss",
    "ProjectCancellation",
    "OutputFormatError",
)
SERIOUS_ERROR_TYPES = ("DatabaseError", "AuthenticationError", "APIError", "PerformanceDegradation")


def _error_type_points() -> Mapping[str, int]:
    return MappingProxyType(dict.fromkeys(SEVERE_ERROR_TYPES, 40) | dict.fromkeys(SERIOUS_ERROR_TYPES, 25))


def _impact_points() -> Mapping[str, int]:
    return MappingProxyType({"low": 0, "medium": 15, "high": 30, "critical": 50})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The weights of the score. Deadlines and thresholds are ordered, the strictest first."""

    error_type_points: Mapping[str, int] = field(default_factory=_error_type_points)
    other_error_type_points: int = 10
    impact_points: Mapping[str, int] = field(default_factory=_impact_points)
    points_per_report: int = 5
    most_frequency_points: int = 25
    deadline_points: tuple[tuple[float, int], ...] = ((4.0, 40), (24.0, 20))  # under so many hours
    thresholds: tuple[tuple[int, str], ...] = ((80, "critical"), (50, "high"), (30, "medium"))
    lowest: str = "low"


DEFAULT_POLICY = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One addend of a score."""

    name: str
    value: str | int | float | None
    points: int
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The factor as stored and as answered."""
        return {"name": self.name, "value": self.value, "points": self.points, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A priority and what it is made of; `score` is the sum of the factors' points."""

    priority: str
    score: int
    factors: tuple[Factor, ...]


def calculate_priority(
    *,
    error_type: str,
    user_impact: str,
    frequency: int = 1,
    deadline_hours: float | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> Score:
    """Weigh a bug. `deadline_hours` is the time left, negative when it has passed; None is no deadline.

    Raises ValueError for an unknown impact or a frequency below 1.
    """
    if user_impact not in policy.impact_points:
        raise ValueError(f"user_impact must be one of {', '.join(policy.impact_points)}")
    if frequency < 1:
        raise ValueError("frequency must be 1 or more")
    factors = (
        _weigh_error_type(error_type, policy),
        _weigh_impact(user_impact, policy),
        _weigh_frequency(frequency, policy),
        _weigh_deadline(deadline_hours, policy),
    )
    score = sum(factor.points for factor in factors)
    return Score(priority=_level(score, policy), score=score, factors=factors)


def next_change(*, deadline_at: datetime | None, now: datetime, policy: Policy = DEFAULT_POLICY) -> datetime | None:
    """When the deadline alone will next change the score; None when it never will again.

    A bound is exclusive ("under 4 h"), so the moment itself still scores as before: the first moment after counts.
    """
    if deadline_at is None:
        return None
    moments = (deadline_at - timedelta(hours=hours) for hours, _ in policy.deadline_points)
    return min((moment for moment in moments if moment >= now), default=None)


def _level(score: int, policy: Policy) -> str:
    return next((name for least, name in policy.thresholds if score >= least), policy.lowest)


def _weigh_error_type(error_type: str, policy: Policy) -> Factor:
    points = policy.error_type_points.get(short_name(error_type))
    known = points is not None
    reason = f"{error_type} is weighed by name" if known else "no weight of its own: counts as any other error"
    return Factor(
        name="error_type",
        value=error_type,
        points=policy.other_error_type_points if points is None else points,
        reason=reason,
    )


def _weigh_impact(user_impact: str, policy: Policy) -> Factor:
    return Factor(
        name="user_impact",
        value=user_impact,
        points=policy.impact_points[user_impact],
        reason=f"{user_impact} impact on users",
    )


def _weigh_frequency(frequency: int, policy: Policy) -> Factor:
    points = min(frequency * policy.points_per_report, policy.most_frequency_points)
    reason = f"seen {frequency} time{'' if frequency == 1 else 's'}: {policy.points_per_report} points each"
    return Factor(
        name="frequency",
        value=frequency,
        points=points,
        reason=f"{reason}, at most {policy.most_frequency_points}",
    )


def _weigh_deadline(deadline_hours: float | None, policy: Policy) -> Factor:
    if deadline_hours is None:
        return Factor(name="deadline", value=None, points=0, reason="no deadline")
    value = round(deadline_hours, 2)
    for hours, points in policy.deadline_points:
        if deadline_hours < hours:
            reason = "the deadline has passed" if deadline_hours < 0 else f"less than {hours:g} hours to the deadline"
            return Factor(name="deadline", value=value, points=points, reason=reason)
    return Factor(name="deadline", value=value, points=0, reason="the deadline is not near")

"""Keeping and recalling what was learnt about environments."""

from typing import Any
from uuid import UUID

from django.db import transaction

from audit.trail import record
from config.context import caller
from config.errors import DomainError, FieldError, NotFound
from config.identifiers import row_of
from dockerdebug import fields
from dockerdebug.models import Diagnosis, Insight, InsightQuerySet
from dockerdebug.redaction import Redactor

ENTITY = "insight"
FIELDS = ("category", "confidence", "priority", "text", "about", "finding_key")


class InsightMissing(NotFound):
    code = "insight-missing"


class InsightEmpty(DomainError):
    """Nothing is left of a text without terminal escapes and control characters."""

    code = "insight-empty"


def find_insight(*, insight_id: UUID | str, lock: bool = False) -> Insight:
    """Raises InsightMissing."""
    rows = Insight.objects.select_for_update() if lock else Insight.objects.all()
    detail = f"There is no insight {insight_id}. GET /api/v1/dockerdebug/insights lists them."
    return row_of(rows, insight_id, InsightMissing(detail), column="pk")


@transaction.atomic
def add_insight(
    *,
    category: str,
    text: str,
    confidence: str = Insight.Confidence.LIKELY,
    priority: int = fields.USUAL_PRIORITY,
    about: str = "",
    finding_key: str = "",
) -> Insight:
    """Keep an insight; secrets in its text are taken out. Raises InsightEmpty, DomainError."""
    insight = Insight(
        category=category,
        text=Redactor().text(text).strip(),
        confidence=confidence,
        priority=priority,
        about=about.strip(),
        finding_key=finding_key,
        created_by=caller().actor,
    )
    _require_valid(insight)
    insight.save(force_insert=True)
    record(event_type="insight.added", entity_type=ENTITY, entity_id=str(insight.pk), new_value=_state(insight))
    return insight


@transaction.atomic
def change_insight(*, insight_id: UUID | str, **changes: Any) -> Insight:
    """Change some fields. Raises InsightMissing, InsightEmpty, DomainError."""
    insight = find_insight(insight_id=insight_id, lock=True)
    before = _state(insight)
    for name, value in changes.items():
        setattr(insight, name, Redactor().text(value).strip() if name == "text" else value)
    _require_valid(insight)
    insight.save()
    record(
        event_type="insight.changed",
        entity_type=ENTITY,
        entity_id=str(insight.pk),
        old_value=before,
        new_value=_state(insight),
    )
    return insight


@transaction.atomic
def remove_insight(*, insight_id: UUID | str) -> None:
    """Raises InsightMissing."""
    insight = find_insight(insight_id=insight_id, lock=True)
    record(event_type="insight.removed", entity_type=ENTITY, entity_id=str(insight.pk), old_value=_state(insight))
    insight.delete()


def recall_insights(*, query: str = "", about: str = "", category: str = "") -> InsightQuerySet:
    """What is known: every word of the query occurs, the most important first."""
    found = Insight.objects.matching(query.split()[:20])
    if about:
        found = found.about(about)
    if category:
        found = found.filter(category=category)
    return found.best_first()


def insights_for(diagnosis: Diagnosis, *, limit: int = 5) -> list[Insight]:
    """What is known about this target or about what was found there."""
    keys = diagnosis.finding_keys
    known = Insight.objects.filter(finding_key__in=keys).about(diagnosis.target)
    named = Insight.objects.filter(about__iexact=diagnosis.target)
    return list((known | named).distinct().best_first()[:limit])


def _require_valid(insight: Insight) -> None:
    if not insight.text:
        blank = FieldError(field="text", code="blank", detail="Has no visible character.")
        raise InsightEmpty("Write what was learnt: an insight has a text.", errors=[blank])
    problems = []
    if insight.category not in Insight.Category.values:
        detail = f"One of {', '.join(Insight.Category.values)}."
        problems.append(FieldError(field="category", code="invalid", detail=detail))
    if insight.confidence not in Insight.Confidence.values:
        detail = f"One of {', '.join(Insight.Confidence.values)}."
        problems.append(FieldError(field="confidence", code="invalid", detail=detail))
    if not fields.LEAST_PRIORITY <= insight.priority <= fields.MOST_PRIORITY:
        detail = f"A whole number from {fields.LEAST_PRIORITY} to {fields.MOST_PRIORITY}."
        problems.append(FieldError(field="priority", code="invalid", detail=detail))
    if problems:
        raise DomainError("The insight is not valid; see errors.", errors=problems)


def _state(insight: Insight) -> dict[str, Any]:
    return {name: getattr(insight, name) for name in FIELDS}

"""Policies: making, changing and removing one, and what one would do for a bug."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.trail import record
from config.errors import Conflict, DomainError, FieldError, NotFound
from escalation import fields
from escalation.calling import hours, steps
from escalation.fields import require
from escalation.models import Policy, Priority, Project
from escalation.oncall.reaching import known_names
from escalation.projects import find_project

MOST_MINUTES = steps.LONGEST_DELAY


class InvalidPolicy(DomainError):
    code = "invalid-policy"


class PolicyNotFound(NotFound):
    code = "policy-not-found"


class PolicyExists(Conflict):
    code = "policy-exists"
    remedy = "choose another name, or change the policy that has it"


def add_policy(
    *,
    name: str,
    steps: Sequence[Mapping[str, Any]],
    projects: Sequence[str] = (),
    priorities: Sequence[str] = (Priority.CRITICAL, Priority.HIGH),
    repeat: int = 0,
    renotify_minutes: int | None = None,
    ack_timeout_minutes: int | None = None,
    quiet: Mapping[str, Any] | None = None,
    position: int = 100,
    is_active: bool = True,
) -> Policy:
    """Say whom bugs call and when. Without projects it is for all of them.

    Raises InvalidPolicy, PolicyExists, ProjectNotFound.
    """
    policy = Policy(
        name=name,
        steps=list(steps),
        priorities=list(priorities),
        repeat=repeat,
        renotify_minutes=renotify_minutes,
        ack_timeout_minutes=ack_timeout_minutes,
        quiet=quiet,
        position=position,
        is_active=is_active,
    )
    require(chain(fields.check_slug("name", name), _problems(policy)), InvalidPolicy)
    found = _projects(projects)
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
            policy.projects.set(found)
            _tell(policy, "policy.added", before=None, now=policy.state())
    except IntegrityError as error:
        raise PolicyExists(f"A policy {name} exists. Choose another name, or change that one.") from error
    return policy


@transaction.atomic
def change_policy(*, name: str, projects: Sequence[str] | None = None, **changes: Any) -> Policy:
    """Change some fields; `steps` and `projects` replace all. What runs already goes on as it began.

    Raises PolicyNotFound, InvalidPolicy, ProjectNotFound.
    """
    policy = find_policy(name=name, lock=True)
    before = policy.state()
    for field, value in changes.items():
        setattr(policy, field, value)
    require(_problems(policy), InvalidPolicy)
    policy.save()
    if projects is not None:
        policy.projects.set(_projects(projects))
    _tell(policy, "policy.changed", before=before, now=policy.state())
    return policy


@transaction.atomic
def remove_policy(*, name: str) -> None:
    """What runs already goes on to its end. Raises PolicyNotFound."""
    policy = find_policy(name=name, lock=True)
    _tell(policy, "policy.removed", before=policy.state(), now=None)
    policy.delete()


def list_policies() -> QuerySet[Policy]:
    return Policy.objects.prefetch_related("projects")


def find_policy(*, name: str, lock: bool = False) -> Policy:
    """Raises PolicyNotFound."""
    rows = list_policies().select_for_update() if lock else list_policies()
    found = rows.filter(name=name).first()
    if found is None:
        raise PolicyNotFound(f"There is no policy {name[:80]}. GET /api/v1/escalation/policies lists them.")
    return found


def _problems(policy: Policy) -> fields.Problems:
    wrong = list(steps.problems(policy.steps))
    yield from wrong
    if not wrong:
        yield from _unknown_targets(policy.steps)
    if not policy.priorities or not set(policy.priorities) <= set(Priority.values):
        detail = f"Must be one or more of {', '.join(Priority.values)}."
        yield FieldError(field="priorities", code="choice", detail=detail)
    yield from fields.check_count("repeat", policy.repeat + 1, most=steps.MOST_REPEATS + 1)
    for name in ("renotify_minutes", "ack_timeout_minutes"):
        if (value := getattr(policy, name)) is not None:
            yield from fields.check_count(name, value, most=MOST_MINUTES)
    if policy.quiet is not None:
        yield from hours.problems("quiet", policy.quiet)


def _unknown_targets(given: Sequence[Mapping[str, Any]]) -> fields.Problems:
    known = known_names()
    for path, kind, name in steps.targets_of(given):
        if name not in known[kind]:
            yield FieldError(field=path, code="unknown", detail=f"There is no {kind} {name[:80]}.")


def _projects(slugs: Sequence[str]) -> list[Project]:
    return [find_project(slug=slug) for slug in slugs]


def _tell(policy: Policy, event_type: str, *, before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    record(event_type=event_type, entity_type="policy", entity_id=policy.name, old_value=before, new_value=now)

"""Keeping the list of containers, hosts, services and clients, and the tags on them."""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.trail import record
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, NotFound
from config.identifiers import row_of
from config.limits import TAG
from config.secrets import blank
from dockerdebug.fields import LONGEST_TAG
from dockerdebug.models import Infrastructure, InfrastructureTag, Tag

ENTITY = "infrastructure"
TAG_RULE = f"A tag is one line of at most {LONGEST_TAG} characters, without commas."


class InfrastructureMissing(NotFound):
    code = "infrastructure-missing"


class InfrastructureExists(Conflict):
    code = "infrastructure-exists"
    remedy = "change the one that is there, or choose another name"


class TagMissing(NotFound):
    code = "tag-missing"


def find_infrastructure(*, infrastructure_id: UUID | str, lock: bool = False) -> Infrastructure:
    """Raises InfrastructureMissing."""
    rows = Infrastructure.objects.select_for_update() if lock else Infrastructure.objects.all()
    detail = f"There is no infrastructure {infrastructure_id}. GET /api/v1/dockerdebug/infrastructure lists it."
    return row_of(rows, infrastructure_id, InfrastructureMissing(detail), column="pk")


@transaction.atomic
def add_infrastructure(
    *,
    name: str,
    kind: str = Infrastructure.Kind.CONTAINER,
    description: str = "",
    tags: Iterable[str] = (),
) -> Infrastructure:
    """Add a piece of infrastructure. Raises InfrastructureExists, DomainError."""
    names = require_tags(tags)
    _require_free(name)
    made = Infrastructure.objects.create(
        name=name, kind=kind, description=blank(description), created_by=caller().actor
    )
    _set_tags(made, names)
    record(event_type="infrastructure.added", entity_type=ENTITY, entity_id=str(made.pk), new_value=_state(made))
    return made


@transaction.atomic
def change_infrastructure(
    *, infrastructure_id: UUID | str, tags: Iterable[str] | None = None, **changes: Any
) -> Infrastructure:
    """Change some fields; `tags` replaces all. Raises InfrastructureMissing, InfrastructureExists, DomainError."""
    found = find_infrastructure(infrastructure_id=infrastructure_id, lock=True)
    before = _state(found)
    if changes.get("name", found.name) != found.name:
        _require_free(changes["name"])
    for name, value in changes.items():
        setattr(found, name, blank(value) if name == "description" else value)
    found.save()
    if tags is not None:
        _set_tags(found, require_tags(tags))
    record(
        event_type="infrastructure.changed",
        entity_type=ENTITY,
        entity_id=str(found.pk),
        old_value=before,
        new_value=_state(found),
    )
    return found


@transaction.atomic
def remove_infrastructure(*, infrastructure_id: UUID | str) -> None:
    """Its tags come off with it. Raises InfrastructureMissing."""
    found = find_infrastructure(infrastructure_id=infrastructure_id, lock=True)
    record(event_type="infrastructure.removed", entity_type=ENTITY, entity_id=str(found.pk), old_value=_state(found))
    found.delete()


@transaction.atomic
def remove_tag(*, name: str) -> int:
    """Take a tag off everything and forget it; returns off how many. Raises TagMissing."""
    tag = Tag.objects.select_for_update().filter(name=name).first()
    if tag is None:
        raise TagMissing(f"There is no tag {name[:64]!r}. GET /api/v1/dockerdebug/tags lists them.")
    worn = list(Infrastructure.objects.filter(tags=tag).order_by("name").values_list("name", flat=True))
    record(
        event_type="infrastructure_tag.removed",
        entity_type="infrastructure_tag",
        entity_id=tag.name,
        old_value={"name": tag.name, "infrastructure": worn},
    )
    tag.delete()
    return len(worn)


def _require_free(name: str) -> None:
    if Infrastructure.objects.filter(name=name).exists():
        raise InfrastructureExists(
            f"There is infrastructure named {name!r} already. Change that, or take another name."
        )


def require_tags(tags: Iterable[str]) -> list[str]:
    """The tags without repeats. Raises DomainError for one that is no tag."""
    names = list(dict.fromkeys(tag.strip() for tag in tags))
    for index, name in enumerate(names):
        if len(name) > LONGEST_TAG or not re.match(TAG, name):
            raise DomainError(TAG_RULE, errors=[FieldError(field=f"tags[{index}]", code="invalid", detail=TAG_RULE)])
    return names


def _set_tags(infrastructure: Infrastructure, names: list[str]) -> None:
    InfrastructureTag.objects.filter(infrastructure=infrastructure).exclude(tag__name__in=names).delete()
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    links = [InfrastructureTag(infrastructure=infrastructure, tag=tag) for tag in Tag.objects.filter(name__in=names)]
    InfrastructureTag.objects.bulk_create(links, ignore_conflicts=True)


def _state(infrastructure: Infrastructure) -> dict[str, Any]:
    links = InfrastructureTag.objects.filter(infrastructure=infrastructure)
    return {
        "name": infrastructure.name,
        "kind": infrastructure.kind,
        "description": infrastructure.description,
        "tags": sorted(links.values_list("tag__name", flat=True)),
    }

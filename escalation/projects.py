"""Projects: making one, changing it, and giving it another key."""

import re
from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.trail import record
from config.errors import Conflict, FieldError, NotFound
from escalation import fields
from escalation.fields import check_count, check_name, require
from escalation.models import Project, ProjectKey

LONGEST_SLUG = 64
SLUG_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z"


class ProjectNotFound(NotFound):
    code = "project-not-found"


class ProjectExists(Conflict):
    code = "project-exists"
    remedy = "choose another slug, or use the project that has it"


def create_project(*, name: str, slug: str = "") -> Project:
    """Make a project with its first key; the slug is made of the name when none is given.

    Raises InvalidBug for what cannot name one, ProjectExists.
    """
    slug = slug or _slug_of(name)
    require(_problems(name, slug))
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug)
            ProjectKey.objects.create(project=project)
            _tell(project, "project.created")
    except IntegrityError as error:
        raise ProjectExists(f"A project {slug} exists. Choose another slug, or use that one.") from error
    return project


@transaction.atomic
def update_project(*, slug: str, name: str | None = None, per_minute: int | None = None) -> Project:
    """Call it something else, or let it send more or fewer events a minute. Raises ProjectNotFound, InvalidBug."""
    project = find_project(slug=slug)
    before = project.state()
    project.name = project.name if name is None else name
    project.per_minute = project.per_minute if per_minute is None else per_minute
    require(_changed_problems(project))
    if project.state() != before:
        project.save(update_fields=["name", "per_minute"])
        _tell(project, "project.updated", before=before)
    return project


@transaction.atomic
def rotate_key(*, slug: str, keep_old: bool = True) -> Project:
    """Give a project a new key. The old ones go on reporting until `keep_old` is false. Raises ProjectNotFound."""
    project = find_project(slug=slug)
    before = project.state()
    if not keep_old:
        project.keys.update(is_active=False)
    ProjectKey.objects.create(project=project)
    _tell(project, "project.key_rotated", before=before)
    return find_project(slug=slug)


def list_projects() -> QuerySet[Project]:
    """All of them, with their keys."""
    return Project.objects.prefetch_related("keys")


def find_project(*, slug: str) -> Project:
    """By slug, or by the number that stands in its DSN. Raises ProjectNotFound."""
    by_number = {"id": int(slug)} if slug.isascii() and slug.isdigit() and len(slug) < 10 else {"slug": slug}
    project = list_projects().filter(**by_number).first()
    if project is None:
        raise ProjectNotFound(f"There is no project {slug[:80]}. GET /api/v1/escalation/projects lists them.")
    return project


def _problems(name: str, slug: str) -> fields.Problems:
    yield from check_name("name", name)
    if len(slug) > LONGEST_SLUG or not re.match(SLUG_PATTERN, slug) or slug.isdigit():
        detail = f"Must have at most {LONGEST_SLUG} of a-z, 0-9 and -, and a letter among them."
        yield FieldError(field="slug", code="slug", detail=detail)


def _changed_problems(project: Project) -> fields.Problems:
    yield from check_name("name", project.name)
    yield from check_count("per_minute", project.per_minute, most=fields.MOST_A_MINUTE)


def _slug_of(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_SLUG].strip("-") or "project"


def _tell(project: Project, event_type: str, *, before: Mapping[str, object] | None = None) -> None:
    now = find_project(slug=project.slug).state()
    record(event_type=event_type, entity_type="project", entity_id=project.slug, old_value=before, new_value=now)

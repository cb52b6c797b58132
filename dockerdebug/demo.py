"""Diagnoses of this machine and of a container that does not start; what a team has learnt about such places."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from config.demonstration import Act
from dockerdebug import demo_facts
from dockerdebug.diagnoses import diagnose, diagnose_facts
from dockerdebug.infrastructure import add_infrastructure
from dockerdebug.insights import add_insight
from dockerdebug.models import Diagnosis, Infrastructure, Insight

INFRASTRUCTURE = [
    ("shop-api", "container", "The shop's web service", ["production", "python"]),
    ("shop-worker", "container", "Celery worker of the shop", ["production", "python"]),
    ("build-host", "host", "Builds the images", ["ci"]),
]
INSIGHTS = [
    ("service_configuration", "confirmed", 9, "shop-api", "mount_hides_packages",
     "The compose file mounts the source over /app; the virtual environment lies in /opt/venv for that reason."),
    ("version_limitations", "confirmed", 8, "shop-worker", "wheel_wrong_platform",
     "The numerical wheels are built for CPython 3.11 only; do not move the base image before they are rebuilt."),
    ("command_constraints", "likely", 6, "build-host", "externally_managed",
     "The system's pip refuses to install; the build uses /srv/build/venv/bin/python -m pip."),
    ("resources", "suspected", 4, "shop-worker", "oom_killed",
     "Thumbnails of large TIFF files seem to need more than 512 MiB a process."),
]  # fmt: skip
WEEKS = 2


def past(now: datetime) -> Iterator[Act]:
    """This machine was examined once a week."""
    if Diagnosis.objects.exists():
        return
    for week in range(1, WEEKS + 1):
        yield Act(at=now - timedelta(weeks=week, hours=2), actor="ci", do=diagnose)


def load() -> None:
    """Make what is not there yet."""
    for name, kind, description, tags in INFRASTRUCTURE:
        if not Infrastructure.objects.filter(name=name).exists():
            add_infrastructure(name=name, kind=kind, description=description, tags=tags)
    if not Insight.objects.exists():
        for category, confidence, priority, about, finding_key, text in INSIGHTS:
            add_insight(
                category=category,
                confidence=confidence,
                priority=priority,
                about=about,
                finding_key=finding_key,
                text=text,
            )
    if not Diagnosis.objects.filter(created_at__gt=timezone.now() - timedelta(days=1)).exists():
        diagnose()
        diagnose_facts(container=demo_facts.NAME, facts=demo_facts.crashed(timezone.now().date()))

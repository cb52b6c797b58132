"""Which jobs run periodically: the apps' `tasks.SCHEDULE` and the settings' own."""

import json
from datetime import timedelta
from typing import Any

from celery.schedules import crontab
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string, module_has_submodule

_CRONTAB_FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")


_given: dict[str, dict[str, Any]] = {}


def use(text: str) -> None:
    """Take the jobs from another process's to_json, instead of importing the apps' tasks for them."""
    _given.update(from_json(text))


def periodic_jobs() -> dict[str, dict[str, Any]]:
    """Every periodic job by name; the settings win over the apps."""
    if _given:
        return dict(_given)
    jobs: dict[str, dict[str, Any]] = {}
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "tasks"):
            try:
                jobs |= import_string(f"{app.name}.tasks.SCHEDULE")
            except ImportError as error:
                if error.__cause__ is None:  # not the missing SCHEDULE of an app without periodic jobs
                    raise
    return jobs | settings.CELERY_BEAT_SCHEDULE


def to_json(jobs: dict[str, dict[str, Any]]) -> str:
    """The jobs as text, for a process that cannot import where they were written. Raises TypeError for what cannot."""
    return json.dumps(jobs, default=_encode)


def _encode(value: object) -> dict[str, Any]:
    if isinstance(value, timedelta):
        return {"every_seconds": value.total_seconds()}
    if isinstance(value, crontab):
        return {"crontab": {name: str(getattr(value, f"_orig_{name}")) for name in _CRONTAB_FIELDS}}
    raise TypeError(f"A {type(value).__name__} cannot be told to another process.")


def from_json(text: str) -> dict[str, dict[str, Any]]:
    """What to_json made into text."""
    return dict(json.loads(text, object_hook=_decode))


def _decode(value: dict[str, Any]) -> Any:
    match value:
        case {"every_seconds": seconds}:
            return timedelta(seconds=seconds)
        case {"crontab": fields}:
            return crontab(**fields)
    return value

"""The dashboard's figures of a range, rendered section by section: for the page, for polling and for live streams."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string

from config.database.windows import window
from config.pages import dashboard, first_steps
from config.serving.live import Snapshot
from config.watching import health

_KEPT_SECONDS = 2  # however many watch, the figures are read this often at most


def read(chosen: str) -> Snapshot:
    """What the dashboard shows of a range now."""
    kept: Snapshot | None = cache.get(f"dashboard:{chosen}")
    if kept is None:
        sections = dict(_sections(chosen))
        told = hashlib.sha256("\0".join(f"{name}\0{html}" for name, html in sections.items()).encode())
        kept = Snapshot(sections=sections, etag=f'"{told.hexdigest()[:32]}"')
        cache.set(f"dashboard:{chosen}", kept, _KEPT_SECONDS)
    return kept


def _sections(chosen: str) -> Iterator[tuple[str, str]]:
    yield "health", _rendered("health", _health())
    steps = first_steps.open_steps()
    yield "steps", _rendered("steps", {"steps": steps, "done": [step for step in steps if step.is_done]})
    shown = window(chosen)
    for panel in dashboard.panels(shown):
        yield f"panel-{panel.key}", _rendered("panel", {"panel": panel, "window": shown})
    yield "events", _rendered("events", {"events": dashboard.recent_events()})
    yield "jobs", _rendered("jobs", {"jobs": dashboard.active_jobs()})


def _health() -> Mapping[str, Any]:
    checks = health.components()
    unwell = [check for check in checks if check.status != "ok"]
    return {
        "status": health.overall(checks),
        "wrong": [check for check in unwell if not check.optional],
        "optional": [check for check in unwell if check.optional],
        "well": [check for check in checks if check not in unwell],
    }


def _rendered(name: str, context: Mapping[str, Any]) -> str:
    return render_to_string(f"config/sections/{name}.html", dict(context)).strip()

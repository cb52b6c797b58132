"""What a new installation is asked to do first. A step ticks itself off, and the panel goes once all are done.

Several apps may know a way to one goal: whichever was taken, the goal is reached.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from config.database.figures import any_of, read_figures
from config.discovery import app_modules
from config.models import ApiKey
from config.pages.leads import admin_list

GOALS = {
    "agent": "Connect an agent",
    "key": "Make an API key",
    "rule": "Write a rule of your own",
    "project": "Let a project use it",
}
COOKIE = "first_steps"
DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to a goal: what to do, and the rows that are there once it was done."""

    goal: str
    text: str
    rows: "QuerySet[Any, Any]"
    link: str
    command: str = ""
    """The words after `manage.py` or `handrail`; the list that `link` leads to offers its own where it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    title: str
    is_done: bool
    ways: Sequence[Way]

    @property
    def link(self) -> str:
        """Where to do it once more."""
        return self.ways[0].link if self.ways else ""


def open_steps() -> Sequence[Step]:
    """The steps, done ones among them; nothing once all are done."""
    ways = list(_ways())
    done = read_figures(**{f"way_{index}": any_of(way.rows) for index, way in enumerate(ways)})
    reached = {way.goal for index, way in enumerate(ways) if done[f"way_{index}"]}
    if reached >= GOALS.keys():
        return ()
    return [
        Step(title=title, is_done=goal in reached, ways=[way for way in ways if way.goal == goal])
        for goal, title in GOALS.items()
    ]


def _ways() -> Iterator[Way]:
    yield Way(
        goal="key",
        text="A program or an agent comes in with a key of its own.",
        rows=ApiKey.objects.filter(revoked_at=None),
        command="apikey create my-agent --scope write",
        link=admin_list("config", "apikey"),
    )
    for _, module in app_modules("dashboard"):
        if tell := getattr(module, "first_steps", None):
            yield from tell()

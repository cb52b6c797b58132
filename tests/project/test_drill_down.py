"""Whatever the dashboard shows leads to the rows it counts: in the admin, and as the same question to the API."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.database.windows import RANGES, window
from config.pages import dashboard
from config.pages.leads import Lead

pytestmark = pytest.mark.django_db

NOT_ROWS = {
    "Containers": "counts each of them once, and its rows are diagnoses",
    "Hits": "its rows are the hours that were counted",
    "Misses": "its rows are the hours that were counted",
}
"""Tiles whose figure is not the number of rows behind it, and why."""
ROWS = {"Decisions", "Denied or asked, by rule", "Events", "Events by type", "Events by actor", "Checks", "New bugs"}
ROWS |= {"Checks by caller"}
"""Charts whose figures are numbers of rows; those of the others are counts of what is in the rows, or rates."""


@pytest.fixture
def panels(
    request: pytest.FixtureRequest, demonstration: None, reader: APIClient, admin_client: Client
) -> list[dashboard.Panel]:
    """Of the demo's data; whoever follows them came before, since coming is recorded too."""
    return dashboard.panels(window(request.param))


def listed(people: Client, page: str) -> int | None:
    """How many rows the admin lists; None where it shows one."""
    answer = people.get(page)
    assert answer.status_code == 200, page
    context = answer.context or {}
    return int(context["cl"].result_count) if "cl" in context else None


def answered(reader: APIClient, path: str) -> int | None:
    """How many rows the API has; None where it answers with one thing."""
    answer = reader.get(path, {} if "?" in path or path.endswith("stats") else None)
    assert answer.status_code == 200, (path, answer.content[:300])
    told = answer.json()
    if "next" not in told:
        return None
    count = len(told["results"])
    while told["next"]:
        told = reader.get(told["next"]).json()
        count += len(told["results"])
    return count


def leads(panel: dashboard.Panel) -> Iterator[tuple[str, Lead, Any]]:
    """Where the panel leads, and the number of rows that should be there, if it says one."""
    yield panel.title, panel.lead, None
    for tile in panel.tiles:
        counts_rows = tile.kind == "number" and tile.label not in NOT_ROWS
        yield tile.label, tile.lead, tile.value if counts_rows else None
    for chart in panel.charts:
        for point in chart.points:
            yield f"{chart.title}: {point.label}", point.lead, point.value if chart.title in ROWS else None
    for table in panel.tables:
        for row in table.rows:
            for cell in row:
                yield f"{panel.title}: {cell.text}", cell.lead, None


class TestOfTheDemonstration:
    """Both ranges of one set of data."""

    @pytest.mark.parametrize("panels", ["24h", "30d"], indirect=True)
    def test_every_figure_leads_to_the_rows_it_counts(
        self, panels: list[dashboard.Panel], admin_client: Client, reader: APIClient
    ) -> None:
        followed = 0
        shown_at, told_at = cache(partial(listed, admin_client)), cache(partial(answered, reader))
        for what, lead, rows in [found for panel in panels for found in leads(panel)]:
            shown = shown_at(lead.page) if lead.page else None
            told = told_at(lead.api) if lead.api else None
            followed += bool(lead.page) + bool(lead.api)
            if rows is not None and lead:
                assert {shown, told} <= {rows, None}, (what, lead, rows, shown, told)
        assert followed > 200


def test_most_figures_lead_to_both() -> None:
    for name in RANGES:
        for panel in dashboard.panels(window(name)):
            for tile in panel.tiles:
                assert tile.lead.page or tile.label == "Actors", (panel.title, tile.label)
                assert tile.lead.api or tile.label in {"Actors", "New versions"}, (panel.title, tile.label)

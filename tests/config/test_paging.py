"""A page of large rows ends early, and no row is lost or shown twice on the way through the pages."""

import re
from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.rest import paging
from config.rest.paging import _fitting
from escalation.reports import report_bug
from prompts.versions import save_version
from tests.visioncache.makers import make_entry

pytestmark = pytest.mark.django_db
ENTRIES = "/api/v1/visioncache/entries"


def pages(reader: Any, url: str | None, key: str) -> list[list[Any]]:
    found = []
    while url:
        answer = reader.get(url)
        assert answer.status_code == 200, answer.content
        found.append([row[key] for row in answer.json()["results"]])
        url = answer.json()["next"]
    return found


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_PAGE_CHARACTERS", 10_000)


def test_large_rows_make_short_pages_both_ways(reader: Any, small_pages: None) -> None:
    sizes = [100, 4_000, 4_000, 4_000, 50_000, 100, 100, 9_000, 9_000, 10]
    for number, size in enumerate(sizes):
        make_entry(f"{number}", extracted_data={"text": "x" * size, "number": number})
    newest_first = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    forwards = [[row["number"] for row in page] for page in pages(reader, ENTRIES, "extracted_data")]
    assert list(chain(*forwards)) == newest_first
    assert [9, 8] in forwards
    assert [4] in forwards, "a row that is too much by itself is shown alone"
    assert len(forwards) > 4

    backwards, url = [], f"{ENTRIES}?page_size=2"
    while reader.get(url).json()["next"]:
        url = reader.get(url).json()["next"]
    while url:
        answer = reader.get(url).json()
        backwards = [row["extracted_data"]["number"] for row in answer["results"]] + backwards
        url = answer["previous"]
    assert backwards == newest_first


def test_a_page_never_has_more_rows_than_asked_for(reader: Any) -> None:
    for number in range(5):
        make_entry(f"{number}")
    assert [len(page) for page in pages(reader, f"{ENTRIES}?page_size=2", "id")] == [2, 2, 1]
    assert [len(page) for page in pages(reader, ENTRIES, "id")] == [5]
    assert pages(reader, f"{ENTRIES}?namespace=nobody", "id") == [[]]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("/api/v1/audit/events?entity_type=bug", "uid"),
        ("/api/v1/escalation/bugs/loud/occurrences", "seen_at"),
        ("/api/v1/prompts/prompts/long/versions", "version"),
    ],
)
def test_every_list_that_sends_whole_values_is_bounded(reader: Any, small_pages: None, url: str, key: str) -> None:
    for number in range(6):
        report_bug(
            bug_id="loud", error_type="E", error_message=f"{number}" * 900, user_impact="low", stack_trace="t" * 4_000
        )
        save_version(prompt_id="long", prompt_text=f"{number}" * 4_000, purpose="p")
    found = pages(reader, url, key)
    assert len(found) > 1
    shown = list(chain(*found))
    assert len(shown) == len(set(shown)) >= 6


def test_one_row_always_fits() -> None:
    most = paging.MOST_PAGE_CHARACTERS
    assert [_fitting(weights) for weights in ([], [most + 1], [most, 1], [1, most - 1, 1], [1, 2])] == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("url", "columns"),
    [
        ("/admin/visioncache/entry/", ["extracted_data", "request"]),
        ("/admin/escalation/bug/", ["stack_trace", "metadata", "error_message"]),
        ("/admin/audit/event/", ["old_value", "new_value", "context"]),
    ],
)
def test_a_list_in_the_admin_leaves_what_it_does_not_show_in_the_database(
    admin_client: Any, url: str, columns: list[str]
) -> None:
    make_entry("a", extracted_data={"text": "x" * 1_000})
    report_bug(bug_id="loud", error_type="E", error_message="m" * 1_000, user_impact="low")
    with CaptureQueriesContext(connection) as queries:
        assert admin_client.get(url).status_code == 200
    table = url.strip("/").split("/", 1)[1].replace("/", "_")
    selected = [query["sql"].partition(" FROM ")[0] for query in queries if f'FROM "{table}"' in query["sql"]]
    assert any(f'"{table}"."id", ' in sql for sql in selected), "the rows were read"
    for column in columns:  # the beginning of one, taken out of it by the database, is a column of its own
        whole = re.compile(rf'(?:SELECT |, )"{table}"\."{column}"(?:,|$)')
        assert not any(whole.search(sql) for sql in selected), column

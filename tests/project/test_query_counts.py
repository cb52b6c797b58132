"""No list grows its queries unseen: tests/project/query_counts.json holds what each needs on the demonstration data.

A list may need fewer. Where more is meant: REWRITE_QUERY_COUNTS=1 pytest tests/project/test_query_counts.py
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.project.conftest import Operation

BASELINE = Path(__file__).with_name("query_counts.json")
REWRITE = "REWRITE_QUERY_COUNTS"

Lists = Callable[[], Iterator[tuple[Operation, str]]]


def count(reader: APIClient, path: str, page_size: int) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert reader.get(path, {"page_size": page_size}).status_code == 200
    return sum("SAVEPOINT" not in query["sql"] for query in queries)


class TestOfTheDemonstration:
    """Of data that is there."""

    def test_no_list_needs_more_queries_than_its_baseline(self, lists: Lists, reader: APIClient) -> None:
        found = {operation.path: count(reader, path, 500) for operation, path in lists()}
        if os.environ.get(REWRITE):
            BASELINE.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
        again = f"{REWRITE}=1 pytest {Path(__file__).name} writes the baseline anew."
        missing, gone = sorted(found.keys() - baseline.keys()), sorted(baseline.keys() - found.keys())
        assert not missing, f"Lists without a baseline: {missing}. {again}"
        assert not gone, f"A baseline without a list: {gone}. {again}"
        grown = {path: (baseline[path], found[path]) for path in found if found[path] > baseline[path]}
        assert not grown, f"More queries than the baseline (path: was, is): {grown}. {again}"

    def test_no_list_asks_once_more_for_every_row(self, lists: Lists, reader: APIClient) -> None:
        for operation, path in lists():
            rows = len(reader.get(path, {"page_size": 500}).json()["results"])
            one, all_rows = count(reader, path, 1), count(reader, path, 500)
            # A prefetch that one row does not need may add a query or two; one a row would add as many as there are.
            assert all_rows - one <= 2 or all_rows - one < rows - 1, (
                f"{operation}: {one} for 1 row, {all_rows} for {rows}."
            )

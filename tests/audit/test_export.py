"""The trail as a file."""

import csv
import io
import json

import pytest

from audit import trail
from audit.export import COLUMNS, export, select
from config.errors import DomainError

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def events() -> None:
    for number in range(3):
        trail.record(event_type="a.changed", entity_type="a", entity_id=str(number), new_value={"n": number, "t": "é"})
    trail.record(event_type="b.changed", entity_type="b", entity_id="=1+1", user="@cmd", new_value="-2")


def text(form: str, **filters: str) -> str:
    return "".join(export(events=select(**filters), form=form))


def test_json_is_one_list_oldest_first() -> None:
    rows = json.loads(text("json"))
    assert [row["entity_id"] for row in rows] == ["0", "1", "2", "=1+1"]
    assert list(rows[0]) == list(COLUMNS)
    assert rows[1]["new_value"] == {"n": 1, "t": "é"}


def test_an_empty_export_is_an_empty_list() -> None:
    assert json.loads(text("json", entity_type="none")) == []


def test_json_lines_are_one_event_each() -> None:
    assert [json.loads(line)["entity_id"] for line in text("jsonl").splitlines()] == ["0", "1", "2", "=1+1"]


def test_csv_reads_back_with_the_values_as_json() -> None:
    rows = list(csv.DictReader(io.StringIO(text("csv"))))
    assert json.loads(rows[2]["new_value"]) == {"n": 2, "t": "é"}
    assert rows[0]["old_value"] == ""


def test_a_csv_cell_that_a_spreadsheet_would_run_is_made_text() -> None:
    row = list(csv.DictReader(io.StringIO(text("csv"))))[3]
    assert (row["entity_id"], row["user"], row["new_value"]) == ("'=1+1", "'@cmd", '"-2"')


def test_the_filters_narrow_an_export() -> None:
    assert [json.loads(line)["entity_id"] for line in text("jsonl", entity_type="a", entity_id="2").splitlines()] == [
        "2"
    ]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(DomainError, match="json, jsonl, csv"):
        export(events=select(), form="xml")

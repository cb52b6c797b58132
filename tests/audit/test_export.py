"""The trail as a file."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    with pytest.raises(DomainError, match="json, jsonl, csv, ocsf"):
        export(events=select(), form="xml")


def test_ocsf_is_entity_management_with_its_activity() -> None:
    trail.record(event_type="a.changed", entity_type="a", entity_id="9", old_value=1, new_value=2, user="dana")
    trail.record(event_type="a.deleted", entity_type="a", entity_id="9", old_value=2)
    *_, update, delete = [json.loads(line) for line in text("ocsf").splitlines()]
    assert (update["class_uid"], update["activity_id"], update["type_uid"]) == (3004, 3, 300403)
    assert update["entity"] == {"type": "a", "uid": "9", "data": 1}
    assert update["entity_result"]["data"] == 2
    assert (update["actor"]["user"]["name"], update["metadata"]["event_code"]) == ("dana", "a.changed")
    assert (delete["activity_id"], "entity_result" in delete) == (4, False)
    assert json.loads(text("ocsf").splitlines()[0])["activity_id"] == 1


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_every_awkward_text_survives_an_export(form: str) -> None:
    awkward = 'back\\slash \\n "quotes", line\nbreak, tab\t, \\N, \u4e2d\U0001f600, \\\\ end'
    trail.record(event_type="c.changed", entity_type="c", entity_id=awkward, new_value={awkward: [awkward, None]})
    found = text(form, entity_type="c")
    if form == "jsonl":
        row = json.loads(found)
    else:
        row = next(csv.DictReader(io.StringIO(found, newline="")))
        row["new_value"] = json.loads(row["new_value"])
    assert (row["entity_id"], row["new_value"]) == (awkward, {awkward: [awkward, None]})


def test_a_manifest_holds_an_export_to_its_file(run_command: Any, tmp_path: Path) -> None:
    target = tmp_path / "events.csv"
    arguments = ["--format", "csv", "--entity-type", "a", "--output", str(target), "--manifest"]
    assert run_command("audit_export", *arguments)[0] == 0
    manifest = tmp_path / "events.csv.manifest"
    code, out, _ = run_command("audit_verify", "--manifest", str(manifest))
    assert (code, "events 3" in out, "filter entity_type a" in out) == (0, True, True)
    target.write_text(target.read_text().replace("0", "1"))
    code, _, err = run_command("audit_verify", "--manifest", str(manifest))
    assert (code, "not the one that was exported" in err) == (2, True)
    manifest.write_text(manifest.read_text().replace("events 3", "events 4"))
    assert "signature" in run_command("audit_verify", "--manifest", str(manifest))[2]
    assert run_command("audit_export", "--manifest")[0] == 2


FILL = """
import django, sys
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from audit.trail import NewEvent, record_all
for _ in range(0, int(sys.argv[1]), 500):
    record_all(events=[NewEvent(event_type="a.b", entity_type="a", entity_id="1", new_value={"t": "x" * 200})] * 500)
"""
PEAK = """
import re, sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "audit_export", "--format", "csv", "--output", sys.argv[1]])
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its own peak")
def test_an_export_takes_no_more_memory_however_long_the_trail(tmp_path: Path) -> None:
    """In a process of its own: starting takes most of it, and each read 2,000 rows, not the whole."""
    root = Path(__file__).parents[2]
    outside = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in outside}
    env |= {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", *arguments]
        return subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=True).stdout

    run(FILL, "2500")
    first = int(run(PEAK, str(tmp_path / "first.csv")))
    run(FILL, "17500")
    second = int(run(PEAK, str(tmp_path / "second.csv")))
    assert second < first + 12  # the rows themselves take 60 MB
    assert second <= 72

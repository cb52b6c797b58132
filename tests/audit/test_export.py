"""The trail as a file."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import (
    booleans,
    characters,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    recursive,
)
from hypothesis.strategies import (
    text as words,
)

from audit import export as exporting
from audit import ocsf, trail
from audit.export import COLUMNS, export, select
from config.errors import DomainError

pytestmark = pytest.mark.django_db
texts = words(characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


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


def written_at_once(form: str) -> str:
    """What an export says, from whole rows and without its pieces."""
    rows = [{name: getattr(event, name) for name in COLUMNS} for event in select().order_by("id")]
    shaped = [ocsf.entity_management(row) for row in rows] if form == "ocsf" else rows
    lines = [json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) for row in shaped]
    return "".join(f"{line}\n" for line in lines) if form == "ocsf" else "[\n" + ",\n".join(lines) + "\n]\n"


@pytest.mark.parametrize("form", ["json", "ocsf"])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 200])
def test_an_export_in_pieces_is_the_same_bytes(form: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "ROWS_A_READ", rows)
    assert text(form).encode() == written_at_once(form).encode()


@pytest.mark.parametrize("form", ["json", "ocsf"])
def test_a_download_is_the_same_bytes_as_a_file(form: str, api: Any, tmp_path: Path, run_command: Any) -> None:
    target = tmp_path / "events"
    assert run_command("audit_export", "--format", form, "--output", str(target))[0] == 0
    download = api.get("/api/v1/audit/export", {"format": form})
    assert b"".join(download.streaming_content) == target.read_bytes() == written_at_once(form).encode()


@given(
    value=recursive(
        none() | booleans() | integers(-(2**53), 2**53) | floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: lists(inner, max_size=3) | dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_value_is_written_as_it_is_read(value: Any) -> None:
    trail.record(event_type="v.changed", entity_type="v", entity_id="1", new_value=value)
    for form in ("json", "ocsf"):
        assert text(form) == written_at_once(form)


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

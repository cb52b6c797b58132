"""The ledger through its doors."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit import tasks, trail
from audit.ledger import sealing
from audit.ledger.triggers import removal_permit
from audit.models import Checkpoint, Event

pytestmark = pytest.mark.django_db(transaction=True)
AUDIT = "/api/v1/audit"


@pytest.fixture(autouse=True)
def events(settings: Any, tmp_path: Path) -> list[Event]:
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    return [
        trail.record(event_type="a.changed", entity_type="a", entity_id=str(number), new_value=number)
        for number in range(3)
    ]


def delete_one() -> None:
    with removal_permit("attack"):
        Event.objects.filter(entity_id="1")._raw_delete("default")


def test_command_and_job_seal_alike(run_command: Any) -> None:
    code, out, _ = run_command("audit_seal", "--json")
    assert (code, json.loads(out)) == (0, {"events": 3, "size": 3})
    trail.record(event_type="a.changed", entity_type="a", entity_id="4")
    tasks.seal.delay()
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [4, 3]


def test_a_proof_is_the_same_by_rest_and_command(
    reader: Any, run_command: Any, events: list[Event], tmp_path: Path
) -> None:
    url = f"{AUDIT}/events/{events[0].uid}/proof"
    assert reader.get(url).json()["code"] == "not-sealed"
    sealing.seal()
    by_rest = reader.get(url).json()
    assert run_command("audit_prove", str(events[0].uid), "--output", str(tmp_path / "p.json"))[0] == 0
    assert json.loads((tmp_path / "p.json").read_text()) == by_rest
    assert reader.get(f"{url}?size=9").status_code == 409
    assert reader.get(f"{url}?size=x").status_code == 400
    code, _, err = run_command("audit_prove", "01890000-0000-7000-8000-000000000000")
    assert (code, "No event" in err) == (2, True)


def test_the_checkpoints_and_their_key_are_shown(reader: Any, run_command: Any, admin_client: Client) -> None:
    sealing.seal()
    shown = reader.get(f"{AUDIT}/checkpoints").json()["results"]
    assert shown[0]["size"] >= 3
    status = reader.get(f"{AUDIT}/checkpoints/status").json()
    assert status["public_key"] == run_command("audit_prove", "--key")[1].strip()
    assert "audit" in admin_client.get(reverse("admin:audit_checkpoint_changelist")).text


def test_a_sound_trail_is_said_to_be_by_every_door(reader: Any, run_command: Any, caplog: Any) -> None:
    sealing.seal()
    assert reader.post(f"{AUDIT}/verify", {}).json()["valid"] is True
    code, out, _ = run_command("audit_verify")
    assert (code, out.startswith("[OK]")) == (0, True)
    tasks.verify.delay()
    assert not caplog.records


def test_a_fault_is_named_by_every_door(reader: Any, run_command: Any, caplog: Any) -> None:
    sealing.seal()
    delete_one()
    answer = reader.post(f"{AUDIT}/verify", {}).json()
    assert (answer["valid"], answer["fault"]["kind"], answer["fault"]["position"]) == (False, "deleted", 1)
    code, out, _ = run_command("audit_verify")
    assert (code, "[FAIL] deleted at leaf 1" in out) == (1, True)
    assert json.loads(run_command("audit_verify", "--json")[1])["fault"]["kind"] == "deleted"
    tasks.verify.delay()
    assert "not as it was recorded" in caplog.text
    assert Event.objects.filter(event_type="audit.fault_found").exists()
    assert reader.post(f"{AUDIT}/verify", {"until": 1}).json()["valid"] is True


def test_a_checkpoint_from_elsewhere_is_compared(reader: Any, run_command: Any, tmp_path: Path) -> None:
    sealing.seal()
    note = Checkpoint.objects.first().note
    assert reader.post(f"{AUDIT}/verify", {"checkpoint": note}).json()["valid"] is True
    assert reader.post(f"{AUDIT}/verify", {"checkpoint": note[:-9]}).json()["fault"]["kind"] == "bad-checkpoint"
    (tmp_path / "note.txt").write_text(note)
    assert run_command("audit_verify", "--checkpoint", str(tmp_path / "note.txt"))[0] == 0
    assert run_command("audit_verify", "--checkpoint", str(tmp_path / "missing.txt"))[0] == 2


def test_consistency_between_two_checkpoints_is_written(run_command: Any) -> None:
    sealing.seal()
    trail.record(event_type="a.changed", entity_type="a", entity_id="4")
    sealing.seal()
    _, out, _ = run_command("audit_prove", "--consistency", "3", "4")
    assert json.loads(out)["format"] == "handrail-audit-consistency-1"
    assert run_command("audit_prove", "--consistency", "3", "9")[0] == 2


def test_prune_counts_removes_and_erases(run_command: Any, settings: Any, events: list[Event]) -> None:
    sealing.seal()
    settings.AUDIT_RETENTION_DAYS = {"a.changed": 1}
    assert "0 events would" in run_command("audit_prune", "--dry-run")[1]
    assert "0 events removed" in run_command("audit_prune")[1]
    tasks.prune.delay()
    code, out, _ = run_command("audit_prune", "--erase", str(events[0].uid), "--reason", "asked")
    assert (code, "erased" in out) == (0, True)
    assert run_command("audit_prune", "--erase", str(events[0].uid))[0] == 2


def test_an_idempotency_key_in_the_body_records_once(api: Any) -> None:
    body = {"event_type": "b.changed", "entity_type": "b", "entity_id": "1", "idempotency_key": "k"}
    assert api.post(f"{AUDIT}/events", body).json()["uid"] == api.post(f"{AUDIT}/events", body).json()["uid"]
    assert api.post(f"{AUDIT}/events", {**body, "entity_id": "2"}).status_code == 409

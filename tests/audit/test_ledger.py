"""Sealing, proving and verifying; and every attack of somebody who owns the database."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit import retention, trail
from audit.ledger import merkle, sealing, signing, verification
from audit.ledger.triggers import removal_permit
from audit.models import Checkpoint, Event, RemovalPermit, Tile
from config.errors import DomainError, NotFound

# The sealer waits for transactions that still run, the test's own included: these tests commit.
pytestmark = pytest.mark.django_db(transaction=True)
VERIFIER = Path(sealing.__file__).with_name("verify_proof.py")


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Path) -> Path:
    """The folder of checkpoints outside the database."""
    settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
    return tmp_path / "checkpoints"


def record(number: int, **fields: Any) -> Event:
    value = {"n": number, "text": "\u00e9\u4e2d", "ratio": number / 4}
    return trail.record(
        **{"event_type": "a.changed", "entity_type": "a", "entity_id": str(number), "new_value": value, **fields}
    )


def record_many(count: int) -> None:
    for start in range(0, count, 500):
        numbers = range(start, min(start + 500, count))
        trail.record_all(
            events=[
                trail.NewEvent(event_type="a.changed", entity_type="a", entity_id=str(number), new_value={"n": number})
                for number in numbers
            ]
        )


def as_owner(statement: str, *parameters: Any) -> None:
    """What somebody does who holds the database and knows about the triggers."""
    with removal_permit("attack"), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        else:
            for name in ("audit_event_no_update", "audit_event_no_delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(statement, parameters)
    from audit.ledger.triggers import install

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
    install("default")


def test_sealing_makes_a_signed_checkpoint_in_and_outside_the_database(outside: Path) -> None:
    record_many(3)
    seen: list[int] = []
    sealed = sealing.seal(progress=seen.append)
    assert (sealed.events, sealed.size, seen) == (3, 3, [3])
    checkpoint = Checkpoint.objects.get()
    assert [path.read_text() for path in outside.iterdir()] == [checkpoint.note]
    assert checkpoint.note.splitlines()[1] == "3"


def test_the_root_is_the_merkle_root_of_the_events_leaves_in_order() -> None:
    record_many(700)
    checkpoint = sealing.seal().checkpoint
    leaves = [bytes.fromhex(text) for text in Event.objects.order_by("tx", "id").values_list("leaf_hash", flat=True)]
    assert checkpoint.root == merkle.root(leaves).hex()


def test_sealing_bit_by_bit_gives_the_same_tree_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, count in enumerate([1, 254, 1, 1, 300, 255, 1]):
        for _ in range(count):
            record(number)
        sealing.seal()
    by_bits = (Checkpoint.objects.first().root, [bytes(tile.hashes) for tile in Tile.objects.all()])
    Tile.objects.all().delete()
    Checkpoint.objects.all().delete()
    monkeypatch.setattr(sealing, "BATCH", 100)
    sealing.seal()
    assert (Checkpoint.objects.first().root, [bytes(tile.hashes) for tile in Tile.objects.all()]) == by_bits


def test_nothing_new_makes_no_new_checkpoint() -> None:
    assert sealing.seal().checkpoint is None
    record(1)
    sealing.seal()
    assert sealing.seal().events == 0
    assert Checkpoint.objects.count() == 1
    assert sealing.seconds_unsealed() == 0
    record(2)
    assert sealing.unsealed().count() == 1


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 600])
def test_every_event_can_be_proven_to_somebody_without_the_service(count: int, tmp_path: Path) -> None:
    record_many(count)
    sealing.seal()
    for event in Event.objects.order_by("id")[:: max(1, count // 3)]:
        (tmp_path / "proof.json").write_text(json.dumps(sealing.prove(uid=str(event.uid))))
        code, out = check_offline(tmp_path / "proof.json", "-")
        assert (code, f"event {event.uid} is leaf" in out) == (0, True)


def check_offline(proof: Path, checkpoint: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", VERIFIER, proof, checkpoint, signing.public_key()],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "forge",
    [
        lambda proof: proof["payload"]["new_value"].update(n=99),
        lambda proof: proof["envelope"].update(actor="nobody"),
        lambda proof: proof["envelope"].update(timestamp="2020-01-01T00:00:00.000000+00:00"),
        lambda proof: proof.update(position=proof["position"] + 1),
        lambda proof: proof["inclusion"].pop(),
        lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("\n20\n", "\n21\n")),
    ],
)
def test_the_offline_verifier_refuses_a_forged_proof(forge: Callable[[Any], Any], tmp_path: Path) -> None:
    record_many(20)
    sealing.seal()
    proof = sealing.prove(uid=str(Event.objects.all()[10].uid))
    forge(proof)
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    assert check_offline(tmp_path / "proof.json", "-")[0] == 1


def test_the_offline_verifier_takes_the_auditors_own_checkpoint_and_shows_that_history_only_grew(
    outside: Path, tmp_path: Path
) -> None:
    record_many(300)
    sealing.seal()
    record_many(300)
    sealing.seal()
    (tmp_path / "proof.json").write_text(json.dumps(sealing.prove_consistency(old=300, new=600)))
    code, out = check_offline(tmp_path / "proof.json", str(outside / "000000000300.txt"))
    assert (code, "begins with that of 300" in out) == (0, True)
    code, _ = check_offline(tmp_path / "proof.json", str(outside / "000000000600.txt"))
    assert code == 1
    (tmp_path / "proof.json").write_text("no json")
    assert check_offline(tmp_path / "proof.json", "-")[0] == 2


def test_an_event_that_is_not_sealed_cannot_be_proven() -> None:
    event = record(1)
    with pytest.raises(sealing.NotSealed, match="audit seal"):
        sealing.prove(uid=str(event.uid))
    with pytest.raises(NotFound):
        sealing.prove(uid="01890000-0000-7000-8000-000000000000")


def test_a_sound_trail_verifies_whole_and_in_part() -> None:
    record_many(600)
    record(1, old_value={"ratio": 1e22, "small": 1e-7}, context={"\U0001f600": None})
    sealing.seal()
    seen: list[tuple[int, int]] = []
    verdict = verification.verify(progress=lambda done, total: seen.append((done, total)))
    assert (verdict.valid, verdict.events, verdict.checkpoints) == (True, 601, 2)
    assert seen[-1] == (601, 601)
    assert verification.verify(since=250, until=300).events == 50
    with pytest.raises(DomainError, match="range"):
        verification.verify(since=700)


# The attacks


def attacked(kind: str, *, position: int | None = None) -> None:
    verdict = verification.verify()
    assert (verdict.valid, verdict.fault.kind) == (False, kind)
    if position is not None:
        assert verdict.fault.position == position


@pytest.fixture
def sealed() -> list[Event]:
    record_many(300)
    sealing.seal()
    return list(Event.objects.order_by("id"))


def test_an_edited_payload_is_found(sealed: list[Event]) -> None:
    as_owner("UPDATE audit_event SET new_value = '{\"n\": 9}' WHERE id = %s", sealed[7].pk)
    attacked("payload-edited", position=7)


@pytest.mark.parametrize(
    "change", ["actor = 'nobody'", "entity_id = 'other'", "timestamp = '2020-01-01 00:00:00+00:00'"]
)
def test_an_edited_or_back_dated_event_is_found(sealed: list[Event], change: str) -> None:
    as_owner(f"UPDATE audit_event SET {change} WHERE id = %s", sealed[7].pk)
    attacked("edited", position=7)


def test_an_edit_with_a_recomputed_payload_hash_and_leaf_is_found(sealed: list[Event]) -> None:
    event = sealed[7]
    event.actor = "nobody"
    fields = {name: getattr(event, name) for name in Event.PROVEN}
    forged = trail.leaf({**fields, "uid": str(event.uid)})
    as_owner("UPDATE audit_event SET actor = 'nobody', leaf_hash = %s WHERE id = %s", forged, event.pk)
    attacked("edited", position=7)


def test_a_deleted_event_is_found(sealed: list[Event]) -> None:
    as_owner("DELETE FROM audit_event WHERE id = %s", sealed[7].pk)
    attacked("deleted", position=7)


def test_two_events_that_changed_places_are_found(sealed: list[Event]) -> None:
    first, second = sealed[3].pk, sealed[4].pk
    as_owner("UPDATE audit_event SET id = -1 WHERE id = %s", first)
    as_owner("UPDATE audit_event SET id = %s WHERE id = %s", first, second)
    as_owner("UPDATE audit_event SET id = %s WHERE id = -1", second)
    attacked("edited", position=3)


def test_a_cut_tail_is_found_by_the_checkpoint_outside(sealed: list[Event]) -> None:
    as_owner("DELETE FROM audit_event WHERE id > %s", sealed[255].pk)
    Tile.objects.filter(number=1).delete()
    Checkpoint.objects.all().delete()
    attacked("truncated", position=256)


def test_a_whole_history_written_anew_is_found_by_the_checkpoint_outside(sealed: list[Event]) -> None:
    event = sealed[7]
    event.actor = "nobody"
    fields = {name: getattr(event, name) for name in Event.PROVEN}
    forged = trail.leaf({**fields, "uid": str(event.uid)})
    as_owner("UPDATE audit_event SET actor = 'nobody', leaf_hash = %s WHERE id = %s", forged, event.pk)
    tile = Tile.objects.get(number=0)
    found = sealing.leaves(tile)
    found[7] = bytes.fromhex(forged)
    tile.hashes, tile.root = b"".join(found), merkle.root(found)
    tile.save()
    Checkpoint.objects.all().delete()
    attacked("rewritten")


def test_an_event_slipped_in_below_the_sealed_ones_is_found(sealed: list[Event]) -> None:
    columns = [field.column for field in Event._meta.concrete_fields if field.column not in ("id", "uid", "tx")]
    names = ", ".join(f'"{column}"' for column in columns)
    copy = f"INSERT INTO audit_event (id, uid, tx, {names}) SELECT -5, %s, tx, {names} FROM audit_event WHERE id = %s"
    uid = "01890000-0000-7000-8000-000000000000"
    as_owner(copy, uid if connection.vendor == "postgresql" else uid.replace("-", ""), sealed[7].pk)
    attacked("inserted")


def test_a_forged_checkpoint_is_found(sealed: list[Event], outside: Path) -> None:
    path = outside / "000000000300.txt"
    path.write_text(path.read_text().replace("\n300\n", "\n200\n"))
    attacked("bad-checkpoint")


def test_an_edited_tile_is_found(sealed: list[Event]) -> None:
    tile = Tile.objects.get(number=0)
    tile.hashes = bytes(32) + bytes(tile.hashes)[32:]
    tile.save()
    assert not verification.verify().valid


def test_an_edit_between_recording_and_sealing_is_found_too() -> None:
    event = record(1)
    as_owner("UPDATE audit_event SET new_value = '{\"n\": 9}' WHERE id = %s", event.pk)
    sealing.seal()
    attacked("payload-edited", position=0)


# The guard rails


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_alter_or_delete_events(statement: str) -> None:
    record(1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.update(actor="x")
    assert Event.objects.get().actor != "x"


def test_even_with_a_permit_only_the_payload_can_be_changed() -> None:
    record(1)
    with pytest.raises(DatabaseError, match="append-only"), removal_permit("test"):
        Event.objects.update(actor="x")
    assert not RemovalPermit.objects.exists()


# Letting go


def test_an_erased_payload_is_gone_and_everything_still_proves(tmp_path: Path) -> None:
    record_many(5)
    event = record(7, new_value={"secret": "hunter2"}, context={"why": "hunter2"})
    sealing.seal()
    recorded = retention.erase(uid=str(event.uid), reason="the person asked")
    sealing.seal()
    event.refresh_from_db()
    assert (event.new_value, event.changes, event.context, event.salt) == (None, [], None, "")
    assert (recorded.event_type, recorded.entity_id) == ("audit.erased", str(event.uid))
    assert verification.verify().valid
    (tmp_path / "proof.json").write_text(json.dumps(sealing.prove(uid=str(event.uid))))
    code, out = check_offline(tmp_path / "proof.json", "-")
    assert (code, "erased" in out) == (0, True)
    with pytest.raises(DomainError, match="reason"):
        retention.erase(uid=str(event.uid), reason=" ")


def test_retention_removes_by_type_and_age_and_the_trail_still_verifies() -> None:
    old = timezone.now() - timedelta(days=40)
    for number in range(300):
        record(number, timestamp=old, event_type="decision.made" if number % 3 else "role.changed")
    record(1, event_type="decision.made")
    sealing.seal()
    seen: list[int] = []
    assert retention.prune(days={"decision.made": 30}, progress=seen.append) == 200
    assert seen[-1] == 200
    assert retention.prune(days={"decision.made": 30}) == 0
    sealing.seal()
    verdict = verification.verify()
    assert (verdict.valid, verdict.removed, verdict.events) == (True, 200, 102)
    assert Event.objects.filter(event_type="role.changed").count() == 100


def test_retention_leaves_what_is_not_sealed_and_its_own_records() -> None:
    old = timezone.now() - timedelta(days=40)
    record(1, timestamp=old)
    assert retention.prune(days={"*": 1}) == 0
    sealing.seal()
    assert retention.prune(days={"*": 1}) == 1
    assert Event.objects.get().event_type == "audit.pruned"
    with pytest.raises(DomainError, match="at least 1 day"):
        retention.prune(days={"*": 0})


def test_a_removal_that_no_retention_recorded_is_found() -> None:
    record_many(5)
    sealing.seal()
    with removal_permit("attack"):
        Event.objects.filter(entity_id="3")._raw_delete("default")
    attacked("deleted", position=3)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_an_event_of_the_first_or_last_year_is_sealed_and_verified_like_any(moment: str) -> None:
    record(1, timestamp=datetime.fromisoformat(moment))
    sealing.seal()
    assert verification.verify().valid


@pytest.mark.parametrize("column", ["actor", "user", "correlation_id", "agent", "session_id", "tool_use_id"])
def test_a_permit_to_erase_lets_nothing_change_that_is_proven(column: str) -> None:
    record(1)
    with pytest.raises(DatabaseError, match="append-only"), removal_permit("attack"), connection.cursor() as cursor:
        cursor.execute(f'UPDATE audit_event SET "{column}" = %s', ["forged"])
    assert getattr(Event.objects.get(), column) != "forged"


def test_retention_keeps_what_the_siem_has_not_confirmed(settings: Any) -> None:
    record(1, timestamp=timezone.now() - timedelta(days=40))
    sealing.seal()
    settings.AUDIT_STREAM_URL = "http://127.0.0.1:9/"
    assert retention.prune(days={"*": 1}) == 0
    settings.AUDIT_STREAM_URL = ""
    assert retention.prune(days={"*": 1}) == 1

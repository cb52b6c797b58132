"""Storing: what is kept, what replacing does, and what the trail says of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Event
from tests.visioncache.makers import ask, make_entry, picture
from visioncache.entries import EntryNotFound, extend_entry, find_entry, store_entry
from visioncache.identity import InvalidEntry
from visioncache.models import Entry, EntryImage, EntryTag
from visioncache.terms import EmptyResult

pytestmark = pytest.mark.django_db


def test_an_entry_keeps_what_was_said_of_it() -> None:
    stored = make_entry(
        image_url="https://example.org/a.png",
        request={"prompt": "p", "api_key": "secret"},
        tags=["ci", "login"],
        namespace="team-a",
        cost_micros=4200,
        latency_ms=1840,
    )
    entry = Entry.objects.get()
    assert stored.created
    assert (entry.image_hash, entry.image_hashes) == (picture(), [picture()])
    assert (entry.namespace, entry.request, entry.tags) == ("team-a", {"prompt": "p"}, ["ci", "login"])
    assert (entry.cost_micros, entry.latency_ms, entry.hit_count) == (4200, 1840, 0)
    assert entry.size_bytes == len('{"text":"PASSED"}') + len('{"prompt":"p"}')


def test_an_entry_lives_a_day_unless_told_otherwise() -> None:
    entry = make_entry().entry
    assert entry.expires_at == entry.stored_at + timedelta(hours=24)


def test_a_lifetime_of_nothing_expires_at_once() -> None:
    entry = make_entry(ttl_hours=0).entry
    assert entry.is_expired
    assert not ask().hit
    assert not Entry.objects.live().exists()


def test_a_lifetime_of_null_never_ends() -> None:
    assert make_entry(ttl_hours=None).entry.expires_at is None
    assert ask().hit
    assert Entry.objects.live(timezone.now() + timedelta(days=36_500)).count() == 1


def test_storing_again_replaces_the_data_and_keeps_the_hits() -> None:
    first = make_entry(tags=["old"], ttl_hours=1).entry
    ask()
    again = make_entry(extracted_data={"text": "FAILED"}, confidence_score=0.5, tags=["new"])
    entry = Entry.objects.get()
    assert not again.created
    assert (entry.uid, entry.created_at) == (first.uid, first.created_at)
    assert (entry.extracted_data, entry.confidence_score) == ({"text": "FAILED"}, 0.5)
    assert entry.stored_at > first.stored_at
    assert entry.expires_at == entry.stored_at + timedelta(hours=24)
    assert entry.hit_count == 1
    assert [tag.name for tag in EntryTag.objects.all()] == ["new"]


def test_storing_again_gives_an_expired_entry_a_new_life() -> None:
    make_entry(ttl_hours=0)
    assert not make_entry().created
    assert ask().hit


def test_storing_with_no_lifetime_takes_a_live_answer_away() -> None:
    make_entry()
    make_entry(ttl_hours=0)
    assert not ask().hit


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"model_version": "acme-vision-2"},
        {"request": {"prompt": "other"}},
        {"namespace": "other"},
        {"image_hashes": [picture(), picture("other")]},
    ],
)
def test_another_identity_is_another_entry(other) -> None:
    make_entry()
    assert make_entry(**other).created
    assert Entry.objects.count() == 2


def test_the_trail_names_the_entry_and_copies_neither_data_nor_url() -> None:
    entry = make_entry(image_url="https://example.org/a.png?signature=s3cret").entry
    make_entry(extracted_data={"text": "FAILED"}, confidence_score=0.5)
    stored, replaced = Event.objects.order_by("id")
    assert (stored.event_type, replaced.event_type) == ("entry.stored", "entry.replaced")
    assert stored.entity_id == replaced.entity_id == str(entry.uid)
    assert stored.old_value is None
    assert {change["path"] for change in replaced.changes} >= {"confidence_score", "stored_at", "expires_at"}
    said = f"{stored.old_value} {stored.new_value} {replaced.old_value} {replaced.new_value}"
    assert not any(word in said for word in ("PASSED", "FAILED", "example.org", "s3cret"))


def test_a_refused_entry_leaves_nothing_behind() -> None:
    for wrong in ({"extracted_data": {}}, {"confidence_score": 2}, {"tags": [""]}, {"image_hash": "x"}):
        with pytest.raises(InvalidEntry):
            make_entry(**wrong)
    assert not Entry.objects.exists()
    assert not Event.objects.exists()


def test_an_empty_answer_does_not_push_out_a_good_one() -> None:
    make_entry()
    with pytest.raises(EmptyResult):
        make_entry(extracted_data={"text": ""})
    assert ask().entry.extracted_data == {"text": "PASSED"}


def test_a_model_has_a_name() -> None:
    with pytest.raises(InvalidEntry, match="model_version"):
        store_entry(image_hash=picture(), model_version=None, extracted_data="x", confidence_score=1)  # type: ignore[arg-type]


def test_an_entry_about_several_images_is_found_by_each() -> None:
    make_entry(image_hashes=[picture("a"), picture("b"), picture("a")])
    make_entry(image_hashes=[picture("a"), picture("b"), picture("a")])
    assert EntryImage.objects.count() == 1
    for name, count in (("a", 1), ("b", 1), ("c", 0)):
        assert Entry.objects.all().of_image(picture(name)).count() == count


def test_a_rolled_back_store_leaves_no_event() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        make_entry()
        raise RuntimeError
    assert not Entry.objects.exists()
    assert not Event.objects.exists()


def test_extending_adds_to_what_is_left() -> None:
    before = make_entry(ttl_hours=2).entry
    entry = extend_entry(entry_id=before.uid, hours=3)
    assert entry.expires_at == before.expires_at + timedelta(hours=3)
    event = Event.objects.get(event_type="entry.extended")
    assert [change["path"] for change in event.changes] == ["expires_at"]


def test_only_a_live_entry_can_be_extended() -> None:
    with pytest.raises(EntryNotFound):
        extend_entry(entry_id=make_entry(ttl_hours=0).entry.uid)
    entry = make_entry("for ever", ttl_hours=None).entry
    assert extend_entry(entry_id=entry.uid).expires_at is None
    assert not Event.objects.filter(event_type="entry.extended").exists()


def test_an_entry_is_found_by_its_id_while_it_lives() -> None:
    entry = make_entry().entry
    assert find_entry(entry_id=str(entry.uid)) == entry
    for missing in ("x", "", make_entry("b", ttl_hours=0).entry.uid):
        with pytest.raises(EntryNotFound):
            find_entry(entry_id=missing)


def test_the_database_itself_refuses_an_impossible_confidence() -> None:
    make_entry()
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.update(confidence_score=1.5)


def test_the_url_of_an_image_is_kept_without_the_means_to_fetch_it() -> None:
    entry = make_entry(image_url="https://dana:hunter2@example.org/a.png?size=2&X-Amz-Signature=0ddba11").entry
    assert entry.image_url == "https://example.org/a.png?size=2&X-Amz-Signature=[secret]"

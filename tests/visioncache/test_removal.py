"""Invalidating and cleaning up: what goes, what stays, what the trail says."""

import base64
import itertools
import threading

import pytest
from django.db import connection, transaction

from audit.models import Event
from tests.visioncache.makers import ask, make_entry, picture
from visioncache import removal
from visioncache.entries import EntryNotFound
from visioncache.identity import InvalidEntry
from visioncache.models import Entry, EntryImage, EntryTag, Lease
from visioncache.removal import cleanup_expired, invalidate, remove_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    """Six entries that differ in one thing each from the first."""
    return {
        "plain": make_entry("a").entry,
        "model": make_entry("a", model_version="m2").entry,
        "tagged": make_entry("b", tags=["ci", "old"]).entry,
        "tenant": make_entry("a", namespace="team-a").entry,
        "pair": make_entry(image_hashes=[picture("c"), picture("a")]).entry,
        "expired": make_entry("d", ttl_hours=0).entry,
    }


@pytest.mark.parametrize(
    ("conditions", "gone"),
    [
        ({"image_hash": picture("a")}, {"plain", "model", "pair"}),
        ({"image_hash": picture("a").upper()}, {"plain", "model", "pair"}),
        ({"image_hash": picture("a"), "namespace": "team-a"}, {"tenant"}),
        ({"image_hash": picture("a"), "all_namespaces": True}, {"plain", "model", "pair", "tenant"}),
        ({"model_version": "m2"}, {"model"}),
        ({"tag": "ci"}, {"tagged"}),
        ({"tag": "ci", "model_version": "m2"}, set()),
        ({"image_hash": picture("a"), "model_version": "m2"}, {"model"}),
        ({"namespace": "team-a"}, {"tenant"}),
        ({"namespace": "default"}, {"plain", "model", "tagged", "pair", "expired"}),
        ({"image_hash": picture("nowhere")}, set()),
    ],
)
def test_entries_that_meet_all_conditions_are_removed(shelf, conditions, gone) -> None:
    dry = invalidate(**conditions, dry_run=True)
    assert (dry.matched, dry.removed, Entry.objects.count()) == (len(gone), 0, 6)
    done = invalidate(**conditions)
    assert (done.matched, done.removed) == (len(gone), len(gone))
    left = set(Entry.objects.values_list("pk", flat=True))
    assert {name for name, entry in shelf.items() if entry.pk not in left} == gone
    assert Event.objects.filter(event_type="entries.invalidated").count() == bool(gone)


def test_an_id_is_enough_whatever_its_namespace(shelf) -> None:
    assert invalidate(entry_id=shelf["tenant"].uid).removed == 1
    assert invalidate(entry_id=str(shelf["plain"].uid), namespace="team-a").removed == 0


def test_the_image_itself_can_be_named() -> None:
    raw = base64.b64encode(b"raw").decode()
    make_entry(image_hash=None, image=raw)
    assert invalidate(image=raw).removed == 1


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"all_namespaces": True},
        {"entry_id": "not-a-uuid"},
        {"image_hash": "x"},
        {"image_hash": picture(), "image": "QUJD"},
        {"namespace": "a", "all_namespaces": True},
        {"namespace": "a b"},
        {"tag": ""},
        {"model_version": "a\x00"},
    ],
)
def test_an_unclear_request_removes_nothing(conditions) -> None:
    make_entry()
    with pytest.raises(InvalidEntry):
        invalidate(**conditions)
    assert Entry.objects.count() == 1


def test_the_trail_says_what_was_removed_and_why(shelf) -> None:
    invalidate(model_version="m2")
    event = Event.objects.get(event_type="entries.invalidated")
    assert (event.entity_type, event.entity_id) == ("cache", "default")
    assert event.new_value == {"removed": 1, "conditions": {"model_version": "m2", "namespace": "default"}}
    assert event.context["entries"] == [str(shelf["model"].uid)]


def test_tags_and_images_go_with_their_entry(shelf) -> None:
    invalidate(namespace="default")
    assert not EntryTag.objects.exists()
    assert not EntryImage.objects.exists()


def test_one_entry_is_removed_by_its_id() -> None:
    entry = make_entry().entry
    remove_entry(entry_id=entry.uid)
    assert not ask().hit
    event = Event.objects.get(event_type="entry.invalidated")
    assert (event.entity_id, event.new_value) == (str(entry.uid), None)
    for missing in (entry.uid, make_entry(ttl_hours=0).entry.uid):
        with pytest.raises(EntryNotFound):
            remove_entry(entry_id=missing)


def test_clean_up_removes_what_has_expired_and_nothing_else() -> None:
    for number in range(3):
        make_entry(f"old-{number}", ttl_hours=0, tags=["t"])
    make_entry("live")
    make_entry("for ever", ttl_hours=None)
    ask("absent", lease=True)
    Lease.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert cleanup_expired() == 3
    assert cleanup_expired() == 0
    assert Entry.objects.count() == 2
    assert not EntryTag.objects.exists()
    assert not Lease.objects.exists()


def test_clean_up_works_in_batches_with_an_event_each(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = []
    monkeypatch.setattr(removal.time, "sleep", pauses.append)
    for number in range(7):
        make_entry(f"old-{number}", ttl_hours=0)
    assert cleanup_expired(batch=3) == 7
    events = Event.objects.filter(event_type="entries.expired").order_by("id")
    assert [event.new_value["removed"] for event in events] == [3, 3, 1]
    assert len(pauses) == 2


def test_on_sqlite_a_batch_is_as_long_as_a_writer_can_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(step=0.01)  # each batch holds the write lock for 10 ms
    monkeypatch.setattr(removal.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(removal, "FEWEST", 2)
    for number in range(9):
        make_entry(f"old-{number}", ttl_hours=0)
    assert cleanup_expired() == 9
    events = Event.objects.filter(event_type="entries.expired").order_by("id")
    expected = [2, 6, 1] if connection.vendor == "sqlite" else [9]
    assert [event.new_value["removed"] for event in events] == expected


@pytest.mark.django_db(transaction=True)
def test_clean_up_spares_overwriting_what_is_over_but_not_what_was_called_back_and_leaves_sqlite_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a matter of SQLite")
    told: list[list[int]] = []

    def settings() -> list[int]:
        with connection.cursor() as cursor:
            names = [*removal.LARGE_BATCHES, "secure_delete"]
            return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    monkeypatch.setattr(removal, "FEWEST", 2)
    monkeypatch.setattr(removal.time, "sleep", lambda seconds: told.append(settings()))
    connection.cursor().execute("PRAGMA secure_delete = 1")
    before = settings()
    for number in range(3):
        make_entry(f"old-{number}", ttl_hours=0)
        make_entry(f"bad-{number}", namespace="bad")
    assert (cleanup_expired(), settings()) == (3, before)
    assert (invalidate(namespace="bad").removed, settings()) == (3, before)
    large, fast, whole = list(removal.LARGE_BATCHES.values()), 2, 1
    assert told == [[*large, fast], [*large, whole]]


def test_a_clean_up_with_nothing_to_do_leaves_no_event() -> None:
    assert cleanup_expired() == 0
    assert not Event.objects.exists()


def test_removing_takes_the_same_few_statements_for_many_rows(django_assert_max_num_queries) -> None:
    for number in range(30):
        make_entry(f"old-{number}", ttl_hours=0, tags=["a", "b"])
    with django_assert_max_num_queries(17):
        assert cleanup_expired() == 30


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_being_replaced_does_not_outlive_its_invalidation() -> None:
    make_entry("a")
    replaced, go_on, done = threading.Event(), threading.Event(), []

    def writer() -> None:
        with transaction.atomic():
            make_entry("a", extracted_data="new")
            replaced.set()
            assert go_on.wait(240)
        connection.close()

    def remover() -> None:
        done.append(invalidate(image_hash=picture("a")))
        connection.close()

    threads = [threading.Thread(target=writer), threading.Thread(target=remover)]
    threads[0].start()
    assert replaced.wait(240)
    threads[1].start()
    threads[1].join(0.5)  # time to pass the row by, were it to do so
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert [(it.matched, it.removed) for it in done] == [(1, 1)]
    assert not ask("a").hit

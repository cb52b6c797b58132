"""Looking up: hits, misses and their reasons, and that each is counted exactly."""

import pytest
import time_machine
from django.utils import timezone

from tests.visioncache.makers import MODEL, ask, make_entry, picture
from visioncache import lookups
from visioncache.counting import flush
from visioncache.identity import InvalidEntry, identify
from visioncache.lookups import look_up
from visioncache.models import Entry, Tally

pytestmark = pytest.mark.django_db

START = "2026-11-21T10:00:00Z"


def test_a_stored_answer_is_a_hit() -> None:
    make_entry(request={"prompt": "p"})
    found = ask(request={"prompt": "p"})
    assert (found.hit, found.match, found.lease, found.why_miss) == (True, "exact", None, None)
    assert found.entry.extracted_data == {"text": "PASSED"}
    assert found.entry.model_version == MODEL


def test_five_hits_are_counted_five_times() -> None:
    make_entry(latency_ms=100, cost_micros=7)
    counts = [ask().entry.hit_count for _ in range(5)]
    entry = Entry.objects.get()
    assert counts == [1, 2, 3, 4, 5]
    assert (entry.hit_count, entry.saved_ms, entry.saved_cost_micros) == (5, 500, 35)
    assert entry.last_hit_at >= entry.stored_at


def test_a_look_up_by_the_image_itself_is_the_same() -> None:
    make_entry(image_hash=None, image="QUJD")
    assert look_up(image="QUJD", model_version=MODEL).hit


def test_an_entry_answers_until_the_moment_it_expires() -> None:
    with time_machine.travel(START, tick=False) as clock:
        make_entry(ttl_hours=1)
        clock.shift(3599)
        assert ask().hit
        clock.shift(1)
        found = ask()
        assert (found.hit, found.entry, found.why_miss.reason) == (False, None, "expired")
        assert "2026-11-21 11:00:00" in found.why_miss.detail


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"model_version": "acme-vision-2"},
        {"request": {"prompt": "q"}},
        {"request": None},
        {"namespace": "other"},
    ],
)
def test_another_identity_is_a_miss(other) -> None:
    make_entry(request={"prompt": "p"})
    assert not ask(**{"request": {"prompt": "p"}, **other}).hit


def test_the_parameters_order_is_no_miss() -> None:
    make_entry(request={"parameters": {"temperature": 0, "seed": 7}, "prompt": "p"})
    assert ask(request={"prompt": "p", "parameters": {"seed": 7.0, "temperature": 0.0}, "stream": True}).hit


def test_the_last_stored_data_is_what_is_found() -> None:
    make_entry(extracted_data="v1")
    make_entry(extracted_data="v2")
    assert ask().entry.extracted_data == "v2"


def test_without_a_model_the_newest_answer_of_any_is_given() -> None:
    make_entry(model_version="m1", extracted_data="one")
    make_entry(model_version="m2", extracted_data="two")
    make_entry(model_version="m3", extracted_data="three", ttl_hours=0)
    make_entry(model_version="m4", extracted_data="four", request={"prompt": "other"})
    make_entry(model_version="m5", extracted_data="five", namespace="other")
    assert ask(model_version=None).entry.model_version == "m2"
    make_entry(model_version="m1", extracted_data="one again")
    assert ask(model_version=None).entry.extracted_data == "one again"
    assert Entry.objects.get(model_version="m1").hit_count == 1


def test_a_miss_of_an_unknown_image_says_so() -> None:
    why = ask().why_miss
    assert (why.reason, why.nearest, why.differences) == ("unknown-image", None, ())


def test_a_miss_names_the_parts_that_differ_from_the_nearest_entry() -> None:
    make_entry(model_version="m1", request={"prompt": "read", "parameters": {"temperature": 0, "seed": 1}})
    near = make_entry(model_version="m2", request={"prompt": "read", "parameters": {"temperature": 1}}).entry
    why = ask(model_version="m2", request={"prompt": "read", "parameters": {"temperature": 0}}).why_miss
    assert (why.reason, why.nearest) == ("differs", near)
    [difference] = why.differences
    assert (difference.part, difference.asked, difference.stored) == ("request.parameters.temperature", 0, 1)
    assert "request.parameters.temperature" in why.detail


def test_a_miss_by_model_and_by_images_is_explained() -> None:
    make_entry(image_hashes=[picture(), picture("b")])
    assert [difference.part for difference in ask(model_version="m9").why_miss.differences] == [
        "images",
        "model_version",
    ]


def test_a_miss_tells_nothing_of_other_tenants() -> None:
    make_entry(namespace="other")
    assert ask().why_miss.reason == "unknown-image"


def test_a_long_prompt_is_shown_by_its_beginning() -> None:
    make_entry(request={"prompt": "a" * 5000})
    [difference] = ask(request={"prompt": "b" * 5000}).why_miss.differences
    assert difference.asked == "b" * 200 + "..."


def test_hits_and_misses_are_counted_by_hour_and_namespace() -> None:
    with time_machine.travel(START, tick=False) as clock:
        make_entry(latency_ms=100, cost_micros=7)
        ask()
        ask("other")
        clock.shift(3600)
        ask()
        ask(namespace="team-a")
    flush()
    rows = Tally.objects.order_by("hour", "namespace").values_list(
        "hour__hour", "namespace", "hits", "misses", "saved_ms"
    )
    assert list(rows) == [(10, "default", 1, 1, 100), (11, "default", 1, 0, 100), (11, "team-a", 0, 1, 0)]


def test_a_refused_look_up_is_not_counted() -> None:
    for wrong in (
        {"image_hash": "x"},
        {"namespace": "a b"},
        {"lease": True, "model_version": None},
        {"lease_seconds": 0},
    ):
        with pytest.raises(InvalidEntry):
            ask(**wrong)
    flush()
    assert not Tally.objects.exists()


def test_a_miss_is_explained_by_no_more_than_can_be_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 stored requests of 256 KiB held the interpreter for half a minute, by a key that may only read."""
    make_entry(request={"prompt": "near", "n": 1})
    for number in range(3):
        make_entry(request={"prompt": "far", "n": number, "filler": "x" * 5_000})
    asked = {"prompt": "near", "n": 2}
    assert [it.part for it in ask(request=asked).why_miss.differences] == ["request.n"]
    monkeypatch.setattr(lookups, "MOST_COMPARED_CHARACTERS", 8_000)
    explained = ask(request=asked).why_miss
    assert (explained.reason, explained.nearest.request["prompt"]) == ("differs", "far")


def test_a_request_that_differs_in_everything_is_told_as_one() -> None:
    make_entry(request={f"n{number}": 0 for number in range(2_000)})
    [difference] = ask(request={f"n{number}": 1 for number in range(2_000)}).why_miss.differences
    assert difference.part == "request"
    assert len(difference.asked) < 300


def test_an_answer_that_comes_while_its_absence_is_explained_is_named() -> None:
    make_entry(request={"prompt": "p"})
    identity = identify(image_hashes=[picture()], model_version=MODEL, request={"prompt": "p"})
    assert "look again" in lookups.explain_miss(identity, timezone.now()).detail

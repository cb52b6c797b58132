"""The key of an entry: equal for equal requests, different as soon as one part differs."""

import hashlib
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config.errors import PayloadTooLarge
from visioncache.identity import HASHED_FIELDS, TRANSPORT_FIELDS, Identity, InvalidEntry, identify, read_request

A, B = "a" * 64, "b" * 64

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-1000, 1000), st.floats(-1e6, 1e6), st.text("abc\u00e9\U0001f600", max_size=5)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
special = {*TRANSPORT_FIELDS, *HASHED_FIELDS, "parameters"}
requests = st.dictionaries(names.filter(lambda name: name not in special), values)
hashes = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
texts = st.text("ab:/-\u00e9", min_size=1, max_size=6)
namespaces = st.text("ab:/-9", min_size=1, max_size=6).filter(lambda text: text[0] in "ab9")


def key(**parts) -> str:
    return identify(**{"image_hashes": [A], "model_version": "m", **parts}).key


def shuffled(value, rng):
    if isinstance(value, dict):
        items = [(name, shuffled(item, rng)) for name, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


@given(requests, st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_change_the_key(request: dict, rng: random.Random) -> None:
    assert key(request=shuffled(request, rng)) == key(request=request)


@given(st.tuples(namespaces, st.lists(hashes, min_size=1, max_size=3), texts, requests), st.data())
def test_any_changed_part_changes_the_key(parts, data: st.DataObject) -> None:
    namespace, images, model, request = parts
    changed = list(parts)
    which = data.draw(st.integers(0, 3))
    changed[which] = data.draw([namespaces, st.lists(hashes, min_size=1, max_size=3), texts, requests][which])
    assume(changed[which] != parts[which])  # Python says True == 1 too, which only makes the test ask less

    one = identify(namespace=namespace, image_hashes=images, model_version=model, request=request)
    two = identify(namespace=changed[0], image_hashes=changed[1], model_version=changed[2], request=changed[3])

    assert one.key != two.key


@given(st.text("ab:/-", min_size=2, max_size=12), st.data())
def test_parts_never_join_ambiguously(text: str, data: st.DataObject) -> None:
    """The same characters cut at another place are another request."""
    cut, other = data.draw(st.integers(1, len(text) - 1)), data.draw(st.integers(1, len(text) - 1))
    assume(cut != other)

    def split(at: int) -> str:
        return key(model_version=text[:at], request={"prompt": text[at:]})

    assert split(cut) != split(other)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"t": 1}, {"t": 1.0}),
        ({"t": 0}, {"t": -0.0}),
        ({"t": 0.1}, {"t": 0.10}),
        ({"t": 1e3}, {"t": 1000}),
        (None, {}),
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}),
    ],
)
def test_equal_requests_have_one_key(one, two) -> None:
    assert key(request=one) == key(request=two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"t": True}, {"t": 1}),
        ({"t": "1"}, {"t": 1}),
        ({"t": None}, {}),
        ({"t": []}, {"t": {}}),
        ({"stop": ["a", "b"]}, {"stop": ["b", "a"]}),
        ({"prompt": "read"}, {"prompt": "read "}),
        ({"prompt": "\u00e9"}, {"prompt": "e\u0301"}),
    ],
)
def test_different_requests_have_different_keys(one, two) -> None:
    assert key(request=one) != key(request=two)


# What widely used caches answered wrongly, each as it was seen there:


def test_pictures_that_begin_alike_are_told_apart() -> None:
    """Two files equal in their first 4 KiB."""
    head = b"\xff\xd8" + bytes(4096)
    one, two = (hashlib.sha256(head + tail).hexdigest() for tail in (b"PASSED", b"FAILED"))
    assert key(image_hashes=[one]) != key(image_hashes=[two])


def test_another_model_is_another_question() -> None:
    assert key(model_version="v1") != key(model_version="v2")


def test_a_provider_parameter_nobody_listed_counts() -> None:
    assert key(request={"parameters": {"num_ctx": 1}}) != key(request={"parameters": {"num_ctx": 2}})


def test_a_value_cannot_pose_as_another_part() -> None:
    assert key(model_version="a", request={"seed": "b"}) != key(model_version='a","request":{"seed":"b"}')
    assert key(model_version="a", request={"prompt": "b"}) != key(model_version="aprompt: b")


def test_tenants_are_told_apart() -> None:
    assert key(namespace="t1") != key(namespace="t2")


def test_the_order_and_number_of_pictures_count() -> None:
    keys = {key(image_hashes=images) for images in ([A, B], [B, A], [A], [A, A], [B])}
    assert len(keys) == 5


def test_the_case_of_a_digest_does_not_count() -> None:
    assert key(image_hashes=["A" * 64]) == key(image_hashes=[A])


def test_transport_fields_are_neither_in_the_key_nor_kept() -> None:
    sent = {"prompt": "p", "stream": True, "api_key": "secret", "parameters": {"seed": 1, "timeout": 9}}
    assert read_request(sent) == {"prompt": "p", "parameters": {"seed": 1}}
    assert key(request=sent) == key(request={"prompt": "p", "parameters": {"seed": 1}})


@pytest.mark.parametrize("name", sorted(HASHED_FIELDS))
@pytest.mark.parametrize("place", ["top", "parameters"])
def test_a_field_that_may_name_a_person_counts_and_is_kept_as_a_hash(name: str, place: str) -> None:
    """{"system": "You read invoices", "user": "Read the total"} is no question that "Read the date" may answer."""

    def ask(value: object) -> dict:
        return {"system": "s", **({name: value} if place == "top" else {"parameters": {name: value}})}

    values = ["Read the total", "Read the date", {"a": 1}, {"a": True}, {"a": "1"}, ["a"], None, 0, False, ""]
    keys = {key(request=ask(value)) for value in values}
    assert len(keys) == len(values)
    assert key(request={"system": "s"}) not in keys
    kept = identify(image_hashes=[A], model_version="m", request=ask("Read the total")).kept_request
    assert "Read" not in str(kept)
    assert str(kept).count("sha256:") == 1


def test_a_hash_in_place_of_what_it_is_of_is_another_question() -> None:
    hashed = read_request({"user": "Read the total"})
    assert key(request=hashed) != key(request={"user": "Read the total"})


@given(requests, st.sampled_from(sorted(HASHED_FIELDS)), values)
def test_a_request_with_such_a_field_never_meets_a_key_of_the_first_format(request: dict, name: str, value) -> None:
    one = identify(image_hashes=[A], model_version="m", request={**request, name: value})
    two = identify(image_hashes=[A], model_version="m", request=request)
    assert one.key != two.key
    assert one.question_key != two.question_key


def test_what_stands_under_a_secrets_name_counts_as_it_is_and_is_kept_as_a_hash() -> None:
    asked = {"prompt": "p", "openai_api_key": "k-1", "extra_body": {"auth": [{"token": "t-1"}], "max_tokens": 9}}
    identity = identify(image_hashes=[A], model_version="m", request=asked)
    assert identity.request == asked  # the key of before
    assert "k-1" not in str(identity.kept_request)
    assert "t-1" not in str(identity.kept_request)
    assert identity.kept_request["extra_body"]["max_tokens"] == 9
    assert identity.key != key(request={**asked, "openai_api_key": "k-2"})


def test_a_transport_name_deeper_down_is_content() -> None:
    one, two = ({"messages": [{"user": name}]} for name in ("ann", "bob"))
    assert key(request=one) != key(request=two)


def test_the_key_is_fixed_for_ever() -> None:
    """A changed key format would turn every stored entry into a miss without a word: raise KEY_FORMAT instead."""
    identity = Identity(namespace="default", image_hashes=(A,), model_version="m", request={"prompt": "p", "t": 0.5})
    text = (
        f'{{"format":1,"images":["{A}"],"model_version":"m","namespace":"default","request":{{"prompt":"p","t":0.5}}}}'
    )
    assert identity.key == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"image_hashes": []}, "image_hashes"),
        ({"image_hashes": [A] * 33}, "image_hashes"),
        ({"image_hashes": ["xyz"]}, "image_hash"),
        ({"image_hashes": [A + "\n"]}, "image_hash"),
        ({"model_version": ""}, "model_version"),
        ({"model_version": "  "}, "model_version"),
        ({"model_version": "a\x00b"}, "model_version"),
        ({"model_version": "a\ud800"}, "model_version"),
        ({"model_version": "m" * 256}, "model_version"),
        ({"namespace": ""}, "namespace"),
        ({"namespace": "a b"}, "namespace"),
        ({"request": ["not", "an", "object"]}, "request"),
        ({"request": {"prompt": "a\x00b"}}, "request"),
        ({"request": {"a\x00b": 1}}, "request"),
        ({"request": {"prompt": "\ud800"}}, "request"),
        ({"request": {"t": float("nan")}}, "request"),
        ({"request": {"t": float("inf")}}, "request"),
        ({"request": {"seed": 2**60 + 1}}, "request"),
        ({"request": {1: "a"}}, "request"),
    ],
)
def test_a_part_that_cannot_be_kept_is_refused_by_name(parts, field) -> None:
    with pytest.raises(InvalidEntry) as caught:
        key(**parts)
    assert caught.value.errors[0].field == field


def test_a_written_out_nul_escape_is_ordinary_text() -> None:
    assert key(request={"prompt": "\\u0000"}) != key(request={"prompt": "\\\\u0000"})


def test_a_request_nested_beyond_reason_is_refused() -> None:
    deep: dict = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(InvalidEntry, match="nested"):
        key(request=deep)


def test_a_request_that_carries_its_picture_is_too_large() -> None:
    with pytest.raises(PayloadTooLarge, match="image_hash"):
        key(request={"messages": "x" * 300_000})

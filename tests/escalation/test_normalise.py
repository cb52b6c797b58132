"""What of a message stays when the same error happens again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.grouping.normalise import normalise_message
from tests.patience import costs_little


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 17 failed", "order 90210 failed"),
        ("offset -17 out of range", "offset 23 out of range"),
        ("1,234,567 rows", "12 rows"),
        ("ratio 0.93 above limit", "ratio 12.5 above limit"),
        ("query took 250ms", "query took 31 seconds"),
        ("job 0b9f4c52-9d1e-4a53-8f0e-2f6f6a1b7c10 lost", "job 5A1C22DE-33F4-4B7E-9A0D-C0FFEE00AA11 lost"),
        ("<Cart object at 0x7f10aa23bcd0> is closed", "<Cart object at 0x55d0> is closed"),
        ("no rate for 2026-11-20T10:00:00Z", "no rate for 2026-01-02 23:59:59.123+01:00"),
        ("until Fri, 20 Nov 2026 10:00:00 GMT", "until Sat, 02 Jan 2027 00:00:00 GMT"),
        ("at 10:15", "at 3:04PM"),
        ("no user ann@example.org", "no user b.o+x@mail.example.com"),
        ("GET http://a.example/x?y=1 failed", "GET https://b.example:8080/ failed"),
        ("cannot reach 10.0.0.1:5432", "cannot reach 192.168.7.9:80"),
        ("cannot reach fe80::1", "cannot reach 2001:db8::7"),
        ("could not resolve db1.internal.example.com", "could not resolve db2.internal.example.org"),
        ("cannot open /tmp/tmpa8s7d6f5/in.csv", "cannot open /tmp/tmp0qwk2m1z/in.csv"),
        ("bad option mode='fast'", 'bad option mode="slow"'),
        ("flag strict=True refused", "flag strict=False refused"),
        ('said {"ok": false, "id": "great"}', 'said {"ok": true, "id": "cat88"}'),
        ("no head at deadbeefmsh98vk8", "no head at q2w3e4r5t6y7u8"),
        ("commit 1a2b3c4 is gone", "commit d4c3b2a1f0e9d8c7b6a5948372615049382716a5 is gone"),
        ("deadlock\n\nDETAIL: process 71 waits\nmore", "deadlock\nDETAIL: process 9914 waits\nother"),
    ],
)
def test_the_same_error_with_other_values_reads_the_same(one, other):
    assert normalise_message(one) == normalise_message(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Encoding: utf-8 is not supported", "Encoding: utf-16 is not supported"),
        ("no algorithm sha1", "no algorithm sha256"),
        ("KeyError: 'id'", "KeyError: 'name'"),
        ("called Option::unwrap on None", "called Result::unwrap on None"),
        ("no overload of Fee::add()", "no overload of Fee::sub()"),
        ("order 17 failed", "order 17 was refunded"),
        ("no module shop.views", "no module shop.orders"),
    ],
)
def test_different_errors_stay_different(one, other):
    assert normalise_message(one) != normalise_message(other)


def test_a_value_is_named_by_its_kind():
    text = "user ann@example.org waited 250ms for 10.0.0.1, order 17"
    assert normalise_message(text) == "user <email> waited <duration> for <ip>, order <int>"


@given(st.text(max_size=200))
def test_a_normalised_message_has_at_most_two_lines_and_no_blank_ends(text):
    lines = normalise_message(text).split("\n")
    assert len(lines) <= 2


@given(st.integers(), st.integers(), st.uuids(), st.uuids())
def test_numbers_and_ids_never_tell_errors_apart(first, second, one, other):
    assert normalise_message(f"item {first} of {one}") == normalise_message(f"item {second} of {other}")


@pytest.mark.parametrize("text", ["1." * 50_000, "a." * 50_000, "f:" * 50_000, "0" * 100_000, '":"' * 30_000])
def test_hostile_text_costs_little(text):
    with costs_little():
        normalise_message(text)

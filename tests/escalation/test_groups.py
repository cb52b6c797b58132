"""Which events of SDKs are one bug."""

import pytest

from escalation.grouping.groups import Raised, group, raised_of_text
from escalation.grouping.normalise import normalise_message
from escalation.grouping.traces.frame import Frame
from escalation.grouping.traces.reading import parse_stack_trace


def raised(function: str = "show", error_type: str = "KeyError", value: str = "'id'", **more: object) -> Raised:
    frame = Frame(function=function, file="", module="shop.views")
    return Raised(error_type=error_type, value=value, frames=(frame,), **more)  # type: ignore[arg-type]


def member(error_type: str, function: str) -> Raised:
    return raised(function, error_type, member_of=0)


def key(*chain: Raised, said: tuple[str, ...] = ()) -> str:
    return group(raised=chain, said=said).fingerprint.key


def test_the_clients_fingerprint_counts_alone_and_may_hold_the_default():
    assert key(raised(), said=("a",)) == key(raised("other"), said=("a",)) != key(raised(), said=("b",))
    assert key(raised(), said=("{{ default }}", "a")) != key(raised("other"), said=("{{default}}", "a"))
    assert key(raised(), said=("{{default}}",)) == key(raised())


def test_members_of_an_exception_group_count_once_and_in_any_order():
    whole = raised("gather", "ExceptionGroup")
    one, other = member("KeyError", "a"), member("ValueError", "b")
    assert key(one, other, whole) == key(other, one, other, whole) != key(one, whole)


def test_the_coarse_key_joins_what_differs_by_its_callers_alone():
    inner = Frame(function="total", file="", module="shop.cart")
    callers = [Frame(function=name, file="", module="shop.views") for name in ("show", "buy")]
    one, other = (
        group(raised=[Raised(error_type="E", value="no price", frames=(caller, inner))]).keys for caller in callers
    )
    assert one[0] != other[0]
    assert one[1] == other[1]


def test_a_synthetic_type_and_what_qualifies_a_type_do_not_count():
    assert key(raised(error_type="A", is_synthetic=True)) == key(raised(error_type="B", is_synthetic=True))
    assert key(raised(error_type="shop.errors.KeyError")) == key(raised(error_type="KeyError"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("port of 00:1b:44:11:3a:b7 is down", "port of 5e:ff:56:a2:af:15 is down"),
        ("cannot read /home/ann/.netrc", "cannot read /home/bob/.netrc"),
        ("pod web-7d9f8b6c5d-x2x7k is gone", "pod web-6c5d7d9f8b-q9w8e is gone"),
        ("paid 1.234,56 EUR", "paid 12.999,00 EUR"),
        ("share V1StGXR8_Z5jdHi6B-myT is gone", "share 3rkQ0xD_9sLmPz-Wq7TyB is gone"),
        ("\x1b[31mrow 7 failed\x1b[0m", "row 8 failed"),
    ],
)
def test_what_the_field_showed_to_vary_is_left_out_of_messages(one: str, other: str):
    assert normalise_message(one) == normalise_message(other)


def test_a_text_has_its_causes_first_and_the_type_that_was_reported_last():
    text = """java.lang.IllegalStateException: no price
\tat shop.Cart.total(Cart.java:12)
Caused by: java.io.IOException: gone
\tat shop.Files.read(Files.java:3)"""
    found = raised_of_text(error_type="CartError", error_message="no price", traces=parse_stack_trace(text))
    assert [(each.error_type, each.frames[-1].function) for each in found] == [
        ("IOException", "shop.Files.read"),
        ("CartError", "shop.Cart.total"),
    ]
    assert [each.value for each in found] == ["", "no price"]
    [alone] = raised_of_text(error_type="CartError", error_message="no price", traces=[])
    assert alone.frames == ()

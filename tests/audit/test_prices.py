"""What models cost: dated, by every door, and unknown where nobody has said it."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.cost import Price, PriceList, Tokens, cost_micros
from audit.models import Event, ModelPrice
from audit.permissions.store import AdminOnly
from audit.prices.keeping import PriceNotFound, PriceRefused, remove_price, set_price, take_settings
from config.context import acting_as

PRICES = "/api/v1/audit/prices"
START = datetime(2026, 1, 1, tzinfo=UTC)
SONNET = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6))


def test_a_response_costs_what_its_kinds_of_tokens_do() -> None:
    used = Tokens(input=100, output=7, cache_read=30, cache_write=15, cache_write_hour=5)
    assert cost_micros(used, SONNET) == 501  # 500.25, as the agent itself reckons
    assert cost_micros(Tokens(), SONNET) == 0
    assert cost_micros(used, None) is None


def test_tokens_of_a_kind_without_a_price_make_a_cost_unknown() -> None:
    plain = Price(Decimal(3), Decimal(15))
    assert cost_micros(Tokens(input=10, output=10), plain) == 180
    assert cost_micros(Tokens(input=10, output=10, cache_read=1), plain) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=8), st.integers(-1, 21))
def test_the_price_is_the_last_that_was_valid_by_then(said: Any, day: int) -> None:
    dated = {START + timedelta(days=at): Price(Decimal(cost), Decimal(0)) for at, cost in said}
    found = PriceList(("m", at, price) for at, price in dated.items()).at(START + timedelta(days=day), "m")
    valid = [at for at in dated if at <= START + timedelta(days=day)]
    assert found == (dated[max(valid)] if valid else None)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("claude-sonnet-4-5", True),
        ("claude-sonnet-4-5-20250929", True),
        ("claude-sonnet-4-5@20250929", True),
        ("claude-sonnet-4-5-2025-09-29", True),
        ("router/anthropic/claude-sonnet-4-5-20250929", True),
        ("claude-sonnet-4-50", False),
        ("claude-sonnet-4", False),
        ("claude-sonnet-4-5/other", False),
        ("", False),
    ],
)
def test_a_model_is_known_by_its_name_whoever_serves_it_and_whenever_it_came_out(asked: str, found: bool) -> None:
    prices = PriceList([("claude-sonnet-4-5", START, SONNET)])
    assert (prices.at(START, asked) == SONNET) is found


def test_a_name_that_has_a_price_of_its_own_is_not_another_one() -> None:
    dated = Price(Decimal(1), Decimal(1))
    prices = PriceList([("m", START, SONNET), ("m-20250929", START, dated), ("x/m", START, dated)])
    assert prices.at(START, "m-20250929") == prices.at(START, "x/m") == dated
    assert prices.at(START, "y/m") == prices.at(START, "unknown", "m") == SONNET


@pytest.mark.django_db
def test_a_price_is_set_replaced_and_removed_with_an_event_each() -> None:
    row = set_price(model="m", input_price=3, output_price=15.000001, valid_from=START)
    again = set_price(model="m", input_price=4, output_price=15, cache_read_price=0.3, valid_from=START)
    set_price(model="m", input_price=4, output_price=15, cache_read_price=0.3, valid_from=START)
    assert (row.uid, ModelPrice.objects.get().price[:3]) == (again.uid, (Decimal(4), Decimal(15), Decimal("0.3")))
    remove_price(uid=str(row.uid))
    told = Event.objects.filter(entity_type="price", entity_id="m").order_by("id")
    assert [event.event_type for event in told] == ["price.set", "price.set", "price.removed"]
    assert told[1].old_value["output_price"] == 15.000001
    for uid in (str(row.uid), "nothing"):
        with pytest.raises(PriceNotFound):
            remove_price(uid=uid)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"input_price": -1}, "input_price"),
        ({"output_price": float("nan")}, "output_price"),
        ({"cache_read_price": float("inf")}, "cache_read_price"),
        ({"cache_write_price": 10_001}, "cache_write_price"),
        ({"model": " "}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"model": "m" * 201}, "model"),
    ],
)
def test_what_is_no_price_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(PriceRefused) as refused:
        set_price(**{"model": "m", "input_price": 1, "output_price": 1, **wrong})
    assert [error.field for error in refused.value.errors] == [field]
    assert not ModelPrice.objects.exists()


@pytest.mark.django_db
def test_whoever_is_charged_does_not_set_the_price(api: Any) -> None:
    with acting_as(scope="write"), pytest.raises(AdminOnly):
        set_price(model="m", input_price=0, output_price=0)
    assert api.post(PRICES, {"model": "m", "input_price": 0, "output_price": 0}, format="json").status_code == 403


@pytest.mark.django_db
def test_the_settings_begin_the_table_and_a_person_has_the_last_word(settings: Any) -> None:
    settings.MODEL_PRICES = {"a": (1.0, 2.0), "b": (1.0, 2.0)}
    call_command("migrate", verbosity=0)
    assert take_settings() == 0
    assert ModelPrice.objects.listed().at(START, "a") == Price(Decimal(1), Decimal(2))
    set_price(model="b", input_price=5, output_price=5)
    settings.MODEL_PRICES = {"a": (3.0, 2.0), "b": (9.0, 9.0)}
    assert take_settings() == 1
    prices, now = ModelPrice.objects.listed(), timezone.now()
    assert [prices.at(now, "a"), prices.at(START, "a")] == [Price(Decimal(each), Decimal(2)) for each in (3, 1)]
    assert prices.at(now, "b") == Price(Decimal(5), Decimal(5))


@pytest.mark.django_db
def test_prices_are_the_same_by_rest_command_and_admin(
    admin_api: Any, reader: Any, admin_client: Client, run_command: Any
) -> None:
    body = {"model": "by-rest", "input_price": 3, "output_price": 15, "cache_read_price": 0.3}
    made = admin_api.post(PRICES, body, format="json")
    assert made.status_code == 201, made.content
    code, _, err = run_command("prices", "set", "by-command", "3", "15", "--cache-read-price", "0.3")
    assert code == 0, err
    form = {"model": "by-admin", "input_price": "3", "output_price": "15", "cache_read_price": "0.3"}
    page = admin_client.post("/admin/audit/modelprice/add/", {**form, "valid_from_0": "", "valid_from_1": ""})
    assert page.status_code == 302, re.findall("errorlist.*", page.content.decode())
    rows = reader.get(PRICES).json()["results"]
    assert {row["model"] for row in rows} == {"by-rest", "by-command", "by-admin"}
    assert len({(row["input_price"], row["output_price"], row["cache_read_price"]) for row in rows}) == 1
    assert {row["cache_write_price"] for row in rows} == {None}
    listed = run_command("prices", "list")[1]
    assert "$0.3" in listed
    assert "unknown" in listed
    assert len(json.loads(run_command("prices", "list", "--json")[1])) == 3
    assert "$15" in admin_client.get("/admin/audit/modelprice/").content.decode()
    for row in rows:
        assert reader.get(f"{PRICES}/{row['uid']}").json() == row
    assert admin_api.delete(f"{PRICES}/{rows[0]['uid']}").status_code == 204
    assert run_command("prices", "remove", rows[1]["uid"])[0] == 0
    assert run_command("prices", "remove", rows[1]["uid"])[0] == 2
    assert [row["model"] for row in reader.get(PRICES, {"model": rows[2]["model"]}).json()["results"]] == ["by-rest"]

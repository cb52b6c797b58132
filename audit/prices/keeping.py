"""Prices in the database: setting and removing one, and taking those of the settings."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import ModelPrice
from audit.models.prices import LONGEST_MODEL
from audit.permissions import store
from config.errors import DomainError, FieldError, NotFound
from config.home import PROGRAM
from config.identifiers import row_of
from config.jobs.sending import send

ENTITY = "price"
HIGHEST = 10_000
"""Dollars per million tokens, beyond what any vendor asks."""
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
"""From when a price counts that the settings name first: before anything there is to be charged."""
NUMBER_RULE = f"Must be dollars per million tokens, from 0 to {HIGHEST:,}, to the micro-dollar."


class PriceRefused(DomainError):
    """The price cannot be kept as it is."""

    code = "invalid-price"


class PriceNotFound(NotFound):
    code = "price-not-found"


@transaction.atomic
def set_price(
    *,
    model: str,
    input_price: float,
    output_price: float,
    cache_read_price: float | None = None,
    cache_write_price: float | None = None,
    cache_write_hour_price: float | None = None,
    valid_from: datetime | None = None,
) -> ModelPrice:
    """Say what a model costs from a time on, by default from now; it replaces one that is valid from that very time.

    What was used since is charged anew by a job. Raises PriceRefused, AdminOnly.
    """
    store.require_admin()
    said = (input_price, output_price, cache_read_price, cache_write_price, cache_write_hour_price)
    prices = dict(zip(ModelPrice.PRICES, said, strict=True))
    _check(model, prices)
    return _keep(model, valid_from or timezone.now(), {name: _exact(value) for name, value in prices.items()})


@transaction.atomic
def remove_price(*, uid: str) -> None:
    """Let the price before it be valid again; what was used since is charged anew. Raises PriceNotFound, AdminOnly."""
    store.require_admin()
    missing = PriceNotFound(f"There is no price {uid[:64]}. `{PROGRAM} prices list` shows those there are.")
    row = row_of(ModelPrice.objects.select_for_update(), uid, missing)
    before = state(row)
    row.delete()
    _tell("price.removed", row, before, None)


@transaction.atomic
def take_settings() -> int:
    """Take what MODEL_PRICES says and the table does not; returns how many prices that were.

    A model's first price counts for all time; a setting that was changed counts from now on. A price that a person set
    after it is left alone.
    """
    taken = 0
    for model, (into, out) in settings.MODEL_PRICES.items():
        wanted = {**dict.fromkeys(ModelPrice.PRICES), "input_price": _exact(into), "output_price": _exact(out)}
        newest = ModelPrice.objects.filter(model=model).order_by("-valid_from").first()
        if newest and (
            not newest.is_of_settings or newest.price[:2] == (wanted["input_price"], wanted["output_price"])
        ):
            continue
        _keep(model, timezone.now() if newest else ALWAYS, wanted, is_of_settings=True)
        taken += 1
    return taken


def state(row: ModelPrice) -> dict[str, Any]:
    """What the trail keeps of a price."""
    prices = {name: None if (value := getattr(row, name)) is None else float(value) for name in ModelPrice.PRICES}
    return {"model": row.model, "valid_from": row.valid_from.isoformat(), **prices}


def _keep(model: str, valid_from: datetime, prices: dict[str, Any], *, is_of_settings: bool = False) -> ModelPrice:
    row = ModelPrice.objects.select_for_update().filter(model=model, valid_from=valid_from).first()
    before = state(row) if row else None
    row = row or ModelPrice(model=model, valid_from=valid_from)
    for name, value in {**prices, "is_of_settings": is_of_settings}.items():
        setattr(row, name, value)
    if state(row) != before:
        row.save()
        _tell("price.set", row, before, state(row))
    return row


def _exact(dollars: float | None) -> Decimal | None:
    return None if dollars is None else Decimal(str(dollars)).quantize(Decimal("0.000001"))


def _check(model: str, prices: dict[str, float | None]) -> None:
    wrong = [
        FieldError(field=name, code="invalid", detail=NUMBER_RULE)
        for name, value in prices.items()
        if value is not None and not (math.isfinite(value) and 0 <= value <= HIGHEST)
    ]
    if not model.strip() or not model.isprintable() or len(model) > LONGEST_MODEL:
        detail = f"Must be a model's name of 1 to {LONGEST_MODEL} characters."
        wrong.insert(0, FieldError(field="model", code="invalid", detail=detail))
    if wrong:
        raise PriceRefused(" ".join(f"{each.field}: {each.detail}" for each in wrong), errors=wrong)


def _tell(event_type: str, row: ModelPrice, before: dict[str, Any] | None, now: dict[str, Any] | None) -> None:
    trail.record(event_type=event_type, entity_type=ENTITY, entity_id=row.model, old_value=before, new_value=now)
    send("audit.charge_anew", row.valid_from.isoformat())

"""What tokens cost, as computing: no ORM, request or settings."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Tokens(NamedTuple):
    """Tokens of one or more responses by what is charged apart; none is counted twice."""

    input: int = 0
    """Read anew: without those of a cache."""
    output: int = 0
    """With those it thought in."""
    cache_read: int = 0
    cache_write: int = 0
    """Kept for five minutes, or as long as the vendor's cache keeps by itself."""
    cache_write_hour: int = 0
    """Kept for an hour."""


class Price(NamedTuple):
    """Dollars per million tokens, which is micro-dollars a token, of each kind; None where it is not known."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_hour: Decimal | None = None


def cost_micros(tokens: Tokens, price: Price | None) -> int | None:
    """Micro-dollars, a begun one counted; None without a price for each kind of token there is."""
    if price is None:
        return None
    charged = [(count, each) for count, each in zip(tokens, price, strict=True) if count]
    if any(each is None for _, each in charged):
        return None
    return math.ceil(sum((count * each for count, each in charged if each is not None), Decimal(0)))


class PriceList:
    """The prices there are, each with the time it is valid from."""

    def __init__(self, dated: Iterable[tuple[str, datetime, Price]] = ()) -> None:
        self._dated: defaultdict[str, list[tuple[datetime, Price]]] = defaultdict(list)
        for model, valid_from, price in sorted(dated, key=lambda each: each[1]):
            self._dated[model].append((valid_from, price))

    def at(self, when: datetime, *models: str) -> Price | None:
        """The price at a time of the first of these names that has one; None where none has."""
        for model in models:
            for name in spellings(model):
                valid = [price for valid_from, price in self._dated.get(name, ()) if valid_from <= when]
                if valid:
                    return valid[-1]
        return None


_DAY = re.compile(r"[-@](20\d{2}-?\d{2}-?\d{2})\Z")


def spellings(model: str) -> Iterator[str]:
    """A model's name, then without who serves it, then without the day of its release."""
    names = [model]
    while "/" in names[-1]:
        names.append(names[-1].partition("/")[2])
    yield from names
    yield from (_DAY.sub("", name) for name in names if _DAY.search(name))

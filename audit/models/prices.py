"""What models cost, from a time on."""

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from audit.cost import Price, PriceList
from config.identifiers import uuid7

LONGEST_MODEL = 200


def _price(help_text: str, *, may_be_unknown: bool = False) -> Any:
    return models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=may_be_unknown,
        blank=may_be_unknown,
        validators=[MinValueValidator(0)],
        help_text=help_text,
    )


class PriceQuerySet(models.QuerySet["ModelPrice"]):
    def listed(self) -> PriceList:
        """All there are, to look prices up in."""
        return PriceList((row.model, row.valid_from, row.price) for row in self.all())


class ModelPrice(models.Model):
    """Dollars per million tokens of a model, until the next price of the same model."""

    uid = models.UUIDField(unique=True, default=uuid7, editable=False)
    model = models.CharField(max_length=LONGEST_MODEL, help_text="As the vendor names it; the day may be left out.")
    valid_from = models.DateTimeField(blank=True, default=timezone.now, help_text="From when this is the price.")
    input_price = _price("Of what it reads, without a cache.")
    output_price = _price("Of what it writes and thinks.")
    cache_read_price = _price("Of what it reads from a cache.", may_be_unknown=True)
    cache_write_price = _price("Of what it puts into a cache.", may_be_unknown=True)
    cache_write_hour_price = _price("Of what it puts into a cache for an hour.", may_be_unknown=True)
    is_of_settings = models.BooleanField(default=False, editable=False, help_text="Whether MODEL_PRICES said so.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceQuerySet.as_manager()

    PRICES = tuple(f"{kind}_price" for kind in Price._fields)

    class Meta:
        verbose_name = "price"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["model", "valid_from"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.model} from {self.valid_from:%Y-%m-%d %H:%M} UTC"

    @property
    def price(self) -> Price:
        return Price(*(getattr(self, name) for name in self.PRICES))

    @property
    def told(self) -> list[str]:
        """Each price as a person reads it."""
        return ["unknown" if each is None else f"${each.normalize():f}" for each in self.price]

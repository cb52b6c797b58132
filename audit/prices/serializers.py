"""The shape of prices in JSON."""

from rest_framework import serializers

from audit.models import ModelPrice
from audit.models.prices import LONGEST_MODEL
from audit.prices.keeping import HIGHEST
from config.rest.times import TimeField
from config.rest.views import StrictModelSerializer


def _price(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=HIGHEST, help_text=f"Dollars per million tokens {help_text}.")


def _price_if_known(help_text: str) -> serializers.FloatField:
    return serializers.FloatField(
        min_value=0,
        max_value=HIGHEST,
        default=None,
        allow_null=True,
        help_text=f"The same {help_text}; null where it is not known.",
    )


class PriceSerializer(StrictModelSerializer):
    """What a model costs from a time on, until its next price."""

    model = serializers.CharField(
        max_length=LONGEST_MODEL,
        help_text="As the vendor names it; found also behind `provider/` and before the day of a release.",
    )
    input_price = _price("it reads, without a cache")
    output_price = _price("it writes and thinks")
    cache_read_price = _price_if_known("it reads from a cache")
    cache_write_price = _price_if_known("it puts into a cache")
    cache_write_hour_price = _price_if_known("it puts into a cache for an hour")
    valid_from = TimeField(default=None, allow_null=True, help_text="From when; null for now.")

    class Meta:
        model = ModelPrice
        fields = [
            *("uid", "model", "input_price", "output_price"),
            *("cache_read_price", "cache_write_price", "cache_write_hour_price"),
            *("valid_from", "created_at"),
        ]
        read_only_fields = ["uid", "created_at"]
        validators: list[object] = []

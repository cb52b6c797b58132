"""What models cost, from a day on."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from audit.models import ModelPrice
from audit.prices import keeping
from config.admin import ToolAdmin


class Dollars(forms.FloatField):
    """Exactly what was typed."""

    def clean(self, value: Any) -> Decimal | None:
        found = super().clean(value)
        return None if found is None else Decimal(str(found))


class PriceForm(forms.ModelForm):
    input_price = Dollars(min_value=0, label="Input", help_text="Dollars per million tokens it reads.")
    output_price = Dollars(min_value=0, label="Output", help_text="The same for what it writes and thinks.")
    cache_read_price = Dollars(
        min_value=0, required=False, label="From a cache", help_text="Empty where it is not known: so is the cost then."
    )
    cache_write_price = Dollars(min_value=0, required=False, label="Into a cache")
    cache_write_hour_price = Dollars(min_value=0, required=False, label="Into a cache for an hour")

    class Meta:
        model = ModelPrice
        fields = ("model", *ModelPrice.PRICES, "valid_from")


@admin.register(ModelPrice)
class ModelPriceAdmin(ToolAdmin):
    about = "What models cost, in dollars per million tokens, from a time on. Sessions and prompts are charged by it."
    empty_text = "No model has a price, so what sessions and runs cost is unknown."
    empty_command = "prices set claude-sonnet-4-5 3 15 --cache-read-price 0.3 --cache-write-price 3.75"
    trail_of = ("price", "model")
    list_display = ("model", "valid_from", "into", "out", "from_cache", "into_cache", "for_an_hour")
    search_fields = ("model",)
    ordering = ("model", "-valid_from")
    actions = ()
    form = PriceForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Input", ordering="input_price")
    def into(self, row: ModelPrice) -> str:
        return row.told[0]

    @admin.display(description="Output", ordering="output_price")
    def out(self, row: ModelPrice) -> str:
        return row.told[1]

    @admin.display(description="From a cache")
    def from_cache(self, row: ModelPrice) -> str:
        return row.told[2]

    @admin.display(description="Into a cache")
    def into_cache(self, row: ModelPrice) -> str:
        return row.told[3]

    @admin.display(description="For an hour")
    def for_an_hour(self, row: ModelPrice) -> str:
        return row.told[4]

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: forms.ModelForm, change: bool) -> None:
        saved = keeping.set_price(**{name: form.cleaned_data[name] for name in PriceForm.Meta.fields})
        obj.pk, obj.uid, obj.valid_from = saved.pk, saved.uid, saved.valid_from

    def delete_model(self, request: HttpRequest, obj: ModelPrice) -> None:
        keeping.remove_price(uid=str(obj.uid))

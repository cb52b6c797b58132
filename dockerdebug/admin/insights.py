"""What was learnt about environments."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.moves import move
from dockerdebug import fields, insights
from dockerdebug.models import Insight
from dockerdebug.shown import CONFIDENCE_TONES


class InsightForm(forms.ModelForm):
    class Meta:
        model = Insight
        fields = ["text", "about", "category", "confidence", "priority", "finding_key"]
        help_texts = {
            "text": "What the next one to work there should know. Secrets in it are taken out.",
            "about": "Name of a container, host, service or client; blank is about none in particular.",
            "finding_key": "The finding it belongs to, such as module_not_found; it is shown beside that.",
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    priority = forms.IntegerField(
        min_value=fields.LEAST_PRIORITY,
        max_value=fields.MOST_PRIORITY,
        initial=fields.USUAL_PRIORITY,
        help_text=f"{fields.LEAST_PRIORITY} to {fields.MOST_PRIORITY}, the most important.",
    )


@admin.register(Insight)
class InsightAdmin(ToolAdmin):
    about = "What was learnt about an environment, shown with the next diagnosis it fits."
    empty_text = "Nothing has been learnt yet: keep an insight from a finding, or add one."
    empty_command = 'insights add network "no IPv6 there" --about shop-api'
    form = InsightForm
    list_display = ["__str__", "about", "sureness", "priority", "category", "finding_key", "updated_at"]
    list_filter = ["confidence", "category", "about", "finding_key", ("created_at", MonthFilter)]
    search_fields = ["text", "about", "finding_key"]
    ordering = ["-priority", "-id"]
    moves = ["confirm"]
    trail_of = ("insight", "id")

    @move(when=lambda insight: insight.confidence != Insight.Confidence.CONFIRMED, bulk=True)
    def confirm(self, request: HttpRequest, obj: Insight) -> str:
        insights.change_insight(insight_id=obj.pk, confidence=Insight.Confidence.CONFIRMED)
        return "It is confirmed now: it stands before those that are not."

    @admin.display(description="Confidence", ordering="confidence")
    def sureness(self, insight: Insight) -> SafeString:
        return kit.badge(insight.confidence, CONFIDENCE_TONES[insight.confidence])

    def save_model(self, request: HttpRequest, obj: Insight, form: Any, change: bool) -> None:
        if change:
            insights.change_insight(insight_id=obj.pk, **form.cleaned_data)
        else:
            obj.pk = insights.add_insight(**form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: Insight) -> None:
        insights.remove_insight(insight_id=obj.pk)

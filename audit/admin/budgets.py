"""What sessions of agents may take."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.budgets import keeping
from audit.models import Budget
from config.admin import ToolAdmin
from config.commandline import amounts
from config.pages import kit
from config.pages.kit.marks import NOTHING


class BudgetForm(forms.ModelForm):
    most_cost_micros = forms.IntegerField(
        min_value=0, max_value=keeping.MOST, required=False, label="Most money", help_text="In micro-dollars."
    )
    most_tokens = forms.IntegerField(
        min_value=0, max_value=keeping.MOST, required=False, help_text="Read, written and cached."
    )

    class Meta:
        model = Budget
        fields = ("period", "agent", "project", "person", "most_cost_micros", "most_tokens", "denies")


@admin.register(Budget)
class BudgetAdmin(ToolAdmin):
    about = "The most that sessions of agents may take in a day, or each: passing it is told, or denies further calls."
    empty_text = "Sessions may take what they like. With a budget an alert says when they take more."
    empty_command = "budgets set day --most-cost-micros 50000000"
    trail_of = ("budget", "uid")
    list_display = ("budget", "period", "for_agent", "in_project", "of_person", "taken", "then")
    list_filter = ("period", "denies")
    search_fields = ("agent", "project", "person")
    actions = ()
    form = BudgetForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Budget")
    def budget(self, row: Budget) -> str:
        most = [] if row.most_cost_micros is None else [amounts.dollars(row.most_cost_micros)]
        return " or ".join([*most, *([] if row.most_tokens is None else [f"{row.most_tokens:,} tokens"])])

    @admin.display(description="Agent", ordering="agent")
    def for_agent(self, row: Budget) -> str:
        return row.agent or "every agent"

    @admin.display(description="Project", ordering="project")
    def in_project(self, row: Budget) -> str:
        return row.project or "every project"

    @admin.display(description="Person", ordering="person")
    def of_person(self, row: Budget) -> str:
        return row.person or "everybody"

    @admin.display(description="Taken today")
    def taken(self, row: Budget) -> str | SafeString:
        spent = keeping.spent_now(row)
        return NOTHING if spent is None else f"{amounts.dollars(spent.cost_micros)}, {spent.tokens:,} tokens"

    @admin.display(description="When it is passed", ordering="denies")
    def then(self, row: Budget) -> SafeString:
        return kit.badge("calls are denied", "bad") if row.denies else kit.badge("told", "info")

    def save_model(self, request: HttpRequest, obj: Budget, form: forms.ModelForm, change: bool) -> None:
        saved = keeping.set_budget(**{name: getattr(obj, name) for name in BudgetForm.Meta.fields})
        obj.pk, obj.uid = saved.pk, saved.uid

    def delete_model(self, request: HttpRequest, obj: Budget) -> None:
        keeping.remove_budget(uid=str(obj.uid))

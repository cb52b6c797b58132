"""Who is on call when, and who stands in."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.kit.tables import table
from escalation.admin.oncall import FIRST_PERSON
from escalation.admin.rows import RowsField
from escalation.calling.hours import DAYS
from escalation.calling.rotations import MOST_DAYS, USUAL_AT, USUAL_DAYS
from escalation.models import Override, Schedule
from escalation.oncall import duty, schedules

CLOCK = {"placeholder": "09:00", "size": 6}


class RotationForm(forms.Form):
    """Who take turns."""

    title = "Rotation"
    people = forms.CharField(required=False, help_text="Names in their order, separated by commas.")
    starts_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    days = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_DAYS, initial=USUAL_DAYS, label="A turn has days"
    )
    at = forms.CharField(
        required=False, max_length=5, initial=USUAL_AT, label="Handed over at", widget=forms.TextInput(attrs=CLOCK)
    )
    from_clock = forms.CharField(required=False, max_length=5, label="Only from", widget=forms.TextInput(attrs=CLOCK))
    until_clock = forms.CharField(required=False, max_length=5, label="Only until", widget=forms.TextInput(attrs=CLOCK))
    on_days = forms.MultipleChoiceField(
        required=False, choices=[(day, day) for day in DAYS], label="Only on", help_text="None: on every day."
    )

    def clean(self) -> dict[str, Any]:
        if self.has_changed() and not (self.cleaned_data.get("people") and self.cleaned_data.get("starts_on")):
            self.add_error("people", "Say who take turns, and from which day on.")
        return self.cleaned_data

    def item(self) -> dict[str, Any]:
        said = self.cleaned_data
        people = [name for part in said["people"].split(",") if (name := part.strip())]
        item = {"people": people, "starts_on": said["starts_on"].isoformat()}
        item |= {"at": said["at"] or USUAL_AT, "days": said["days"] or USUAL_DAYS}
        if said["from_clock"] or said["until_clock"] or said["on_days"]:
            item["hours"] = {"from": said["from_clock"] or "00:00", "until": said["until_clock"] or "00:00"}
            item["hours"] |= {"days": said["on_days"]} if said["on_days"] else {}
        return item

    @staticmethod
    def fill(item: Mapping[str, Any]) -> dict[str, Any]:
        hours = item.get("hours") or {}
        return {
            "people": ", ".join(item["people"]),
            "starts_on": item["starts_on"],
            "days": item.get("days", USUAL_DAYS),
            "at": item.get("at", USUAL_AT),
            "from_clock": hours.get("from", ""),
            "until_clock": hours.get("until", ""),
            "on_days": hours.get("days", []),
        }


class ScheduleForm(forms.ModelForm):
    """Who take turns, by whose clocks."""

    rotations = RowsField(
        RotationForm,
        spare=1,
        help_text="A later one goes before an earlier one, in the hours in which it has somebody.",
    )

    class Meta:
        model = Schedule
        fields = ["name", "timezone", "rotations"]


@admin.register(Schedule)
class ScheduleAdmin(ToolAdmin):
    about = "Who of several people is on call, by turns; policies call whoever it is at that moment."
    empty_text = "Nobody takes turns yet. Name those who do in their order; each has a week:"
    empty_command = (
        f"{FIRST_PERSON}\nschedules add primary --rotation "
        '\'{"people": ["admin"], "starts_on": "2026-11-30"}\' --timezone Europe/Berlin'
    )
    trail_of = ("schedule", "name")
    form = ScheduleForm
    list_display = ["name", "on_call_now", "timezone"]
    search_fields = ["name"]

    class Media:
        css: ClassVar = {"all": ["escalation/pages.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        asked = (None, {"fields": ["name", "timezone", "rotations"]})
        if obj is None:
            return [asked]
        return [asked, ("The next two weeks", {"fields": ["shifts"], "classes": ["wide"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> Any:
        return ["shifts", *(["name"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Schedule, form: ScheduleForm, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ("timezone", "rotations")}
        if change:
            schedules.change_schedule(name=obj.name, **said)
        else:
            obj.pk = schedules.add_schedule(name=form.cleaned_data["name"], **said).pk

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        schedules.remove_schedule(name=obj.name)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Whoever stands in goes with it."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @admin.display(description="on call now")
    def on_call_now(self, schedule: Schedule) -> str:
        return duty.find_on_call(name=schedule.name).person or "nobody"

    @admin.display(description="shifts")
    def shifts(self, schedule: Schedule) -> SafeString:
        rows = [
            (kit.moment(shift.starts_at, exact=True), kit.moment(shift.ends_at, exact=True), shift.person or "nobody")
            for shift in duty.list_shifts(name=schedule.name)
        ]
        return table(["From", "Until", "On call"], rows)


class OverrideForm(forms.ModelForm):
    """Who stands in, and until when."""

    class Meta:
        model = Override
        fields = ["schedule", "person", "starts_at", "ends_at"]


@admin.register(Override)
class OverrideAdmin(ToolAdmin):
    about = "Somebody who stands in, whoever's turn it is; the newest of several counts."
    empty_text = "Nobody stands in for anybody. Who is on call by whose turn it is:"
    empty_command = "schedules on-call"
    form = OverrideForm
    list_display = ["person", "schedule", "starts_at", "ends_at"]
    list_filter = ["schedule"]
    list_select_related = ["schedule", "person__user"]
    search_fields = ["schedule__name", "person__user__username"]

    def has_change_permission(self, request: HttpRequest, obj: Override | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Override]":
        rows: QuerySet[Override] = super().get_queryset(request)
        return rows.select_related("schedule", "person__user")

    def save_model(self, request: HttpRequest, obj: Override, form: OverrideForm, change: bool) -> None:
        said = form.cleaned_data
        times = {"starts_at": said["starts_at"], "ends_at": said["ends_at"]}
        obj.pk = schedules.add_override(name=said["schedule"].name, person=said["person"].name, **times).pk

    def delete_model(self, request: HttpRequest, obj: Override) -> None:
        schedules.remove_override(name=obj.schedule.name, override_id=obj.pk)

"""Maintenance: when nobody is called."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.moves import move
from escalation.maintenance import maintenance
from escalation.models import Channel, Maintenance, Project

_HOURS = '{"from": "02:00", "until": "04:00", "timezone": "Europe/Berlin", "days": ["sun"]}'


class MaintenanceForm(forms.ModelForm):
    """When, why, for what, and who is told."""

    hours = forms.JSONField(
        required=False,
        label="Every week",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=f"In which hours it is on, as JSON, such as {_HOURS}; empty: all the time.",
    )
    project_slugs = forms.ModelMultipleChoiceField(
        Project.objects.all(), to_field_name="slug", required=False, label="Projects", help_text="None: for all."
    )
    channel_names = forms.ModelMultipleChoiceField(
        Channel.objects.all(),
        to_field_name="name",
        required=False,
        label="Channels",
        help_text="Are told when it begins, and when it ends.",
    )

    class Meta:
        model = Maintenance
        fields = ["name", "reason", "starts_at", "ends_at", "hours", "project_slugs", "channel_names"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "channel_names" in self.fields:
            self.fields["channel_names"].initial = self.instance.channels
            self.fields["project_slugs"].initial = list(self.instance.projects.all())


@admin.register(Maintenance)
class MaintenanceAdmin(ToolAdmin):
    about = "Times in which bugs are counted and call nobody: planned once, or every week."
    empty_text = "Nothing is planned. From now until a time:"
    empty_command = "maintenance add move --reason 'new disks' --ends-at 2027-01-02T09:00"
    trail_of = ("maintenance", "name")
    form = MaintenanceForm
    list_display = ["name", "standing", "reason", "starts_at", "ends_at", "due_at"]
    search_fields = ["name", "reason"]
    moves: ClassVar = ["end_now"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Maintenance]":
        rows: QuerySet[Maintenance] = super().get_queryset(request)
        return rows.prefetch_related("projects")

    def get_readonly_fields(self, request: HttpRequest, obj: Maintenance | None = None) -> Any:
        return ["name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Maintenance, form: MaintenanceForm, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in ("reason", "starts_at", "ends_at", "hours")}
        said["projects"] = [project.slug for project in form.cleaned_data["project_slugs"]]
        said["channels"] = [channel.name for channel in form.cleaned_data["channel_names"]]
        if change:
            maintenance.change_maintenance(name=obj.name, **said)
        else:
            obj.pk = maintenance.add_maintenance(name=form.cleaned_data["name"], **said).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The operation has set the projects."""

    def delete_model(self, request: HttpRequest, obj: Maintenance) -> None:
        maintenance.remove_maintenance(name=obj.name)

    @move(label="End it now", when=lambda found: found.began_at is not None)
    def end_now(self, request: HttpRequest, found: Maintenance) -> str:
        maintenance.end_maintenance(name=found.name)
        return "It is over; whoever waited is called within seconds."

    @admin.display(description="standing")
    def standing(self, found: Maintenance) -> SafeString:
        if found.began_at is not None:
            return kit.badge("on", "wait")
        return kit.badge("planned", "info") if found.due_at is not None else kit.badge("over", "quiet")

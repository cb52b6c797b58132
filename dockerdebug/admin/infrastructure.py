"""Containers, hosts, services and clients, with their tags and what is known of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ToolAdmin
from config.errors import DomainError
from config.pages import kit
from config.pages.moves import move
from dockerdebug import infrastructure, shown
from dockerdebug.diagnoses import request_diagnosis
from dockerdebug.models import Diagnosis, Infrastructure, Insight, Tag

_RECENT = 10


class InfrastructureForm(forms.ModelForm):
    tag_names = forms.CharField(label="Tags", required=False, help_text="Separated by commas: production, python.")

    class Meta:
        model = Infrastructure
        fields = ["name", "kind", "description"]
        help_texts = {"name": "Of a container: as the engine calls it, so that its diagnoses are found."}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:  # noqa: SLF001 - the documented way to tell a new row
            self.fields["tag_names"].initial = ", ".join(self.instance.tag_names)

    def clean_tag_names(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["tag_names"].split(",") if name.strip()]
        try:
            return infrastructure.require_tags(names)
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error


@admin.register(Infrastructure)
class InfrastructureAdmin(ToolAdmin):
    about = "The containers, hosts, services and clients that diagnoses and insights are about."
    empty_text = "Nothing is listed yet. What is named here carries tags and shows its diagnoses."
    empty_command = "infrastructure add shop-api --kind container --tag production"
    form = InfrastructureForm
    list_display = ["name", "last_diagnosis", "kind", "tag_list", "description", "updated_at"]
    list_filter = ["kind", "tags"]
    search_fields = ["name", "description", "tags__name"]
    moves = ["diagnose"]
    trail_of = ("infrastructure", "id")
    readonly_fields = ["diagnosis_list", "insight_list"]

    class Media:
        css = {"all": ["dockerdebug/diagnosis.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        latest = Diagnosis.objects.filter(container=OuterRef("name")).order_by("-id")
        last = {f"last_{name}": Subquery(latest.values(name)[:1]) for name in ("id", "worst", "status")}
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related("tags").annotate(**last)
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Infrastructure | None = None) -> Any:
        asked = [(None, {"fields": ["name", "kind", "description", "tag_names"]})]
        if obj is None:
            return asked
        known = {"Diagnoses": "diagnosis_list", "What is known": "insight_list"}
        return [*asked, *((title, {"fields": [name], "classes": ["wide"]}) for title, name in known.items())]

    @admin.display(description="Last diagnosis")
    def last_diagnosis(self, found: Any) -> SafeString | str:
        if found.last_id is None:
            return "-"
        url = reverse("admin:dockerdebug_diagnosis_change", args=[found.last_id])
        return format_html('<a href="{}">{}</a>', url, shown.outcome(found.last_status, found.last_worst))

    @admin.display(description="Tags")
    def tag_list(self, found: Infrastructure) -> SafeString:
        return format_html_join(" ", "{}", ((kit.badge(name, "quiet"),) for name in found.tag_names))

    @admin.display(description="Of this name, newest first")
    def diagnosis_list(self, found: Infrastructure) -> SafeString:
        return shown.diagnoses(list(Diagnosis.objects.filter(container=found.name).defer("checks")[:_RECENT]))

    @admin.display(description="Insights")
    def insight_list(self, found: Infrastructure) -> SafeString:
        return shown.insights(list(Insight.objects.filter(about__iexact=found.name).best_first()[:_RECENT]))

    @move(
        permissions=["diagnose"],
        when=lambda found: found.kind == Infrastructure.Kind.CONTAINER,
        weight="first",
        bulk=True,
    )
    def diagnose(self, request: HttpRequest, obj: Infrastructure) -> HttpResponse:
        diagnosis = request_diagnosis(container=obj.name)
        return HttpResponseRedirect(reverse("admin:dockerdebug_diagnosis_change", args=[diagnosis.pk]))

    def has_diagnose_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("dockerdebug.add_diagnosis"))

    def save_model(self, request: HttpRequest, obj: Infrastructure, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in InfrastructureForm.Meta.fields}
        tags = form.cleaned_data["tag_names"]
        if change:
            infrastructure.change_infrastructure(infrastructure_id=obj.pk, tags=tags, **given)
        else:
            obj.pk = infrastructure.add_infrastructure(tags=tags, **given).pk

    def delete_model(self, request: HttpRequest, obj: Infrastructure) -> None:
        infrastructure.remove_infrastructure(infrastructure_id=obj.pk)


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    about = "The words put on infrastructure; removing one takes it off everything."
    empty_text = "No tag is in use. Write one into the tags of a piece of infrastructure."
    empty_command = "infrastructure add build-host --kind host --tag ci"
    list_display = ["name", "worn_by"]
    search_fields = ["name"]
    trail_of = ("infrastructure_tag", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(worn=Count("tagged"))
        return rows

    @admin.display(description="On", ordering="worn")
    def worn_by(self, tag: Any) -> SafeString:
        address = reverse("admin:dockerdebug_infrastructure_changelist")
        return format_html('<a href="{}?tags__id__exact={}">{}</a>', address, tag.pk, tag.worn)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("dockerdebug.delete_tag"))

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        infrastructure.remove_tag(name=obj.name)

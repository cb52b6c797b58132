"""What is set beside the rules: how much is answered, and what does not hold for whom."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.models import PermissionException, PermissionOnce, PermissionPosture
from audit.permissions import once
from audit.permissions.latitude import choosing, excepting
from config.admin import ToolAdmin
from config.pages import kit
from config.pages.kit.marks import Tone

_TONES: dict[str, Tone] = {"strict": "wait", "balanced": "good", "open": "info"}


class PostureForm(forms.ModelForm):
    class Meta:
        model = PermissionPosture
        fields = ("posture", "agent", "project")


class ExceptionForm(forms.ModelForm):
    class Meta:
        model = PermissionException
        fields = ("rule_id", "agent", "project", "until", "reason")


class AllowanceForm(forms.ModelForm):
    hours = forms.IntegerField(
        min_value=1, max_value=once.MAX_HOURS, initial=once.USUAL_HOURS, help_text="How long it counts."
    )

    class Meta:
        model = PermissionOnce
        fields = ("code",)


class _Set(ToolAdmin):
    """Added and removed; what is there is not changed but set anew."""

    actions = ()
    search_fields: ClassVar[tuple[str, ...]] = ("agent", "project")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Agent", ordering="agent")
    def for_whom(self, row: Any) -> str:
        return row.agent or "every agent"

    @admin.display(description="Project", ordering="project")
    def in_project(self, row: Any) -> str:
        return row.project or "every project"


@admin.register(PermissionPosture)
class PermissionPostureAdmin(_Set):
    about = "How much agents are answered: what becomes of a call that no rule speaks of."
    empty_text = "Everybody is strict, and only rules of your own decide. With a posture for everybody the packs do."
    empty_command = "rules posture balanced"
    trail_of = ("posture", "uid")
    list_display = ("chosen", "for_whom", "in_project", "updated_at")
    list_filter = ("posture", "agent")
    form = PostureForm

    @admin.display(description="Posture", ordering="posture")
    def chosen(self, row: PermissionPosture) -> SafeString:
        return kit.badge(row.posture, _TONES[row.posture])

    def save_model(self, request: HttpRequest, obj: PermissionPosture, form: forms.ModelForm, change: bool) -> None:
        saved = choosing.choose_posture(posture=obj.posture, agent=obj.agent, project=obj.project)
        obj.pk, obj.uid = saved.pk, saved.uid

    def delete_model(self, request: HttpRequest, obj: PermissionPosture) -> None:
        choosing.forget_posture(uid=str(obj.uid))


@admin.register(PermissionException)
class PermissionExceptionAdmin(_Set):
    about = "Rules that do not hold for an agent, a project or everybody, for a while."
    empty_text = "Every rule holds for everybody. A refusal names its rule, by which it can be excepted."
    empty_command = "rules except git.reset --project /srv/shop"
    trail_of = ("exception", "uid")
    list_display = ("rule", "for_whom", "in_project", "ends", "reason")
    list_filter = ("agent",)
    search_fields = ("rule_id", "agent", "project", "reason")
    form = ExceptionForm

    @admin.display(description="Rule", ordering="rule_id")
    def rule(self, row: PermissionException) -> SafeString:
        return format_html("<code>{}</code>", row.rule_id)

    @admin.display(description="Until", ordering="until")
    def ends(self, row: PermissionException) -> SafeString:
        if row.until is None:
            return kit.badge("for ever", "wait")
        return kit.badge("over", "quiet") if row.is_over else kit.moment(row.until)

    def save_model(self, request: HttpRequest, obj: PermissionException, form: forms.ModelForm, change: bool) -> None:
        fields = {name: getattr(obj, name) for name in ExceptionForm.Meta.fields}
        saved = excepting.except_rule(**fields)
        obj.pk, obj.uid = saved.pk, saved.uid

    def delete_model(self, request: HttpRequest, obj: PermissionException) -> None:
        excepting.end_exception(uid=str(obj.uid))


@admin.register(PermissionOnce)
class PermissionOnceAdmin(_Set):
    about = "Calls that were refused, allowed once by a person: exactly as they were, where they were."
    empty_text = "Nothing is allowed beforehand. A refusal has a code, by which a person lets that very call run once."
    empty_command = "rules allowances"
    trail_of = ("allowance", "uid")
    list_display = ("call", "code", "in_project", "for_whom", "ends", "used")
    search_fields = ("code", "told", "project", "agent")
    form = AllowanceForm

    @admin.display(description="Call")
    def call(self, row: PermissionOnce) -> SafeString:
        return format_html("<code>{}</code>", row.told)

    @admin.display(description="Until", ordering="until")
    def ends(self, row: PermissionOnce) -> SafeString:
        return kit.moment(row.until)

    @admin.display(description="Used", ordering="used_at")
    def used(self, row: PermissionOnce) -> SafeString:
        return kit.moment(row.used_at) if row.used_at else kit.badge("not yet", "wait")

    def save_model(self, request: HttpRequest, obj: PermissionOnce, form: forms.ModelForm, change: bool) -> None:
        saved = once.allow_once(code=obj.code, hours=form.cleaned_data["hours"])
        obj.pk, obj.uid, obj.told = saved.pk, saved.uid, saved.told

    def delete_model(self, request: HttpRequest, obj: PermissionOnce) -> None:
        once.withdraw(uid=str(obj.uid))

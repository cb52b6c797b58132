"""What agents may do: the rules, tried before they hold."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from audit import telling
from audit.admin.trials import lately, outcome
from audit.models import PermissionRule
from audit.permissions import decisions, store
from audit.permissions.held import as_rule
from audit.permissions.rules import MAX_EXAMPLE, MAX_SPECIFIER
from config.admin import ToolAdmin
from config.pages import kit
from config.pages.lines import Lines
from config.pages.moves import move


def begun_from(*, tool: str, part: str, agent: str) -> str:
    """The form of a rule, filled from a call."""
    wanted = {"tool": tool or "Bash", "specifier": part[:MAX_SPECIFIER], "match": part[:MAX_EXAMPLE], "agent": agent}
    return f"{reverse('admin:audit_permissionrule_add')}?{urlencode(wanted)}"


EXAMPLES = "One a line: a command, a path, an address, as the tool takes it."


_BUTTON = mark_safe('<button type="submit" class="button" name="_try" value="1">Try it without saving</button>')


class RuleForm(forms.ModelForm):
    """A rule in plain text. "Try it" says what it would do and keeps nothing."""

    match = Lines(required=False, help_text=f"What the rule must fit. {EXAMPLES}")
    not_match = Lines(required=False, help_text=f"What it must not fit. {EXAMPLES}")
    example = forms.CharField(
        required=False,
        max_length=MAX_EXAMPLE,
        label="Try it on",
        help_text="Such as: git push --force origin main. Empty tries the rule on what was decided lately alone.",
    )

    class Meta:
        model = PermissionRule
        fields = ("decision", "tool", "specifier", "agent", "reason", "match", "not_match", "is_enabled")
        widgets: ClassVar = {"reason": forms.Textarea(attrs={"rows": 2})}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            fields = {name: cleaned[name] for name in RuleForm.Meta.fields}
            try:
                self._check(as_rule(PermissionRule(uid=self.instance.uid, **fields)))
            except store.RuleRefused as error:
                for wrong in error.errors:
                    self.add_error(wrong.field if wrong.field in self.fields else None, wrong.detail)
        return cleaned

    def _check(self, rule: Any) -> None:
        store.checked(rule)
        if self.is_trial:
            said = self.cleaned_data
            self.instance.trial = decisions.try_rule(
                rule=rule, is_enabled=said["is_enabled"], example=said["example"].strip()
            )

    @property
    def is_trial(self) -> bool:
        return "_try" in self.data

    def is_valid(self) -> bool:
        """What is only tried is never saved: the admin shows the page again, with what the trial found."""
        is_valid = super().is_valid()
        if self.is_trial and self.instance.pk:
            self.instance.refresh_from_db()  # the page is still that of the rule that holds
        return is_valid and not self.is_trial


@admin.register(PermissionRule)
class PermissionRuleAdmin(ToolAdmin):
    about = "What agents may do, must not do, or must let a person confirm. Deny comes before confirm before allow."
    empty_text = "There is no rule of your own. Where the packs do not decide either, a person confirms every command."
    empty_command = "rules defaults"
    trail_of = ("rule", "uid")

    form = RuleForm
    list_display = ("rule", "verdict", "for_whom", "reason", "is_on", "updated_at")
    list_filter = ("decision", "is_enabled", "agent", "source")
    search_fields = ("tool", "specifier", "reason", "agent")
    ordering = ("-decision", "tool", "specifier")  # what is denied, then what is confirmed, as the alphabet has it
    actions = ()
    moves = ("enable", "disable")
    list_moves = ("load_defaults",)
    fieldsets = (
        ("Rule", {"fields": ["decision", "tool", "specifier", "agent", "reason", "is_enabled"]}),
        ("Examples it is held to", {"fields": ["match", "not_match"]}),
        ("Try it before it holds", {"fields": ["example", "trial"]}),
    )
    readonly_fields = ("trial", "decided_lately")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What a rule decided is known only of one that is kept."""
        lately = [("What it decided lately", {"fields": ["decided_lately"]})] if obj else []
        return [*self.fieldsets, *lately]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A rule that is begun elsewhere, such as on the page of a decision."""
        given = super().get_changeform_initial_data(request)
        return {"decision": PermissionRule.Verdict.CONFIRM, "tool": "Bash", **given}

    @admin.display(description="Rule", ordering="tool")
    def rule(self, row: PermissionRule) -> SafeString:
        return format_html("<code>{}</code>", row.text)

    @admin.display(description="Decision", ordering="decision")
    def verdict(self, row: PermissionRule) -> SafeString:
        return kit.badge(row.decision, telling.OUTCOMES[row.decision][1])

    @admin.display(description="Agent", ordering="agent")
    def for_whom(self, row: PermissionRule) -> str:
        return row.agent or "every agent"

    @admin.display(description="On", ordering="is_enabled")
    def is_on(self, row: PermissionRule) -> SafeString:
        return kit.badge("on", "good") if row.is_enabled else kit.badge("off", "quiet")

    @admin.display(description="What it would do")
    def trial(self, row: PermissionRule) -> SafeString:
        found = getattr(row, "trial", None)
        return format_html("{}{}", _BUTTON, outcome(found)) if found else _BUTTON

    @admin.display(description="Of the last 1,000 decisions")
    def decided_lately(self, row: PermissionRule) -> SafeString:
        return lately(decisions.made_by(rule=as_rule(row)))

    def save_model(self, request: HttpRequest, obj: PermissionRule, form: forms.ModelForm, change: bool) -> None:
        fields = {name: getattr(obj, name) for name in RuleForm.Meta.fields}
        saved = store.change_rule(uid=str(obj.uid), **fields) if change else store.create_rule(**fields)
        obj.pk, obj.uid = saved.pk, saved.uid

    def delete_model(self, request: HttpRequest, obj: PermissionRule) -> None:
        store.delete_rule(uid=str(obj.uid))

    @move(label="Load the shipped rules", permissions=("add",))
    def load_defaults(self, request: HttpRequest) -> str:
        done = store.load_defaults()
        known = f"; {done.known} were there already" if done.known else ""
        return f"{len(done.created)} rules are loaded{known}."

    @move(label="Switch on", when=lambda rule: not rule.is_enabled, bulk=True, weight="first")
    def enable(self, request: HttpRequest, rule: PermissionRule) -> str:
        return f"{store.change_rule(uid=str(rule.uid), is_enabled=True)} holds from now on."

    @move(label="Switch off", when=lambda rule: rule.is_enabled, bulk=True)
    def disable(self, request: HttpRequest, rule: PermissionRule) -> str:
        return f"{store.change_rule(uid=str(rule.uid), is_enabled=False)} decides nothing until it is switched on."

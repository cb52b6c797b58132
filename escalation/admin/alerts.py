"""Alerts: the default set and people's own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.moves import move
from escalation.alerts import alerts
from escalation.alerts.matching import LONGEST_WINDOW, MOST_EVENTS
from escalation.models import Alert, Channel, Impact

_WHERE = '{"decision": "deny"}'


class AlertForm(forms.ModelForm):
    """Which events, after how many of them, do what."""

    where = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=f"What an event must say, by path, as JSON, such as {_WHERE}",
    )
    count = forms.IntegerField(min_value=1, max_value=MOST_EVENTS, initial=1, label="Events it takes")
    window_minutes = forms.IntegerField(min_value=1, max_value=LONGEST_WINDOW, initial=10, label="Within minutes")
    bug_impact = forms.ChoiceField(
        choices=[("", "it opens no bug"), *Impact.choices], required=False, label="Impact of the bug it opens"
    )
    channel_names = forms.ModelMultipleChoiceField(
        Channel.objects.all(), to_field_name="name", required=False, label="Channels", help_text="Get a message."
    )
    again_after_minutes = forms.IntegerField(min_value=1, max_value=LONGEST_WINDOW, initial=60)

    class Meta:
        model = Alert
        fields = [
            *("name", "event_type", "where", "per", "count", "window_minutes", "message", "bug_impact"),
            *("channel_names", "again_after_minutes", "is_active"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "again_after_minutes" in self.fields:
            help_text = getattr(Alert._meta.get_field("again_after_minutes"), "help_text", "")
            self.fields["again_after_minutes"].help_text = help_text
        if self.instance.pk and "channel_names" in self.fields:
            named = Channel.objects.filter(name__in=self.instance.channels)
            self.fields["channel_names"].initial = [channel.name for channel in named]


@admin.register(Alert)
class AlertAdmin(ToolAdmin):
    about = "Which events of the trail open a bug or send a message: failed backups, denied calls, and what you add."
    empty_text = "Those that ship are put in place when the database is migrated. One of your own:"
    empty_command = "alerts add no-backups --event-type backup.removed --message Gone --bug-impact low"
    trail_of = ("alert", "name")
    form = AlertForm
    list_display = ["name", "is_on", "event_type", "takes", "does", "last_fired_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "event_type"]
    moves = ["send_test"]

    def get_readonly_fields(self, request: HttpRequest, obj: Alert | None = None) -> Any:
        return ["name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Alert, form: AlertForm, change: bool) -> None:
        said = {name: value for name, value in form.cleaned_data.items() if name not in {"name", "channel_names"}}
        said["where"] = said["where"] or {}
        said["channels"] = [channel.name for channel in form.cleaned_data["channel_names"]]
        if change:
            alerts.change_alert(name=obj.name, **said)
        else:
            obj.pk = alerts.add_alert(name=form.cleaned_data["name"], **said).pk

    def delete_model(self, request: HttpRequest, obj: Alert) -> None:
        alerts.remove_alert(name=obj.name)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What it counted goes with it, which nobody may remove by itself."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @move(label="Send a test", weight="first")
    def send_test(self, request: HttpRequest, alert: Alert) -> str:
        tried = alerts.try_alert(name=alert.name)
        opened = f"{tried.bug.bug_id} is open; " if tried.bug else ""
        return f"{opened}{len(tried.deliveries)} messages are on their way."

    @admin.display(description="on", ordering="is_active")
    def is_on(self, alert: Alert) -> SafeString:
        return kit.badge("on", "good") if alert.is_active else kit.badge("off", "quiet")

    @admin.display(description="takes")
    def takes(self, alert: Alert) -> str:
        return "one" if alert.count == 1 else f"{alert.count} in {alert.window_minutes} min"

    @admin.display(description="does")
    def does(self, alert: Alert) -> str:
        bug = [f"a {alert.bug_impact} bug"] if alert.bug_impact else []
        return ", ".join([*bug, *alert.channels]) or "nothing yet"

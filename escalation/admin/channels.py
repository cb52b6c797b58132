"""Channels, and what was sent through them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ToolAdmin
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import Tone
from config.pages.moves import move
from escalation.channels.kinds import kind_of
from escalation.delivery import channels, deliveries
from escalation.models import Attempt, Channel, Delivery, DeliveryState, Kind

TONES: Mapping[str, Tone] = {
    DeliveryState.WAITING: "wait",
    DeliveryState.SENDING: "wait",
    DeliveryState.DELIVERED: "good",
    DeliveryState.DEAD: "bad",
    DeliveryState.WITHDRAWN: "quiet",
}
NEWEST = 20
FIRST_CHANNEL = 'channels add ops-mail email \'{"to": ["kim@example.org"]}\''


class ChannelForm(forms.ModelForm):
    """A channel; what of its details is secret is not among them when it is changed, and stays if it is left out."""

    details = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text='As JSON, such as {"to": ["kim@example.org"]}; a secret that is left out stays.',
    )

    class Meta:
        model = Channel
        fields = ["name", "kind", "details", "is_active"]
        help_texts = {"is_active": "Turning it on also forgets that it failed."}


@admin.register(Channel)
class ChannelAdmin(ToolAdmin):
    about = "A way to reach people or programs: e-mail, Slack, Teams, Discord, ntfy, PagerDuty, or any program."
    empty_text = "Nobody is called yet. Add a channel, send a test through it, and name it in a policy:"
    empty_command = FIRST_CHANNEL
    trail_of = ("channel", "name")
    form = ChannelForm
    list_display = ["name", "kind", "standing", "last_sent_at", "created_at"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name"]
    moves = ["send_test"]
    readonly_fields: ClassVar = ["secrets_set", "takes", "newest"]

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name", "kind", "details", "takes"]})]
        shown = ["name", "kind", "details", "secrets_set", "is_active", "takes"]
        return [(None, {"fields": shown}), ("Newest messages", {"fields": ["newest"], "classes": ["wide"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Channel | None = None) -> Any:
        return [*self.readonly_fields, *(["name", "kind"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool) -> None:
        said = form.cleaned_data
        if change:
            channels.change_channel(name=obj.name, details=said["details"], is_active=said["is_active"])
        else:
            obj.pk = channels.add_channel(name=said["name"], kind=said["kind"], details=said["details"]).pk

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        channels.remove_channel(name=obj.name)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Whoever may remove a channel removes the log of what it sent with it, which nobody may remove by itself."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @move(label="Send a test", weight="first")
    def send_test(self, request: HttpRequest, channel: Channel) -> str:
        channels.try_channel(name=channel.name)
        return "A test is on its way; it stands among the newest messages below."

    @admin.display(description="standing")
    def standing(self, channel: Channel) -> SafeString:
        if not channel.is_active:
            return format_html(
                "{} {}", kit.badge("off", "bad" if channel.off_because else "quiet"), channel.off_because
            )
        if channel.failing_since:
            return format_html("{} {}", kit.badge("failing", "bad"), kit.moment(channel.failing_since))
        return kit.badge("on", "good")

    @admin.display(description="secrets")
    def secrets_set(self, channel: Channel) -> SafeString:
        rows = [(name, f"set, ends in {last}" if last else "set") for name, last in channel.last_fours.items()]
        return kit.facts(rows) if rows else kit.empty("This kind has none.")

    @admin.display(description="what each kind takes")
    def takes(self, channel: Channel) -> SafeString:
        kinds = [channel.kind] if channel.kind else Kind.values
        said = ((kind, name, ask) for kind in kinds for name, ask in kind_of(kind).asks.items())
        rows = ((kind, name, _about(ask)) for kind, name, ask in said)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <code>{}</code>, {}</li>", rows))

    @admin.display(description="messages")
    def newest(self, channel: Channel) -> SafeString:
        return message_timeline(channel.deliveries.select_related("channel")[:NEWEST])


def _about(ask: Any) -> str:
    return f"{ask.text}{'' if ask.is_required else '; may be left out'}{'; secret' if ask.is_secret else ''}"


def state_of(delivery: Delivery) -> SafeString:
    underway = delivery.next_attempt_at is not None
    return kit.badge(delivery.state, TONES[delivery.state], underway=underway)


def message_timeline(found: Any) -> SafeString:
    """Messages, each with what became of it."""
    steps = [
        kit.Step(
            at=delivery.created_at,
            what=str(delivery.notice.get("title", "")),
            who=f"{delivery.channel} to {delivery.recipient}" if delivery.recipient else str(delivery.channel),
            link=f"/admin/escalation/delivery/{delivery.pk}/change/",
            detail=format_html("{} {}", state_of(delivery), delivery.error),
            tone=TONES[delivery.state],
        )
        for delivery in found
    ]
    return kit.timeline(steps)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    about = "What was sent to people and programs, each try with its request and answer, and what waits to be sent."
    empty_text = "Nothing was sent yet. A test of a channel is a message, too."
    empty_command = f"{FIRST_CHANNEL}\nchannels test ops-mail"
    trail_of = ("delivery", "id")
    list_display = ["title", "channel", "state_now", "attempts", "bug", "created_at", "next_attempt_at"]
    list_filter = ["state", "channel", "purpose", ("created_at", MonthFilter)]
    list_select_related = ["channel", "bug"]
    search_fields = ["=bug__bug_id", "=channel__name"]
    search_help_text = "A bug's id or a channel's name, exactly."
    moves = ["replay"]
    sections: ClassVar = [
        ("The message", [("channel", "recipient"), ("state_now", "purpose"), ("bug", "created_at"), "text", "error"]),
        ("Each try", ["tries_made"], {"classes": ["wide"]}),
    ]

    @admin.display(description="message")
    def title(self, delivery: Delivery) -> str:
        return str(delivery.notice.get("title", ""))

    @admin.display(description="state", ordering="state")
    def state_now(self, delivery: Delivery) -> SafeString:
        return state_of(delivery)

    @admin.display(description="text")
    def text(self, delivery: Delivery) -> SafeString:
        return kit.code("\n\n".join(filter(None, [self.title(delivery), str(delivery.notice.get("text", ""))])))

    @admin.display(description="tries")
    def tries_made(self, delivery: Delivery) -> SafeString:
        return kit.timeline([_try(tried) for tried in delivery.tries.all()])

    @move(when=lambda delivery: delivery.next_attempt_at is None, label="Send it again", permissions=("replay",))
    def replay(self, request: HttpRequest, delivery: Delivery) -> str:
        deliveries.replay(delivery_id=delivery.pk)
        return "It is on its way again."

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("escalation.change_delivery"))


def _try(tried: Attempt) -> kit.Step:
    said = {"request": tried.request, "response": tried.response}
    return kit.Step(
        at=tried.began_at,
        what=tried.error or f"taken ({tried.status or 'sent'})",
        who=f"{tried.duration_ms} ms",
        detail=kit.tree(said),
        tone="good" if tried.succeeded else "bad",
    )

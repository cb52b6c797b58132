"""What proves the trail, and how far it was sent on."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit import streaming
from audit.models import Checkpoint, StreamPosition
from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.moves import move


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    about = (
        "Signed statements of how many events there were and of the root over them: whoever keeps one sees any change."
    )
    empty_text = "Nothing is sealed yet. The worker does it every minute; or do it now."
    empty_command = "audit seal"
    list_display = ("events", "short_root", "created_at")
    sections: ClassVar = [
        ("Checkpoint", ["events", "created_at", "root"]),
        ("To keep elsewhere", ["signed"]),
        ("Check it", ["commands"]),
    ]

    @admin.display(description="Events it holds", ordering="size")
    def events(self, checkpoint: Checkpoint) -> str:
        return f"{checkpoint.size:,}"

    @admin.display(description="Root")
    def short_root(self, checkpoint: Checkpoint) -> str:
        return f"{checkpoint.root[:16]}..."

    @admin.display(description="The signed note")
    def signed(self, checkpoint: Checkpoint) -> SafeString:
        return kit.code(checkpoint.note)

    @admin.display(description="In a shell")
    def commands(self, checkpoint: Checkpoint) -> SafeString:
        return kit.command("audit verify\naudit prove --key")


@admin.register(StreamPosition)
class StreamPositionAdmin(ReadOnlyAdmin):
    about = "How far the trail was sent on to the SIEM, and why the last try failed."
    empty_text = "The trail is sent nowhere: set AUDIT_STREAM_URL to have every event in a SIEM."
    internal = True
    list_display = ("__str__", "sent_at", "failure", "leased_until")
    moves = ("send",)

    @move(label="Send what waits now", many="Send what waits in", permissions=("send",), weight="first", bulk=True)
    def send(self, request: HttpRequest, position: StreamPosition) -> str:
        return f"{streaming.send():,} events were sent."

    def has_send_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

"""Backups: made, seen to restore, and how to go back to one."""

from datetime import timedelta
from typing import ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.backups import making
from audit.models import BackupRun
from config.admin import ReadOnlyAdmin
from config.commandline import amounts
from config.pages import kit
from config.pages.adding import page_of_row
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING, Tone
from config.pages.moves import move

_STATUS: dict[str, Tone] = {"pending": "wait", "running": "info", "completed": "good", "failed": "bad"}
_VERIFIED: dict[str, tuple[str, Tone]] = {
    "passed": ("restores", "good"),
    "failed": ("does not restore", "bad"),
    "not_verified": ("not tried yet", "wait"),
}
_TRIAL_TAKES_AT_MOST = timedelta(minutes=15)


def _has_file(run: BackupRun) -> bool:
    return run.status == BackupRun.Status.COMPLETED and run.removed_at is None


@admin.register(BackupRun)
class BackupRunAdmin(ReadOnlyAdmin):
    about = "Copies of the whole database. One that was seen to restore is a backup; the others are hopes."
    empty_text = "There is no backup yet. One is made each day while the service runs; or make one now."
    empty_command = "backup create --verify"
    trail_of = ("backup", "uid")

    list_display = ("name", "state", "verified", "size", "created_at", "took")
    list_filter = ("kind", "status", "verification", ("created_at", MonthFilter))
    search_fields = ("file", "created_by")
    moves = ("verify",)
    list_moves = ("back_up",)
    sections: ClassVar = [
        ("Backup", ["state", "verified", "kind", "created_at", "created_by", "size", "took", "detail"]),
        ("Going back to it", ["restoring"]),
        ("What is in it", ["contents"]),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> BackupRun | None:
        """`?tried=1764489600` says since when it is tried whether it restores."""
        run: BackupRun | None = super().get_object(request, object_id, from_field)
        if run is not None:
            run.tried = request.GET.get("tried", "")  # type: ignore[attr-defined]
        return run

    @admin.display(description="Backup", ordering="file")
    def name(self, run: BackupRun) -> str:
        return run.file or f"{run.get_kind_display()} backup"

    @admin.display(description="State", ordering="status")
    def state(self, run: BackupRun) -> SafeString:
        if run.removed_at:
            return format_html("{} {}", kit.badge("removed", "quiet"), kit.moment(run.removed_at))
        is_underway = run.status in {BackupRun.Status.PENDING, BackupRun.Status.RUNNING}
        return kit.badge(run.get_status_display().lower(), _STATUS[run.status], underway=is_underway)

    @admin.display(description="Seen to restore", ordering="verification")
    def verified(self, run: BackupRun) -> SafeString:
        if run.status != BackupRun.Status.COMPLETED:
            return NOTHING
        if _is_being_tried(run):
            return kit.badge("being tried", "info", underway=True)
        badge = kit.badge(*_VERIFIED[run.verification])
        return format_html("{} {}", badge, kit.moment(run.verified_at)) if run.verified_at else badge

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, run: BackupRun) -> str:
        return amounts.size(run.size_bytes)

    @admin.display(description="Took")
    def took(self, run: BackupRun) -> str:
        return amounts.duration(run.duration_seconds)

    @admin.display(description="In a shell, with the service stopped")
    def restoring(self, run: BackupRun) -> SafeString | str:
        if not _has_file(run):
            return "There is no file to go back to."
        return kit.command(f"backup restore {run.file}")

    @admin.display(description="File")
    def contents(self, run: BackupRun) -> SafeString:
        return kit.facts(
            [
                ("File", run.file),
                ("On", run.host),
                ("SHA-256", run.sha256),
                ("Events in its ledger", f"{run.ledger_size:,}" if run.ledger_size is not None else None),
                ("Root of its ledger", run.ledger_root),
            ]
        )

    @move(label="Back up now", permissions=("operate",), weight="first")
    def back_up(self, request: HttpRequest) -> str:
        run = making.start()
        return f"{run.file} is made." if run.file else "A backup is asked for: this list shows what becomes of it."

    @move(
        label="Try to restore it",
        many="Try to restore",
        permissions=("operate",),
        when=_has_file,
        weight="first",
        bulk=True,
    )
    def verify(self, request: HttpRequest, run: BackupRun) -> HttpResponse:
        asked = int(timezone.now().timestamp())
        making.start_verification(uid=str(run.uid))
        self.message_user(request, f"{run.file} is restored into a scratch database, to see.", messages.SUCCESS)
        return HttpResponseRedirect(f"{page_of_row(run)}?tried={asked}")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


def _is_being_tried(run: BackupRun) -> bool:
    """Since a person asked for it on this page, and it has not been said what came of it."""
    asked = str(getattr(run, "tried", ""))
    if not asked.isdecimal() or len(asked) > 10:
        return False
    since = timezone.now() - _TRIAL_TAKES_AT_MOST
    known = run.verified_at.timestamp() if run.verified_at else 0
    return int(asked) > since.timestamp() and known < int(asked)

"""What agents wait for, and the buttons by which a person answers. Its pages are made for a phone as well."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.admin.filters import StandingFilter
from audit.models import Approval
from audit.models.latitude import LONGEST_WHY
from audit.permissions.approvals import answering, reach
from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.kit.marks import NOTHING, Tone
from config.pages.moves import move

_TONES: dict[str, Tone] = {"pending": "wait", "approved": "good", "denied": "bad", "expired": "quiet"}
SHOWN = 120
_ENDED = "What became of it"


class AnswerForm(forms.Form):
    note = forms.CharField(
        max_length=LONGEST_WHY, required=False, label="Why", help_text="The agent is told.", widget=forms.Textarea
    )


def _waits(row: Approval) -> bool:
    return row.standing == Approval.Status.PENDING


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    about = "Tool calls that a person has to confirm, where the agent has nobody to ask: this very call, once."
    empty_text = "No agent waits for an answer. One that has nobody to ask, such as Codex, begins to when a rule asks."
    empty_command = "approval list"
    trail_of = ("approval", "pk")
    list_display = ("call", "state", "agent_name", "expires_at", "asked_at", "decided_by")
    list_filter = (StandingFilter, "agent")
    known_by = ("session_id",)
    moves = ("approve", "deny")
    sections: ClassVar = [
        ("What would run", ["whole_call"]),
        ("Why a person is asked", ["state", "reason", "rule", "expires_at"]),
        ("Who asks", ["agent_name", "cwd", "session_id", "asked_by", "asked_at", "times"]),
        (_ENDED, ["decided_by", "decided_at", "note", "counts_until", "used_at"]),
        ("As it was sent", ["sent"]),
    ]

    def sections_of(self, obj: Approval) -> Sequence[tuple[str, list[str]]]:
        return [said for said in self.sections if not (_waits(obj) and said[0] == _ENDED)]

    def heading(self, obj: Approval) -> str:
        return f"{obj.agent or obj.asked_by} waits for you" if _waits(obj) else f"Approval {obj.pk}"

    @admin.display(description="Call")
    def call(self, row: Approval) -> SafeString:
        shown = row.told if len(row.told) <= SHOWN else f"{row.told[:SHOWN]}..."
        return format_html('<span class="kit-quiet">{}</span> <code>{}</code>', row.tool_name, shown)

    @admin.display(description="State", ordering="status")
    def state(self, row: Approval) -> SafeString:
        used = row.used_at and row.status == Approval.Status.APPROVED
        return kit.badge("approved, and run" if used else row.standing, _TONES[row.standing])

    @admin.display(description="Agent", ordering="agent")
    def agent_name(self, row: Approval) -> str:
        return row.agent or row.asked_by

    @admin.display(description="Call")
    def whole_call(self, row: Approval) -> SafeString:
        return kit.code(row.told, is_whole=True)

    @admin.display(description="Input")
    def sent(self, row: Approval) -> SafeString:
        return kit.tree(row.tool_input) if row.tool_input else NOTHING

    @move(label="Approve", permissions=("answer",), when=_waits, weight="first")
    def approve(self, request: HttpRequest, row: Approval) -> str:
        answering.answer(approval=row.pk, verdict="approved")
        return f"Approved: {row.agent or 'the agent'} may run it once, when it tries again."

    @move(label="Deny", permissions=("answer",), when=_waits, form=AnswerForm, weight="danger", bulk=True)
    def deny(self, request: HttpRequest, row: Approval, given: dict[str, Any]) -> str:
        answering.answer(approval=row.pk, verdict="denied", **given)
        return f"Denied: {row.agent or 'the agent'} is told so when it tries again."

    def has_answer_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(reach.PERMISSION))

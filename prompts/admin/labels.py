"""Labels: which version of a prompt is for what."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.pages import kit
from config.pages.moves import move
from prompts import dashboard, labels
from prompts.models import Label


@admin.register(Label)
class LabelAdmin(ReadOnlyAdmin):
    about = "Which version of a prompt is for what: production is what programs fetch."
    empty_text = "No version holds a label. Label one on its page, or:"
    empty_command = f"{dashboard.FIRST_VERSION}\nprompt label extract-keywords staging 1"
    list_display = ["name", "version", "kept", "moved_at", "moved_by"]
    list_filter = ["name", "protected", "prompt"]
    search_fields = ["name", "prompt__prompt_id"]
    search_help_text = "A label, or part of a prompt's name."
    list_select_related = ["version__prompt"]
    sections = [("Label", ["name", "version", "kept", "moved_at", "moved_by"])]
    moves = ["protect", "unprotect", "remove"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("prompts.add_version"))

    def has_free_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.display(description="protected", ordering="protected")
    def kept(self, label: Label) -> SafeString:
        return (
            kit.badge("moves on evidence, or by two", "good") if label.protected else kit.badge("moves freely", "quiet")
        )

    @move(permissions=["operate"], when=lambda label: not label.protected)
    def protect(self, request: HttpRequest, label: Label) -> str:
        _keep(label, protected=True)
        return f"{label} is protected: it moves on evidence, or by two."

    @move(label="Take its protection off", permissions=["free"], when=lambda label: label.protected, weight="danger")
    def unprotect(self, request: HttpRequest, label: Label) -> str:
        _keep(label, protected=False)
        return f"{label} is protected no more."

    @move(
        permissions=["operate"],
        when=lambda label: not label.protected,
        confirm="Programs that fetch by it find nothing from then on; the version stays.",
        weight="danger",
        bulk=True,
    )
    def remove(self, request: HttpRequest, label: Label) -> str:
        labels.remove_label(prompt_id=label.prompt.prompt_id, label=label.name)
        return f"{label} is gone."


def _keep(label: Label, *, protected: bool) -> None:
    labels.move_label(
        prompt_id=label.prompt.prompt_id, label=label.name, version=label.version.number, protected=protected
    )

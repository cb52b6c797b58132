"""Projects: the DSN to report to and what to paste for it, and what came."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.admin import ToolAdmin
from config.pages import kit
from config.pages.kit.tables import table
from config.pages.moves import move
from escalation import fields, projects
from escalation.admin.filters import OPEN, StandingFilter
from escalation.ingestion.snippets import Snippet, snippets
from escalation.models import Bug, Project, Release

NEWEST_RELEASES = 10


class ProjectForm(forms.ModelForm):
    """A new project."""

    slug = forms.CharField(
        required=False, max_length=projects.LONGEST_SLUG, help_text="How lists name it; made of the name without one."
    )

    class Meta:
        model = Project
        fields = ["name", "slug"]
        help_texts = {"name": "The program that reports its errors, such as Web shop."}


class KeyForm(forms.Form):
    keep_old = forms.BooleanField(
        required=False,
        initial=True,
        label="Keep the old keys",
        help_text="They go on reporting until you let go of them.",
    )


class ChangeForm(forms.Form):
    name = forms.CharField(max_length=fields.LONGEST_NAME)
    per_minute = forms.IntegerField(
        min_value=1,
        max_value=fields.MOST_A_MINUTE,
        label="Events a minute",
        help_text="More are refused until the next.",
    )


@admin.register(Project)
class ProjectAdmin(ToolAdmin):
    about = "A program that reports its errors by any SDK of Sentry's; groups, releases and figures are its own."
    empty_text = "No program reports here yet. Make a project, and give its DSN to the program's SDK:"
    empty_command = "escalation project 'Web shop'"
    trail_of = ("project", "slug")
    form = ProjectForm
    list_display = ["name", "slug", "open_bugs", "last_report", "created_at"]
    search_fields = ["name", "slug"]
    search_help_text = "Part of a name or slug."
    moves = ["change", "rotate_key"]
    sections: ClassVar = [
        ("Report to it", ["to_paste"]),
        ("At a glance", [("name", "slug"), ("open_bugs", "last_report"), ("per_minute", "grouped_by")]),
        ("Keys", ["key_table"]),
        ("Releases", ["release_table"]),
    ]

    class Media:
        css = {"all": ["escalation/pages.css"]}

    def has_change_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        """Moves change a project; its page has no form of its own."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Project]":
        rows: QuerySet[Project] = super().get_queryset(request)
        own = Bug.objects.order_by().filter(project=OuterRef("pk"))
        return rows.annotate(
            unresolved=Subquery(own.unresolved().values("project").annotate(found=Count("*")).values("found")),
            latest=Subquery(own.values("project").annotate(found=Max("last_seen_at")).values("found")),
        )

    def save_model(self, request: HttpRequest, obj: Project, form: ProjectForm, change: bool) -> None:
        obj.pk = projects.create_project(name=form.cleaned_data["name"], slug=form.cleaned_data["slug"]).pk

    @admin.display(description="open bugs")
    def open_bugs(self, project: Any) -> SafeString:
        address = reverse("admin:escalation_bug_changelist")
        query = f"project__id__exact={project.pk}&{StandingFilter.parameter_name}={OPEN}"
        return format_html('<a href="{}?{}">{}</a>', address, query, project.unresolved or 0)

    @admin.display(description="last report")
    def last_report(self, project: Any) -> SafeString:
        return kit.moment(project.latest)

    @admin.display(description="grouped by")
    def grouped_by(self, project: Project) -> str:
        return f"rule {project.rule}"

    @admin.display(description="what to paste")
    def to_paste(self, project: Project) -> SafeString:
        if not project.dsn:
            return kit.empty("It has no key that is in use. Rotate its key to give it one.")
        ways = format_html_join("", "<h3>{}</h3>{}{}", map(_way, snippets(project.dsn)))
        return format_html("<p>The DSN, which can report and nothing else:</p>{}{}", kit.code(project.dsn), ways)

    @admin.display(description="keys")
    def key_table(self, project: Project) -> SafeString:
        rows = [
            (str(key), kit.badge("in use", "good") if key.is_active else kit.badge("ended"), kit.moment(key.created_at))
            for key in project.keys.order_by("-id")
        ]
        return table(["Begins with", "State", "Made"], rows)

    @admin.display(description="releases")
    def release_table(self, project: Project) -> SafeString:
        newest = Release.objects.filter(project=project)[:NEWEST_RELEASES]
        rows = [(release.version, kit.moment(release.first_seen_at)) for release in newest]
        return table(["Release", "First seen"], rows) if rows else kit.empty("No report has named a release yet.")

    @move(form=ChangeForm, initial=lambda project: {"name": project.name, "per_minute": project.per_minute})
    def change(self, request: HttpRequest, project: Project, given: dict[str, Any]) -> None:
        projects.update_project(slug=project.slug, **given)

    @move(form=KeyForm, label="Rotate its key")
    def rotate_key(self, request: HttpRequest, project: Project, given: dict[str, Any]) -> None:
        projects.rotate_key(slug=project.slug, **given)


def _way(snippet: Snippet) -> tuple[str, SafeString | str, SafeString]:
    return snippet.title, kit.code(snippet.install) if snippet.install else "", kit.code(snippet.code)

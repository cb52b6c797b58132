"""Checks: ask for one, read the verdict, ask again with another script."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db import connections
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin
from config.errors import DomainError
from config.identifiers import is_uuid
from config.pages import kit
from config.pages.admin_lists import MonthFilter, found_by
from config.pages.moves import move
from schemacheck import checks, dashboard, shown
from schemacheck.models import Check, CheckQuerySet


class CheckForm(forms.ModelForm):
    """Checks what it asks for when it is sent, so that what is wrong with the request shows beside its field."""

    SUBJECTS: ClassVar = [
        ("script", "The SQL below"),
        ("migrations", "Handrail's own migrations that are not applied"),
        ("tables", "The tables there are in the database below"),
    ]
    PROOFS: ClassVar = [
        ("", "catalog, or parse where the database is of another dialect"),
        ("parse", "parse: the grammar alone"),
        ("catalog", "catalog: the live tables and types"),
        ("copies", "copies: on empty temporary tables"),
        ("execute", "execute: run, and undone; takes its real locks"),
    ]
    subject = forms.ChoiceField(choices=SUBJECTS, initial="script", required=False, label="Check")
    made: Check | None = None

    class Meta:
        model = Check
        fields: ClassVar = ["sql", "dialect", "database", "proof", "probe"]
        widgets: ClassVar = {"sql": forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "autofocus": True})}
        labels: ClassVar = {"proof": "How far", "probe": "Ask the rows there are"}
        help_texts: ClassVar = {
            "sql": "One statement or many. Nothing runs unless you say so below; passwords are blanked in the history.",
            "probe": "Whether they keep to new constraints; reads them, on PostgreSQL alone.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        aliases = [(alias, shown.database(alias)) for alias in connections.settings]
        self.fields["database"] = forms.ChoiceField(choices=aliases, initial="default")
        if shown.only_ours_is_known():  # whose dialect says nothing of that of the projects that are checked
            self.initial.setdefault("dialect", Check.Dialect.POSTGRESQL)
        if "sql" in self.fields:  # a page that only shows has none
            self.fields["sql"].required = self.data.get("subject", "script") in ("", "script")
            said = {"dialect": [("", "that of the database"), *Check.Dialect.choices], "proof": self.PROOFS}
            for name, choices in said.items():
                cast("forms.ChoiceField", self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if not self.errors:
            try:
                self.made = _checked(asked)
            except DomainError as error:
                raise forms.ValidationError(error.detail) from error
        return asked


def _checked(asked: dict[str, Any]) -> Check:
    """The check that was asked for; of several migrations the last that is not valid, else the last."""
    proof = asked["proof"] or None
    if asked["subject"] == "tables":
        from schemacheck import live

        return live.audit_live_schema(database=asked["database"])
    if asked["subject"] == "migrations":
        from schemacheck.django_migrations import reviewing

        reviewed = reviewing.check_migrations(database=asked["database"], proof=proof, probe=asked["probe"]).migrations
        ids = [item.check_id for item in sorted(reviewed, key=lambda item: not item.report.valid)]
        if not ids:
            raise forms.ValidationError(reviewing.NONE_LEFT)
        return Check.objects.get(uid=ids[-1])
    return checks.check_schema(
        sql=asked["sql"],
        dialect=asked["dialect"] or None,
        database=asked["database"],
        proof=proof,
        probe=asked["probe"],
    )


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin):
    about = "Says what the database would say to a schema change, and what it would lock, before it runs."
    empty_text = f"Nothing has been checked yet. {dashboard.IN_A_PROJECT}"
    empty_command = dashboard.COMMAND
    list_display = ["finding", "checked", "table_name", "spoken", "requested_by", "created_at"]
    list_filter = ["worst_severity", "status", "dialect", "requested_by", ("created_at", MonthFilter)]
    known_by = ("table_name", "worst_rule", "requested_by", "uid", "sql_hash")
    search_help_text = "A table, rule, caller, id or hash exactly, or words of the latest checks."
    moves = ["check_again", "judge_as_postgresql"]
    trail_of = ("schema_check", "uid")
    form = CheckForm
    sections = [
        ("Verdict", ["verdict"]),
        ("Findings", ["findings"]),
        ("Script", ["script"]),
        ("Locks", ["locks"]),
        ("Who asked what", ["asked"]),
        ("As JSON", ["report_tree"], {"classes": ["collapse", "wide"]}),
    ]
    add_fieldsets: ClassVar = [(None, {"fields": ["subject", "sql", "dialect", "database", "proof", "probe"]})]

    class Media:
        css: ClassVar = {"all": ["schemacheck/report.css"]}

    def get_queryset(self, request: HttpRequest) -> CheckQuerySet:
        rows = cast("CheckQuerySet", super().get_queryset(request))
        match = request.resolver_match
        return rows.without_texts() if match and match.url_name == "schemacheck_check_changelist" else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return found_by(queryset, self.known_by, ("title", "worst_message", "table_name"), search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff and request.user.has_perm("schemacheck.add_check"))

    def get_fieldsets(self, request: HttpRequest, obj: Check | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_form(self, request: HttpRequest, obj: Check | None = None, change: bool = False, **kwargs: Any) -> Any:
        return CheckForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The script of an earlier check, to be changed and checked anew."""
        again = request.GET.get("again", "")
        earlier = Check.objects.filter(uid=again).first() if is_uuid(again) else None
        if earlier is None or not self.has_view_permission(request, earlier):
            return cast("dict[str, Any]", super().get_changeform_initial_data(request))
        return {name: getattr(earlier, name) for name in ("sql", "dialect", "database", "proof", "probe")}

    def save_model(self, request: HttpRequest, obj: Check, form: CheckForm, change: bool) -> None:
        if form.made is not None:  # the form's clean() has made the check; show that one
            obj.__dict__.update(form.made.__dict__)

    def response_add(self, request: HttpRequest, obj: Check, *args: Any, **options: Any) -> HttpResponse:
        return _verdict_of(obj)

    @move(permissions=["add"], weight="first", bulk=True)
    def check_again(self, request: HttpRequest, obj: Check) -> HttpResponse:
        return _verdict_of(checks.check_again(uid=str(obj.uid)))

    @move(label="Judge as PostgreSQL", permissions=["add"], when=lambda check: check.dialect == Check.Dialect.SQLITE)
    def judge_as_postgresql(self, request: HttpRequest, obj: Check) -> HttpResponse:
        return _verdict_of(checks.check_schema(sql=obj.sql, dialect="postgresql", database=obj.database))

    @admin.display(description="Worst finding", ordering="worst_severity")
    def finding(self, check: Check) -> SafeString:
        return shown.worst(check)

    @admin.display(description="Script")
    def checked(self, check: Check) -> SafeString:
        return format_html('<div class="sql">{}</div>', check.title)

    @admin.display(description="For")
    def spoken(self, check: Check) -> str:
        return shown.spoken(check)

    @admin.display(description="In words")
    def verdict(self, check: Check) -> SafeString:
        return shown.verdict(check)

    @admin.display(description="Asked")
    def asked(self, check: Check) -> SafeString:
        return shown.asked(check)

    @admin.display(description="Findings")
    def findings(self, check: Check) -> SafeString:
        return shown.findings(check)

    @admin.display(description="Locks")
    def locks(self, check: Check) -> SafeString:
        return shown.locks(check)

    @admin.display(description="SQL")
    def script(self, check: Check) -> SafeString:
        return shown.script(check)

    @admin.display(description="Report")
    def report_tree(self, check: Check) -> SafeString:
        return kit.tree(check.report)


def _verdict_of(check: Check) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:schemacheck_check_change", args=[check.pk]))

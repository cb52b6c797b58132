from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db import connections
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.admin import ReadOnlyAdmin, pretty
from config.errors import DomainError
from config.pages.admin_lists import MonthFilter
from schemacheck import checks
from schemacheck.checker.findings import KINDS
from schemacheck.models import Check, CheckQuerySet

_HIGHLIGHT_LIMIT = 200_000


class CheckForm(forms.ModelForm):
    """Checks what it asks for when it is sent, so that what is wrong with the request shows beside its field."""

    SUBJECTS: ClassVar = [
        ("script", "This SQL"),
        ("migrations", "Migrations not applied"),
        ("tables", "The tables there are"),
    ]
    subject = forms.ChoiceField(choices=SUBJECTS, initial="script", required=False, label="Check")
    made: Check | None = None

    class Meta:
        model = Check
        fields: ClassVar = ["sql", "dialect", "database", "proof", "probe"]
        widgets: ClassVar = {"sql": forms.Textarea(attrs={"rows": 20, "cols": 100, "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        aliases = [(alias, alias) for alias in connections.settings]
        self.fields["database"] = forms.ChoiceField(choices=aliases, initial="default")
        if "sql" in self.fields:  # a page that only shows has none
            self.fields["sql"].required = self.data.get("subject", "script") in ("", "script")

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
            raise forms.ValidationError("There is no migration to check: all are applied.")
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
    list_display = [
        "created_at",
        "verdict",
        "table_name",
        "statements",
        "errors",
        "warnings",
        "dialect",
        "database",
        "requested_by",
        "door",
        "duration_ms",
    ]
    list_filter = ["valid", "status", "dialect", "database", "door", ("created_at", MonthFilter)]
    known_by = ("sql_hash", "uid", "requested_by", "table_name")
    search_help_text = "A hash of the SQL, an id, a caller or a table, exactly."
    actions = ["check_again"]
    form = CheckForm
    fieldsets = [
        ("Verdict", {"fields": ["verdict", "findings", "locks", "failure"]}),
        ("Script", {"fields": ["script"]}),
        (
            "Check",
            {
                "fields": [
                    *("uid", "created_at", "requested_by", "door", "correlation_id", "dialect", "database"),
                    *("proof", "probe", "status", "statements", "duration_ms", "sql_hash"),
                ]
            },
        ),
        ("Report", {"fields": ["report_text"], "classes": ["collapse"]}),
    ]
    add_fieldsets: ClassVar = [(None, {"fields": ["subject", "sql", "dialect", "database", "proof", "probe"]})]
    readonly_fields = ["verdict", "findings", "locks", "script", "report_text", "uid"]

    class Media:
        css: ClassVar = {"all": ["schemacheck/report.css"]}

    def get_queryset(self, request: HttpRequest) -> CheckQuerySet:
        rows = cast("CheckQuerySet", super().get_queryset(request))
        match = request.resolver_match
        return rows.without_texts() if match and match.url_name == "schemacheck_check_changelist" else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff and request.user.has_perm("schemacheck.add_check"))

    def get_fieldsets(self, request: HttpRequest, obj: Check | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(self, request: HttpRequest, obj: Check | None = None, change: bool = False, **kwargs: Any) -> Any:
        return CheckForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Check, form: CheckForm, change: bool) -> None:
        if form.made is not None:  # the form's clean() has made the check; show that one
            obj.__dict__.update(form.made.__dict__)

    @admin.action(description="Check selected scripts again", permissions=["add"])
    def check_again(self, request: HttpRequest, queryset: CheckQuerySet) -> None:
        for check in queryset:
            try:
                made = checks.check_again(uid=str(check.uid))
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
            else:
                self.message_user(request, f"Checked again: {made}.")

    @admin.display(description="Verdict", ordering="valid")
    def verdict(self, check: Check) -> str:
        return check.verdict

    @admin.display(description="SQL")
    def script(self, check: Check) -> SafeString:
        report = check.report or {}
        if "migration" not in report:
            return _highlighted(check.sql, sorted({item["line"] for item in _findings(check) if item["line"]}))
        return format_html(
            "<p>{} in {}; lines are those of this file</p>{}<p>Backwards</p>{}",
            *(report["migration"], report["path"]),
            *(_highlighted(report["sql"][direction]) for direction in ("forwards", "backwards")),
        )

    @admin.display(description="Findings")
    def findings(self, check: Check) -> SafeString | str:
        rows = (
            (
                finding["severity"],
                finding["severity"],
                f"{finding['line']}:{finding['column']}" if finding["line"] else "",
                finding["sqlstate"] or "",
                finding["rule"],
                finding["message"],
                finding["hint"],
                finding["fix"],
            )
            for finding in _findings(check)
        )
        body = format_html_join(
            "\n",
            '<tr class="schemacheck-{}"><td>{}</td><td>{}</td><td>{}</td><td>{}</td>'
            "<td>{}<br>{}<pre>{}</pre></td></tr>",
            rows,
        )
        return format_html('<table class="schemacheck-findings">{}</table>', body) if body else "none"

    @admin.display(description="Locks")
    def locks(self, check: Check) -> SafeString | str:
        rows = [
            (
                statement["index"] + 1,
                lock["relation"],
                lock["mode"],
                ", ".join(word for word in ("rewrites", "scans") if lock[word]),
            )
            for statement in (check.report or {}).get("statements", [])
            for lock in statement["locks"]
        ]
        return format_html_join(mark_safe("<br>"), "statement {}: {} {} {}", rows) or "none"

    @admin.display(description="As JSON")
    def report_text(self, check: Check) -> SafeString:
        return pretty(check.report)


def _highlighted(sql: str, marked: Sequence[int] = ()) -> SafeString:
    if len(sql) > _HIGHLIGHT_LIMIT:
        return format_html('<pre class="schemacheck-sql">{}</pre>', sql)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PostgresLexer

    formatter = HtmlFormatter(linenos="inline", cssclass="schemacheck-sql", hl_lines=list(marked))
    # Pygments escapes the script itself; its markup has classes only, as the content security policy asks.
    return mark_safe(highlight(sql, PostgresLexer(stripnl=False), formatter))  # noqa: S308


def _findings(check: Check) -> list[dict[str, Any]]:
    report = check.report or {}
    findings = [finding for kind in KINDS for finding in report.get(kind, [])]
    return sorted(findings, key=lambda finding: (finding["line"] or 0, finding["column"] or 0))

"""The base of every table's pages."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminSplitDateTime, RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from config.pages import kit
from config.pages.adding import Adding
from config.pages.admin_lists import BoundedPaginator, known_by
from config.pages.columns import column
from config.pages.history import Historied
from config.pages.list_moves import ListMoving
from config.pages.refusals import Refusing
from config.pages.underway import Underway


class _DayAndTime(AdminSplitDateTime):
    """Either of its fields is labelled: the admin's own stand beside words that no screen reader connects with them."""

    template_name = "config/widgets/split_datetime.html"


class ToolAdmin(Underway, Refusing, Adding, ListMoving, Historied):
    """The base of every table: its list, its objects' pages, and what both say where there is nothing."""

    about: str = ""
    """What one row is and what it is for, in a sentence: on the start page and above the list."""
    internal: bool = False
    """Whether the table is the service's own, of no interest on a usual day: it stands under "Service"."""
    empty_text: str = ""
    empty_command: str = ""
    """Where the list has no row yet: what would bring one, and the command to begin with, a line each where it takes
    several: the words after `manage.py` or `handrail`, which the page spells whole."""
    sections: ClassVar[Sequence[tuple[Any, ...]]] = ()
    """The page of an object: ("Title", ["field", ...]), and options of a fieldset where it needs them: the class
    `collapse` folds. One field alone has the whole width, under the title."""

    unlisted: tuple[str, ...] = ()
    """Large columns that the list does not show: a hundred rows of them can be as many megabytes."""
    known_by: tuple[str, ...] = ()
    """Indexed columns a row is searched by, exactly; a search for parts of a text reads every row."""
    paginator = BoundedPaginator
    formfield_overrides: ClassVar[Any] = {DateTimeField: {"widget": _DayAndTime}}
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a count beside each filter is a scan for each

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        # An action needs whole rows, and one row that is opened, too.
        page = request.resolver_match.url_name if request.resolver_match and request.method == "GET" else None
        return rows.defer(*self.unlisted) if page and page.endswith("_changelist") else rows

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [column(self.model, name) for name in super().get_list_display(request)]

    def sections_of(self, obj: Any) -> Sequence[tuple[Any, ...]]:
        """The sections of this object's page: where it has nothing to say in one, that one may be left out."""
        return self.sections

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.sections or obj is None:
            return super().get_fieldsets(request, obj)
        return [_section(*said) for said in self.sections_of(obj)]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> Any:
        if obj := options.get("obj"):
            context["heading"] = self.heading(obj)
        return super().render_change_form(request, context, *args, **options)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """With sections, all that no form may change."""
        said = super().get_readonly_fields(request, obj)
        if not self.sections or obj is None:
            return said
        of_form = getattr(self.form, "base_fields", {})
        changed = set(of_form) or {kind.name for kind in self.opts.get_fields() if getattr(kind, "editable", False)}
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [*said, *(name for name in shown if name not in changed and name not in said)]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without Django's icons to add, change, delete and look at what is chosen: each has a page of its own."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        if found is not None and isinstance(found.widget, RelatedFieldWidgetWrapper):
            found.widget = found.widget.widget
        return found

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...] | list[str]:
        return self.known_by or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if self.known_by and term:
            return known_by(queryset, self.known_by, term), False
        return super().get_search_results(request, queryset, search_term)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError) as error:  # Django asks the database before it looks at the value
            raise IncorrectLookupParameters(error) from error

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> HttpResponse | None:
        try:
            for selected in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(selected, None)
        except ValidationError:
            self.message_user(request, "Select rows of this list: what was sent names none.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **options)


class ReadOnlyAdmin(ToolAdmin):
    """A table that only operations write: the admin looks, and acts through actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    """Rows of another table beside the one shown, only to look at."""

    template = "admin/edit_inline/seen.html"
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _section(title: str | None, fields: Sequence[Any], options: dict[str, Any] | None = None) -> tuple[Any, Any]:
    said = {"fields": list(fields), **(options or {})}
    if title and len(fields) == 1:
        said["classes"] = [*said.get("classes", ()), "wide"]
    return title, said


def pretty(value: Any) -> SafeString:
    """A text with its lines as they are, and any other value as names and values that fold."""
    return kit.code(value) if isinstance(value, str) else kit.tree(value)

"""What agents wanted to do, and what the rules said of it."""

import json
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import NullIf, Substr
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import history, telling
from audit.admin.events import TrailAdmin
from audit.admin.filters import AgentFilter, SessionFilter, VerdictFilter
from audit.admin.rules import begun_from
from audit.models import Decision, Event, PermissionRule
from audit.permissions.rules import InvalidRule, parse_rule
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.kit.marks import NOTHING
from config.pages.kit.tables import table
from config.pages.moves import move

SHOWN = 120
"""Characters of a call in the list."""

_IN_THE_LIST = {
    "tool": "new_value__tool",
    "part": "new_value__part",
    "rule": "new_value__rule",
    "command": "context__tool_input__command",
    "path": "context__tool_input__file_path",
    "url": "context__tool_input__url",
}
"""What a row of the list tells, taken out of the JSON by the database: whole values can be megabytes."""


@admin.register(Decision)
class DecisionAdmin(TrailAdmin):
    about = "What agents asked to do, and whether a rule allowed it, denied it or asked a person."
    empty_text = "No agent has asked yet. Install the hook where one works, or ask for yourself what the rules say."
    empty_command = "rules decide 'git push --force origin main'"
    trail_of = ("decision", "entity_id")

    list_display = ("when", "agent_name", "call", "verdict", "rule", "in_session")
    list_display_links = ("call",)
    unlisted = ("old_value", "new_value", "context", "changes")
    list_filter = (VerdictFilter, AgentFilter, SessionFilter, ("timestamp", MonthFilter))
    moves = ("make_rule",)
    sections: ClassVar = [
        ("Decision", ["verdict", "whole_call", "rule", "reason", "at"]),
        ("What it would do", ["parts"]),
        ("Who asked", ["session", "where", "by", "request_of"]),
        ("What became of it", ["story"]),
        ("As it was asked", ["asked"]),
        ("Proof", ["proof"]),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        told = {f"told_{name}": _text(path) for name, path in _IN_THE_LIST.items()}
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**told)
        return rows

    @admin.display(description="Agent", ordering="agent")
    def agent_name(self, event: Any) -> str:
        return str(event.agent or event.actor)

    @admin.display(description="Call")
    def call(self, event: Any) -> SafeString:
        wanted = event.told_command or event.told_path or event.told_url or event.told_part or ""
        shown = wanted if len(wanted) <= SHOWN else f"{wanted[:SHOWN]}..."
        return format_html('<span class="kit-quiet">{}</span> <code>{}</code>', event.told_tool or "", shown)

    @admin.display(description="Decision")
    def verdict(self, event: Event) -> SafeString:
        found = telling.OUTCOMES.get(event.decision or "")
        return kit.badge(*found) if found else NOTHING

    @admin.display(description="Rule")
    def rule(self, event: Any) -> SafeString:
        """The rule that decided; its page is behind the link while it exists."""
        if not event.told_rule:
            return format_html('<span class="kit-quiet">{}</span>', "no rule speaks of it")
        return format_html('<code><a href="{}">{}</a></code>', _address(event.told_rule), event.told_rule)

    @admin.display(description="Session")
    def in_session(self, event: Any) -> SafeString:
        if not event.session_id:
            return NOTHING
        address = f"{reverse('admin:audit_agentsession_changelist')}?{urlencode({'q': event.session_id})}"
        name = event.session_id
        shown = name if len(name) <= _SHORT else f"{name[:5]}...{name[-7:]}"  # sessions of one agent begin alike
        return format_html('<a href="{}" title="{}" class="kit-line">{}</a>', address, name, shown)

    @admin.display(description="Call")
    def whole_call(self, event: Any) -> SafeString:
        given = (event.context or {}).get("tool_input") or {}
        alone = next((given[name] for name in ("command", "file_path", "url", "sql") if given.get(name)), None)
        return kit.code(alone if alone is not None else json.dumps(given, ensure_ascii=False), "sh")

    @admin.display(description="Reason")
    def reason(self, event: Any) -> Any:
        return (event.new_value or {}).get("reason") or NOTHING

    @admin.display(description="Part by part")
    def parts(self, event: Any) -> SafeString:
        """Each command, file and address in the call with what the rules say of it; the strictest decides."""
        judged = (event.new_value or {}).get("commands") or []
        rows = [_part(item) for item in judged if isinstance(item, dict)]
        return table(["Part", "Decision", "Rule and reason"], rows) if rows else NOTHING

    @admin.display(description="Folder")
    def where(self, event: Any) -> Any:
        return (event.context or {}).get("cwd") or NOTHING

    @admin.display(description="On behalf of")
    def by(self, event: Any) -> str:
        return history.who(event)

    @admin.display(description="Since then")
    def story(self, event: Any) -> SafeString:
        """The call's decision and its execution, which the agent's hook reports under the same id."""
        return kit.timeline(history.steps(event.entity_type, event.entity_id, 20))

    @admin.display(description="Input and context")
    def asked(self, event: Any) -> SafeString:
        return kit.tree(event.context) if event.context else NOTHING

    @move(label="Make a rule of it", permissions=("make_rule",))
    def make_rule(self, request: HttpRequest, event: Event) -> HttpResponseRedirect:
        told = event.new_value if isinstance(event.new_value, dict) else {}
        tool, part = (str(told.get(name) or "") for name in ("tool", "part"))
        return HttpResponseRedirect(begun_from(tool=tool, part=part, agent=event.agent))

    def has_make_rule_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("audit.add_permissionrule"))


_SHORT = 15
"""Characters of a session's name that the list has room for."""


def _text(path: str) -> Substr:
    """The beginning of a text in the JSON. SQLite says "null" where there is none."""
    return Substr(NullIf(KT(path), Value("null")), 1, SHOWN + 1)


def _part(item: dict[str, Any]) -> list[object]:
    badge = kit.badge(*telling.OUTCOMES.get(str(item.get("decision")), ("unknown", "quiet")))
    part = format_html("{} <code>{}</code>", item.get("kind", ""), item.get("text", ""))
    return [part, badge, item.get("reason") or "no rule need speak of it"]


def _address(rule: str) -> str:
    """The list of rules that read like this one: usually one."""
    try:
        tool, specifier = parse_rule(rule)
    except InvalidRule:
        tool, specifier = rule, ""
    wanted = {"tool": tool, **({"specifier": specifier} if specifier else {})}
    return f"{reverse(f'admin:audit_{PermissionRule._meta.model_name}_changelist')}?{urlencode(wanted)}"

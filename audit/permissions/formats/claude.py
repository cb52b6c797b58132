"""The `permissions` of Claude Code's settings."""

import json

from audit.permissions.formats.file import ASKED, LISTS, Read, Unreadable, Written, add, without_details
from audit.permissions.rules import Rule


def read(text: str, agent: str) -> Read:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The settings file is not JSON.") from error
    permissions = settings.get("permissions") if isinstance(settings, dict) else None
    if not isinstance(permissions, dict):
        raise Unreadable('A settings file has an object "permissions" with lists allow, ask and deny.')
    found = Read()
    for name, entries in permissions.items():
        if name not in LISTS:
            found.notes.append(f"permissions.{name} is no list of rules and is left out.")
            continue
        if not isinstance(entries, list):
            raise Unreadable(f"permissions.{name} must be a list.")
        for entry in entries:
            add(found, entry, LISTS[name], agent)
    return found


def write(rules: list[Rule]) -> Written:
    lists: dict[str, list[str]] = {"allow": [], "ask": [], "deny": []}
    done = Written("")
    for rule in rules:
        if rule.tool == "SQL":
            done.leave(rule, "Claude Code has no rules for SQL")
        elif rule.tool == "*":
            done.leave(rule, "Claude Code has no rule for every tool")
        else:
            lists[ASKED[rule.decision]].append(rule.text)
    done.notes += without_details(rules, ("reason", "agent", "match", "not_match"), "a settings file")
    done.text = json.dumps({"permissions": lists}, indent=2, ensure_ascii=False) + "\n"
    return done

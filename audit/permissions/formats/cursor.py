"""The permissions of Cursor's command: `~/.cursor/cli-config.json`, and `.cursor/cli.json` of a project."""

import json
import re

from audit.permissions.formats.file import Read, Unreadable, Written, without_details
from audit.permissions.formats.words import mcp_parts, mcp_rule, prefix_of
from audit.permissions.rules import Rule
from audit.verdicts import Verdict

_VERDICTS: dict[str, Verdict] = {"deny": "deny", "allow": "allow"}
_FILES = {"Read": "Read", "Write": "Edit"}


def read(text: str, agent: str) -> Read:
    try:
        permissions = json.loads(text)["permissions"]
        lists = {name: list(permissions.get(name, [])) for name in _VERDICTS}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable('The file has an object "permissions" with lists allow and deny.') from error
    found = Read()
    for name, entries in lists.items():
        for entry in entries:
            rule = _rule(entry) if isinstance(entry, str) else None
            if rule is None:
                found.notes.append(f"{name} {str(entry)[:80]}: is no rule that can be said here.")
            else:
                found.rules.append(Rule(tool=rule[0], specifier=rule[1], decision=_VERDICTS[name], agent=agent))
    return found


def _rule(entry: str) -> tuple[str, str] | None:
    parts = re.fullmatch(r"(\w+)\((.*)\)", entry.strip())
    if parts is None or not (inside := parts[2].strip()):
        return None
    tool, is_all = parts[1], inside in ("*", "**")
    if tool == "Shell":
        program, colon, arguments = inside.partition(":")
        if is_all or "?" in inside:
            return ("Bash", "") if is_all else None
        return ("Bash", f"{program} {arguments.strip()}" if colon and arguments.strip() else f"{program} *")
    if tool in _FILES:
        return (_FILES[tool], "" if is_all else _absolute(inside))
    if tool == "WebFetch":
        return ("WebFetch", "" if is_all else f"domain:{inside}")
    if tool == "Mcp":
        server, _, name = (part.strip() for part in inside.replace(",", ":").partition(":"))
        return (mcp_rule(server, name), "") if server and "*" not in server else None
    return None


def _absolute(path: str) -> str:
    """A path from the root of the file system begins with two slashes in a rule of ours."""
    return f"/{path}" if path.startswith("/") and not path.startswith("//") else path


def write(rules: list[Rule]) -> Written:
    lists: dict[str, list[str]] = {"allow": [], "deny": []}
    done = Written()
    for rule in rules:
        entry = _entry(rule)
        if rule.decision == "confirm":
            done.leave(rule, "Cursor's file has no list of what is asked")
        elif entry is None:
            done.leave(rule, "Cursor's file cannot say it")
        else:
            lists[rule.decision].append(entry)
    done.notes += without_details(rules, ("reason", "agent", "match", "not_match"), "Cursor's file")
    done.text = json.dumps({"permissions": lists}, indent=2, ensure_ascii=False) + "\n"
    return done


def _entry(rule: Rule) -> str | None:
    if rule.tool == "Bash":
        return _shell(rule)
    if rule.tool in ("Read", "Edit"):
        name = "Read" if rule.tool == "Read" else "Write"
        is_below = rule.specifier.startswith("/") and not rule.specifier.startswith("//")  # of the project: a bare name
        path = rule.specifier.removeprefix("/")
        return None if is_below else f"{name}({path or '**'})"
    if rule.tool == "WebFetch":
        return f"WebFetch({rule.specifier.removeprefix('domain:') or '*'})"
    parts = mcp_parts(rule.tool)
    return f"Mcp({parts[0]}:{parts[1]})" if parts and not rule.specifier else None


def _shell(rule: Rule) -> str | None:
    if not rule.specifier:
        return "Shell(*)"
    if (prefix := prefix_of(rule)) is None:
        return None
    (program, *words), goes_on = prefix
    if ":" in program or not (words or goes_on):
        return None
    rest = [*words, *(["*"] if goes_on else [])]
    return f"Shell({program}:{' '.join(rest)})" if words else f"Shell({program})"

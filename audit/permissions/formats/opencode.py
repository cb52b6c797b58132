"""The `permission` of OpenCode's opencode.json, of whose patterns the last that fits counts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audit.json_text import NotJson
from audit.json_text import read as read_json
from audit.permissions.calls import canonical_tool
from audit.permissions.formats.file import ASKED, LISTS, Read, Unreadable, Written, without_details
from audit.permissions.lines import is_about_line
from audit.permissions.matching import spelled_out
from audit.permissions.patterns import glob
from audit.permissions.rules import STRICTNESS, Rule
from config.home import PROGRAM

_NAMES = {"Bash": "bash", "Edit": "edit", "Read": "read", "WebFetch": "webfetch", "Agent": "task", "Skill": "skill"}
_TOOLS = {"bash", "edit", "read", "webfetch", "websearch", "glob", "grep", "list", "task", "skill"}
_PATTERNS = {"bash", "edit", "read"}
"""Whose patterns mean here what they mean there."""


def read(text: str, agent: str) -> Read:
    try:
        settings = read_json(text).value
        permission = settings["permission"]
    except (NotJson, KeyError, TypeError) as error:
        raise Unreadable('The file is JSON with "permission".') from error
    found = Read()
    for name, given in (permission if isinstance(permission, Mapping) else {"*": permission}).items():
        entries = list((given if isinstance(given, Mapping) else {"*": given}).items())
        for place, (pattern, said) in enumerate(entries):
            _add(str(name), str(pattern), said, [str(later) for later, _ in _looser(said, entries[place + 1 :])], found)
    found.rules = [rule._replace(agent=agent) for rule in found.rules]
    return found


def _looser(said: Any, later: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The entries behind one that would let more through."""
    own = STRICTNESS.get(LISTS.get(str(said), "allow"), 2)
    yield from (item for item in later if STRICTNESS.get(LISTS.get(str(item[1]), "deny"), 0) > own)


def _add(name: str, pattern: str, said: Any, looser: list[str], found: Read) -> None:
    verdict = LISTS.get(said) if isinstance(said, str) else None
    shown, is_all = f"{name} {pattern}: {said}"[:100], pattern == "*"
    exceptions = [later for later in looser if glob(pattern, later)]
    if verdict is None:
        found.notes.append(f"{shown} is no rule.")
    elif is_all and verdict == "confirm" and (exceptions or name == "*"):
        found.notes.append(f"{shown} is what a posture says here: {PROGRAM} rules posture strict.")
    elif name not in _TOOLS or "?" in pattern or (not is_all and name not in _PATTERNS):
        found.notes.append(f"{shown} cannot be said here and is left out.")
    else:
        if exceptions:
            found.notes.append(f"{shown} holds here for {', '.join(exceptions)[:80]} too: the strictest rule counts.")
        found.rules.append(Rule(tool=canonical_tool(name), specifier=_specifier(name, pattern), decision=verdict))


def _specifier(name: str, pattern: str) -> str:
    if pattern == "*":
        return ""
    path = pattern.replace("$HOME/", "~/", 1) if pattern.startswith("$HOME/") else pattern
    return f"/{path}" if name != "bash" and path.startswith("/") and not path.startswith("//") else path


def write(rules: list[Rule]) -> Written:
    """What lets most through stands first, since the last that fits counts."""
    permission: dict[str, dict[str, str]] = {}
    done = Written()
    for rule in sorted(rules, key=lambda rule: (-STRICTNESS[rule.decision], bool(rule.specifier))):
        pattern = _pattern(rule)
        if pattern is None:
            done.leave(rule, "OpenCode's permissions cannot say it")
        else:
            said = permission.setdefault(_NAMES[rule.tool], {})
            said.pop(pattern, None)
            said[pattern] = ASKED[rule.decision]
    done.notes += without_details(rules, ("reason", "agent", "match", "not_match"), "OpenCode's settings")
    done.text = json.dumps({"permission": permission}, indent=2, ensure_ascii=False) + "\n"
    return done


def _pattern(rule: Rule) -> str | None:
    name = _NAMES.get(rule.tool, "")
    if not rule.specifier:
        return "*" if name else None
    if name == "bash":
        return None if is_about_line(rule.specifier) or "?" in rule.specifier else spelled_out(rule.specifier)
    if name not in _PATTERNS or set(rule.specifier) & set("?["):
        return None
    is_below = rule.specifier.startswith("/") and not rule.specifier.startswith("//")  # of the project: a bare name
    return None if is_below else rule.specifier[rule.specifier.startswith("//") :]

"""What Copilot's command is told by its options: --allow-tool='shell(git:*)' --deny-tool='shell(git push)'."""

import re
import shlex

from audit.permissions.formats.file import Read, Unreadable, Written, without_details
from audit.permissions.formats.words import mcp_parts, mcp_rule, prefix_of
from audit.permissions.rules import Rule
from audit.verdicts import Verdict

_OPTIONS: dict[str, Verdict] = {"--allow-tool": "allow", "--deny-tool": "deny"}
_NAMES = {verdict: name for name, verdict in _OPTIONS.items()}
_KINDS = {"write": "Edit", "read": "Read"}


def read(text: str, agent: str) -> Read:
    try:
        words = shlex.split(text.replace("\\\n", " "), comments=True)
    except ValueError as error:
        raise Unreadable("The options cannot be told apart: a quote is not closed.") from error
    found = Read()
    while words:
        option, is_joined, value = words.pop(0).partition("=")
        if option in _OPTIONS:
            if not is_joined:
                value = words.pop(0) if words else ""
            _add(value, _OPTIONS[option], agent, found)
        elif option.startswith("-"):
            found.notes.append(f"{option[:60]} is no rule and is left out.")
    if not found.rules and not found.notes:
        raise Unreadable("There is no --allow-tool and no --deny-tool.")
    return found


def _add(value: str, verdict: Verdict, agent: str, found: Read) -> None:
    for item in re.findall(r"[^,(]+(?:\([^)]*\))?", value):
        if (rule := _rule(item.strip(), verdict)) is None:
            found.notes.append(f"{verdict} {item.strip()[:80]}: is no rule that can be said here.")
        else:
            found.rules.append(Rule(tool=rule[0], specifier=rule[1], decision=verdict, agent=agent))


def _rule(item: str, verdict: Verdict) -> tuple[str, str] | None:
    parts = re.fullmatch(r"([^()]+)(?:\(([^()]*)\))?", item)
    if parts is None:
        return None
    kind, inside = parts[1].strip(), (parts[2] or "").strip()
    if kind == "shell":
        # One that is denied is denied with whatever follows; one that is allowed is allowed as it stands.
        ending = " *" if inside.endswith(":*") or verdict == "deny" else ""
        stem = inside.removesuffix(":*").strip()
        return ("Bash", f"{stem}{ending}" if stem else "") if "*" not in stem else None
    if kind in _KINDS:
        return (_KINDS[kind], f"/{inside}" if inside.startswith("/") and not inside.startswith("//") else inside)
    if kind == "url":
        return ("WebFetch", f"domain:{inside}" if inside else "") if "/" not in inside else None
    return None if kind == "memory" or "*" in kind else (mcp_rule(kind, inside), "")


def write(rules: list[Rule]) -> Written:
    done, lines = Written(), []
    for rule in rules:
        value = _value(rule)
        if rule.decision == "confirm":
            done.leave(rule, "Copilot has no option for what is asked")
        elif value is None:
            done.leave(rule, "Copilot's options cannot say it")
        else:
            lines.append(f"{_NAMES[rule.decision]}={shlex.quote(value)}")
    done.notes += without_details(rules, ("reason", "agent", "match", "not_match"), "an option of Copilot")
    done.text = "\n".join(lines) + "\n"
    return done


def _value(rule: Rule) -> str | None:
    if prefix := prefix_of(rule):
        words, goes_on = prefix
        text = " ".join(words) + (":*" if goes_on else "")
        is_kept = goes_on or rule.decision == "allow"  # a denied one is read with whatever follows
        return f"shell({text})" if is_kept and not set(text) & set("(),") else None
    if rule.tool == "WebFetch":
        return f"url({rule.specifier.removeprefix('domain:')})" if rule.specifier else "url"
    if rule.specifier:
        return None
    if parts := mcp_parts(rule.tool):
        return parts[0] if parts[1] == "*" else f"{parts[0]}({parts[1]})"
    return {"Bash": "shell", "Edit": "write", "Read": "read"}.get(rule.tool)

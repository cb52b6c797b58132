"""The policies of Gemini CLI: TOML in `.gemini/policies`, of whose rules the one of the highest priority counts."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from audit.permissions.calls import canonical_tool
from audit.permissions.formats.file import Read, Unreadable, Written, text_of, without_details
from audit.permissions.formats.words import mcp_parts, mcp_rule, prefix_of
from audit.permissions.rules import Rule
from audit.verdicts import Verdict

_VERDICTS: dict[str, Verdict] = {"deny": "deny", "ask_user": "confirm", "allow": "allow"}
_DECISIONS = {verdict: name for name, verdict in _VERDICTS.items()}
_PRIORITIES: dict[Verdict, int] = {"deny": 300, "confirm": 200, "allow": 100}
_SHELL = "run_shell_command"
_TOOLS = {"Read": "read_file", "Edit": "replace", "Write": "write_file", "WebFetch": "web_fetch", "Bash": _SHELL}
_UNDERSTOOD = {"toolName", "mcpName", "commandPrefix", "decision", "priority", "denyMessage", "deny_message"}


def read(text: str, agent: str) -> Read:
    try:
        rules = tomllib.loads(text)["rule"]
    except (ValueError, KeyError, RecursionError) as error:
        raise Unreadable("The file is TOML with tables [[rule]].") from error
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Unreadable("The file is TOML with tables [[rule]].")
    found = Read()
    for number, rule in enumerate(rules, 1):
        _add(rule, f"Rule {number}", agent, found)
    if len({rule.get("priority") for rule in rules}) > 1:
        found.notes.append("Priorities are left out: here deny comes before confirm before allow.")
    return found


def _add(given: Mapping[str, Any], name: str, agent: str, found: Read) -> None:
    verdict = _VERDICTS.get(text_of(given.get("decision")))
    if verdict is None:
        found.notes.append(f"{name} has no decision of allow, deny or ask_user and is left out.")
        return
    if lost := sorted(set(given) - _UNDERSTOOD):
        found.notes.append(f"{name}: {', '.join(lost)[:80]} is not understood.")
        if verdict == "allow":  # without its conditions it would allow more
            found.notes.append(f"{name} allows only on conditions that are not understood and is left out.")
            return
    reason = text_of(given.get("denyMessage")) or text_of(given.get("deny_message"))
    for tool, specifier in _meant(given, name, found):
        found.rules.append(Rule(tool=tool, specifier=specifier, decision=verdict, reason=reason, agent=agent))


def _meant(given: Mapping[str, Any], name: str, found: Read) -> list[tuple[str, str]]:
    """The tools and specifiers that a rule stands for."""
    tools, prefixes = _texts(given.get("toolName", "*")), _texts(given.get("commandPrefix", []))
    if any("*" in prefix for prefix in prefixes):
        found.notes.append(f"{name} has a star in a prefix, which would mean more here, and is left out.")
        return []
    server = text_of(given.get("mcpName"))
    if server and "*" not in server:
        return [(mcp_rule(server, tool), "") for tool in tools]
    meant = []
    for tool in tools:
        if tool == _SHELL:
            meant += [("Bash", f"{prefix.strip()} *") for prefix in prefixes] or [("Bash", "")]
        elif server or prefixes or (tool != "*" and ("*" in tool or tool.startswith("mcp_"))):
            found.notes.append(f"{name} is about {tool[:60]}, which cannot be said here, and is left out.")
        else:
            meant.append(("*" if tool == "*" else canonical_tool(tool), ""))
    return meant


def _texts(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item.strip()]


def write(rules: list[Rule]) -> Written:
    done, tables = Written(), []
    for rule in rules:
        conditions = _conditions(rule)
        if conditions is None:
            done.leave(rule, "a policy of Gemini CLI cannot say it")
            continue
        told = {**conditions, "decision": _DECISIONS[rule.decision], "priority": _PRIORITIES[rule.decision]}
        if rule.reason and rule.decision == "deny":
            told["denyMessage"] = rule.reason
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
        tables.append("\n".join(["[[rule]]", *lines]) + "\n")
    done.notes += without_details(
        [rule._replace(reason="") if rule.decision == "deny" else rule for rule in rules],
        ("reason", "agent", "match", "not_match"),
        "a policy of Gemini CLI",
    )
    done.text = "\n".join(tables)
    return done


def _conditions(rule: Rule) -> dict[str, str] | None:
    if prefix := prefix_of(rule):
        words, goes_on = prefix
        return {"toolName": _SHELL, "commandPrefix": " ".join(words)} if goes_on else None
    if rule.specifier:
        return None
    if parts := mcp_parts(rule.tool):
        return {"mcpName": parts[0], "toolName": parts[1]}
    return {"toolName": _TOOLS.get(rule.tool, rule.tool)} if rule.tool in {*_TOOLS, "*"} else None

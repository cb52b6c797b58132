"""What a file of rules comes to, whosever it is, and an entry of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.permissions.rules import InvalidRule, Rule, parse_rule
from audit.verdicts import Verdict

LISTS: dict[str, Verdict] = {"deny": "deny", "ask": "confirm", "allow": "allow"}
"""What most agents call a verdict."""
ASKED = {verdict: name for name, verdict in LISTS.items()}


class Unreadable(ValueError):
    """The file is not of the format it should be."""


@dataclass(slots=True)
class Read:
    """Rules of a file, and what in it is no rule of ours."""

    rules: list[Rule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Written:
    """A file for another program, and which rules it cannot say."""

    text: str = ""
    notes: list[str] = field(default_factory=list)

    def leave(self, rule: Rule, why: str) -> None:
        """Name a rule that the file does not hold."""
        self.notes.append(f"{rule.decision} {rule.text}: {why}; the hook holds it.")


def without_details(rules: list[Rule], names: tuple[str, ...], who: str) -> list[str]:
    """A note on what a format has no place for."""
    count = sum(any(getattr(rule, name) for name in names) for rule in rules)
    what = ", ".join(names)
    return [f"{count} rules lose their {what}: {who} has no place for them."] if count else []


def add(found: Read, entry: Any, decision: Verdict, agent: str, tool: str = "") -> None:
    details: Mapping[str, Any] = entry if isinstance(entry, dict) else {"pattern": entry}
    text = details.get("pattern", details.get("rule"))
    lost = [name for name, value in details.items() if value and not _is_detail(name, value)]
    if lost and isinstance(text, str):
        found.notes.append(f"{text[:80]}: {', '.join(str(name)[:40] for name in lost)} is not understood and left out.")
    if not isinstance(text, str) or not text.strip():
        found.notes.append(f"An entry of {decision} is no rule, but {type(entry).__name__}.")
        return
    try:
        name, specifier = (tool, text.strip()) if tool else parse_rule(text)
    except InvalidRule as error:
        found.notes.append(error.detail)
        return
    found.rules.append(
        Rule(
            tool=name,
            specifier="" if specifier == "*" else specifier,
            decision=decision,
            reason=text_of(details.get("reason")),
            agent=text_of(details.get("agent")) or agent,
            match=examples_of(details.get("match")),
            not_match=examples_of(details.get("not_match")),
        )
    )


def _is_detail(name: Any, value: Any) -> bool:
    """Whether something said of a rule is kept with it."""
    if name in ("match", "not_match"):
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return name in ("pattern", "rule", "reason", "agent") and isinstance(value, str)


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""  # another value may be endless: YAML's aliases multiply


def examples_of(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()

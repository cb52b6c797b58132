"""A rule as a value: its text in Claude Code's syntax, and what makes it valid."""

import itertools
import re
from typing import Any, NamedTuple

from audit.verdicts import VERDICTS, Verdict

STRICTNESS: dict[str, int] = {"deny": 0, "confirm": 1, "allow": 2}
"""Deny before confirm before allow; nothing else orders rules."""

READING = frozenset({"Read", "Grep", "Glob", "LS", "NotebookRead"})
EDITING = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
MAX_TOOL, MAX_SPECIFIER, MAX_REASON, MAX_EXAMPLES, MAX_EXAMPLE = 128, 500, 1000, 50, 2000

TOOL_PATTERN = r"^[A-Za-z_*][A-Za-z0-9_.:*-]*\Z"
AGENT_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,31}\Z"
_BLANK, _CONTROL = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000", r"\x00-\x1f\x7f-\x9f"
SPECIFIER_PATTERN = rf"^[^{_BLANK}{_CONTROL}]([^{_CONTROL}]*[^{_BLANK}{_CONTROL}])?\Z"
"""TRIMMED_LINE of config.limits, which a hook has no time to import."""
TOOL_RULE = "Must be a tool's name such as Bash, Read, WebFetch or mcp__server__tool."
AGENT_RULE = "Must be a name such as claude, in lower case; empty for every agent."
SPECIFIER_RULE = f"Must have at most {MAX_SPECIFIER} characters, no control characters and no blank at its ends."
_PARAMETER = r"[A-Za-z_][A-Za-z0-9_]*:"


class InvalidRule(ValueError):
    """Why a rule cannot be kept: the field, and what to change."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class Rule(NamedTuple):
    """{agent?, tool, specifier?, decision, reason, match[], not_match[]}"""

    tool: str
    decision: Verdict
    specifier: str = ""
    reason: str = ""
    agent: str = ""
    """Empty for every agent."""
    match: tuple[str, ...] = ()
    """Examples that the rule must fit when it is saved."""
    not_match: tuple[str, ...] = ()
    uid: str = ""
    id: str = ""
    """Of a rule of a pack: the pack and what it is about, such as `git.reset`."""
    safer: str = ""
    """What to do instead."""
    spares: str = ""
    """What it is not about, of what is removed: `leftovers` (below /tmp, build folders), or all of the `project`."""

    @property
    def name(self) -> str:
        """What exceptions know it by: the id of a pack's, the uid of a team's."""
        return self.id or self.uid

    def is_named_in(self, ids: frozenset[str]) -> bool:
        """Whether ids of rules and names of packs name it."""
        return not ids.isdisjoint((self.uid, self.id, self.id.partition(".")[0]))

    @property
    def text(self) -> str:
        return rule_text(self.tool, self.specifier)

    def as_dict(self) -> dict[str, Any]:
        return {
            "agent": self.agent,
            "tool": self.tool,
            "specifier": self.specifier,
            "decision": self.decision,
            "reason": self.reason,
            "match": list(self.match),
            "not_match": list(self.not_match),
        }


def alternatives(rule: Rule) -> list[Rule]:
    """The rules that one of a pack stands for: in its patterns {a,b} is either. Elsewhere braces are themselves."""
    if not rule.id or "{" not in rule.specifier:
        return [rule]
    return [rule._replace(specifier=specifier) for specifier in either(rule.specifier)]


def either(pattern: str) -> list[str]:
    """Every way to read a pattern in which {a,b} is either."""
    pieces = re.split(r"\{([^{}]*)\}", pattern)
    choices = [piece.split(",") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def rule_text(tool: str, specifier: str) -> str:
    """`Tool` or `Tool(specifier)`."""
    return f"{tool}({specifier})" if specifier else tool


def parse_rule(text: str) -> tuple[str, str]:
    """The tool and specifier of `Tool(specifier)`. Raises InvalidRule."""
    text = text.strip()
    tool, opened, rest = text.partition("(")
    if not opened:
        return tool, ""
    if not rest.endswith(")"):
        raise InvalidRule("tool", f"{text[:80]!r} has no closing parenthesis. Write Tool or Tool(specifier).")
    return tool.strip(), rest[:-1].strip()


def check_form(rule: Rule) -> None:
    """Raise InvalidRule unless the fields of the rule can be kept and matched; its examples are checked elsewhere."""
    if rule.decision not in VERDICTS:
        raise InvalidRule("decision", f"Must be one of {', '.join(VERDICTS)}.")
    if rule.agent and not re.match(AGENT_PATTERN, rule.agent):
        raise InvalidRule("agent", AGENT_RULE)
    if len(rule.tool) > MAX_TOOL or not re.match(TOOL_PATTERN, rule.tool):
        raise InvalidRule("tool", TOOL_RULE)
    if rule.specifier and (len(rule.specifier) > MAX_SPECIFIER or not re.match(SPECIFIER_PATTERN, rule.specifier)):
        raise InvalidRule("specifier", SPECIFIER_RULE)
    if len(rule.reason) > MAX_REASON:
        raise InvalidRule("reason", f"Must have at most {MAX_REASON} characters.")
    for name, examples in (("match", rule.match), ("not_match", rule.not_match)):
        if len(examples) > MAX_EXAMPLES or any(not 0 < len(example) <= MAX_EXAMPLE for example in examples):
            raise InvalidRule(name, f"At most {MAX_EXAMPLES} examples of 1 to {MAX_EXAMPLE} characters each.")
    _check_specifier(rule)


def _check_specifier(rule: Rule) -> None:
    tool, specifier, allows = rule.tool, rule.specifier, rule.decision == "allow"
    if "*" in tool:
        _check_pattern_of_tools(rule)
    elif tool.startswith("mcp__") and specifier and not re.match(_PARAMETER, specifier):
        raise InvalidRule("specifier", "An MCP tool takes parameter:value, or no specifier.")
    elif tool == "SQL":
        _check_sql(rule)
    elif tool == "Bash":
        if ":*" in specifier[:-2]:
            raise InvalidRule("specifier", "`:*` stands only at the end; elsewhere write ` *`.")
    elif tool in READING | EDITING:
        _check_path(specifier)
    elif tool == "WebFetch":
        if specifier and not specifier.startswith("domain:"):
            raise InvalidRule("specifier", "Write WebFetch(domain:example.com).")
    elif allows and specifier and tool not in ("Agent", "Task", "Skill"):
        raise InvalidRule("specifier", f"{tool} can be allowed as a whole; by parameter it can be denied or confirmed.")


def _check_pattern_of_tools(rule: Rule) -> None:
    if rule.specifier:
        raise InvalidRule("specifier", "A pattern of tools takes no specifier.")
    server = re.match(r"mcp__[A-Za-z0-9.-]+(?:_[A-Za-z0-9.-]+)*__", rule.tool)
    if rule.decision == "allow" and rule.tool != "*" and not server:
        raise InvalidRule("tool", "To allow a pattern of tools, name the server first: mcp__server__*.")


def _check_sql(rule: Rule) -> None:
    if rule.decision == "allow":
        raise InvalidRule("decision", "Rules for SQL only narrow what a tool may do: use deny or confirm.")
    if not rule.specifier:
        raise InvalidRule("specifier", "Name the statements, such as `drop table *` or `delete * without where`.")


def _check_path(specifier: str) -> None:
    if specifier.startswith("!"):
        raise InvalidRule("specifier", "A path pattern cannot be negated; write a rule with another decision.")
    if ".." in specifier.split("/"):
        raise InvalidRule("specifier", "A path pattern cannot go up by `..`; begin it with // or ~/.")

"""A rule as a value: its text in Claude Code's syntax, and what makes it valid."""

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

Verdict = Literal["allow", "deny", "confirm"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
STRICTNESS: dict[str, int] = {"deny": 0, "confirm": 1, "allow": 2}
"""Deny before confirm before allow; nothing else orders rules."""

READING = frozenset({"Read", "Grep", "Glob", "LS", "NotebookRead"})
EDITING = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
MAX_TOOL, MAX_SPECIFIER, MAX_REASON, MAX_EXAMPLES, MAX_EXAMPLE = 128, 500, 1000, 50, 2000

_TOOL = re.compile(r"\*|[A-Za-z_*][A-Za-z0-9_.:*-]*")
_AGENT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*:")


class InvalidRule(ValueError):
    """Why a rule cannot be kept: the field, and what to change."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """{agent?, tool, specifier?, decision, reason, match[], not_match[]}"""

    tool: str
    specifier: str = ""
    decision: Verdict
    reason: str = ""
    agent: str = ""
    """Empty for every agent."""
    match: tuple[str, ...] = ()
    """Examples that the rule must fit when it is saved."""
    not_match: tuple[str, ...] = ()
    uid: str = ""

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
    if rule.agent and not _AGENT.fullmatch(rule.agent):
        raise InvalidRule("agent", "Must be a name such as claude, in lower case; empty for every agent.")
    if len(rule.tool) > MAX_TOOL or not _TOOL.fullmatch(rule.tool):
        raise InvalidRule("tool", "Must be a tool's name such as Bash, Read, WebFetch or mcp__server__tool.")
    if len(rule.specifier) > MAX_SPECIFIER or _CONTROL.search(rule.specifier):
        raise InvalidRule("specifier", f"Must have at most {MAX_SPECIFIER} characters and no control characters.")
    if rule.specifier != rule.specifier.strip():
        raise InvalidRule("specifier", "Must not begin or end with a blank.")
    if len(rule.reason) > MAX_REASON:
        raise InvalidRule("reason", f"Must have at most {MAX_REASON} characters.")
    for name, examples in (("match", rule.match), ("not_match", rule.not_match)):
        if len(examples) > MAX_EXAMPLES or any(not 0 < len(example) <= MAX_EXAMPLE for example in examples):
            raise InvalidRule(name, f"At most {MAX_EXAMPLES} examples of 1 to {MAX_EXAMPLE} characters each.")
    _check_specifier(rule)


def _check_specifier(rule: Rule) -> None:
    tool, specifier = rule.tool, rule.specifier
    if "*" in tool and specifier:
        raise InvalidRule("specifier", "A pattern of tools takes no specifier.")
    if tool.startswith("mcp__") and specifier and not _PARAMETER.match(specifier):
        raise InvalidRule("specifier", "An MCP tool takes parameter:value, or no specifier.")
    allows = rule.decision == "allow"
    if allows and "*" in tool and tool != "*" and not re.match(r"mcp__[A-Za-z0-9.-]+(?:_[A-Za-z0-9.-]+)*__", tool):
        raise InvalidRule("tool", "To allow a pattern of tools, name the server first: mcp__server__*.")
    if tool == "SQL":
        if allows:
            raise InvalidRule("decision", "Rules for SQL only narrow what a tool may do: use deny or confirm.")
        if not specifier:
            raise InvalidRule("specifier", "Name the statements, such as `drop table *` or `delete * without where`.")
    if tool == "Bash" and ":*" in specifier[:-2]:
        raise InvalidRule("specifier", "`:*` stands only at the end; elsewhere write ` *`.")
    if tool in READING | EDITING:
        if specifier.startswith("!"):
            raise InvalidRule("specifier", "A path pattern cannot be negated; write a rule with another decision.")
        if ".." in specifier.split("/"):
            raise InvalidRule("specifier", "A path pattern cannot go up by `..`; begin it with // or ~/.")
    elif tool == "WebFetch" and specifier and not specifier.startswith("domain:"):
        raise InvalidRule("specifier", "Write WebFetch(domain:example.com).")
    elif allows and specifier and tool not in ("Bash", "WebFetch", "Agent", "Task", "Skill"):
        raise InvalidRule("specifier", f"{tool} can be allowed as a whole; by parameter it can be denied or confirmed.")

"""Names in a rule that are almost those that calls have: a rule with such a name would never be about anything.

A hook has no time to import this; only a rule that is kept or looked at is checked.
"""

import re
from collections.abc import Collection

from audit.permissions.calls import canonical_tool
from audit.permissions.rules import EDITING, READING, InvalidRule, Rule

_OF_AGENTS = """
    Agent ApplyPatch AskUserQuestion Bash BashOutput CronCreate CronDelete CronList EnterPlanMode EnterWorktree
    ExitPlanMode ExitWorktree KillBash KillShell LSP ListMcpResourcesTool Monitor PowerShell ReadMcpResourceTool
    SendMessage Skill SlashCommand Task TaskCreate TaskGet TaskList TaskOutput TaskStop TaskUpdate TeamCreate TeamDelete
    TodoRead TodoWrite ToolSearch WebFetch WebSearch
"""
TOOLS = frozenset({*_OF_AGENTS.split(), *READING, *EDITING, "SQL"})
"""Tools as calls name them here; agents have others, too, and so have MCP servers."""
_STATEMENTS_TEXT = "alter create delete drop grant insert merge replace revoke select truncate update"
_STATEMENTS = frozenset(_STATEMENTS_TEXT.split())
_OBJECTS_TEXT = """
    column constraint database extension function index materialized policy procedure role schema sequence table
    temporary trigger type unique user view
"""
_OBJECTS = frozenset(_OBJECTS_TEXT.split())
_SHORTEST = 4
"""Characters of a name whose neighbour by one letter is a slip and not another name."""
_NESTED = re.compile(r"([A-Za-z_]\w*)\((.*)\)\Z", re.DOTALL)


def check_names(rule: Rule) -> None:
    """Raise InvalidRule where the tool, or a word of the specifier, is almost one that there is."""
    if meant := _meant_tool(rule.tool):
        detail = f"No call is of a tool {rule.tool}: write {meant}. If there is a tool of that very name, {rule.tool}*."
        raise InvalidRule("tool", detail)
    nested = _NESTED.match(rule.specifier)
    if nested and (nested[1] in TOOLS or _meant_tool(nested[1])):
        raise InvalidRule("specifier", f"Write {nested[2] or '*'} alone: the rule names its tool already.")
    if rule.tool == "SQL":
        _check_sql(rule.specifier.lower().split())


def _meant_tool(tool: str) -> str:
    """The tool that was meant, where the name is not that of one; nothing where it may be right."""
    if tool in TOOLS or "*" in tool or tool.startswith("mcp__"):
        return ""
    known = canonical_tool(tool)
    return known if known != tool else _nearest(tool, TOOLS)


def _check_sql(words: list[str]) -> None:
    known = [_STATEMENTS, _OBJECTS if words[:1] in (["alter"], ["create"], ["drop"]) else frozenset[str]()]
    for word, names in zip(words, known, strict=False):
        if "*" not in word and (meant := _nearest(word, names)):
            raise InvalidRule("specifier", f"No statement has the word {word} there: write {meant}.")


def _nearest(word: str, names: Collection[str]) -> str:
    """The name that differs by its case alone, or by one slip: a letter too many, too few, wrong, or two swapped."""
    if word in names:
        return ""
    alike = (name for name in names if name.casefold() == word.casefold())
    slips = (name for name in sorted(names) if len(name) >= _SHORTEST and is_slip(word.casefold(), name.casefold()))
    return next(alike, "") or next(slips, "")


def is_slip(word: str, name: str) -> bool:
    """Whether one edit makes one of the other."""
    short, long = sorted((word, name), key=len)
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, other = short[start:], long[start:]
    if len(long) - len(short) == 1:
        return rest == other[1:]
    if len(long) != len(short) or not rest:
        return False
    return rest[1:] == other[1:] or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])

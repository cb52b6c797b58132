"""What the files of agents have in common: prefixes of commands, and tools of MCP."""

from audit.permissions.lines import is_about_line
from audit.permissions.matching import spelled_out
from audit.permissions.rules import Rule


def prefix_of(rule: Rule) -> tuple[list[str], bool] | None:
    """The words of a command without a star, and whether others may follow; None for another pattern."""
    if rule.tool != "Bash" or not rule.specifier or is_about_line(rule.specifier):
        return None
    pattern = spelled_out(rule.specifier)
    words = pattern.removesuffix(" *").split()
    if not words or any("*" in word for word in words):
        return None
    return words, pattern.endswith(" *")


def mcp_rule(server: str, tool: str) -> str:
    """Our name of a tool of a server, or of all it has."""
    return f"mcp__{server}__{tool}" if tool and tool != "*" else f"mcp__{server}"


def mcp_parts(tool: str) -> tuple[str, str] | None:
    """Server and tool, which is `*` where all are meant; None for another tool."""
    if not tool.startswith("mcp__"):
        return None
    server, _, name = tool[5:].partition("__")
    return (server, name or "*") if server and "*" not in server else None

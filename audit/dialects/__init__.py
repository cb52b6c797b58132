"""The dialects in which agents ask before a tool call and tell after it: a module for each agent.

A hook is a process of its own that waits for every import, so only the dialect that is asked for is loaded.
"""

from importlib import import_module

from audit.dialects.dialect import Dialect, Malformed

__all__ = ["AGENTS", "Dialect", "Malformed", "dialect_of"]

AGENTS = (
    "claude", "codex", "cursor", "gemini", "qwen", "copilot", "kimi", "kiro", "devin", "cline", "opencode", "amp",
)  # fmt: skip


def dialect_of(agent: str) -> Dialect:
    """Raises Malformed for an agent that is none of AGENTS."""
    if agent not in AGENTS:
        raise Malformed(f"no agent {agent[:32]}; known are {', '.join(AGENTS)}")
    dialect: Dialect = import_module(f"audit.dialects.{agent}").DIALECT
    return dialect

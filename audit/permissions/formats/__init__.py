"""Rules in the files of others, a module for each. Nothing read here is ever run; what cannot be carried is named."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, get_args

from audit.permissions.formats import claude, codex, copilot, cursor, gemini, lists, opencode
from audit.permissions.formats.file import Read, Unreadable, Written
from audit.permissions.rules import Rule

__all__ = ["FORMATS", "Format", "Read", "Unreadable", "Written", "guess", "read", "write"]

Format = Literal["claude", "codex", "cursor", "gemini", "copilot", "opencode", "yaml"]
FORMATS: tuple[Format, ...] = get_args(Format)
MAX_CHARS = 1_000_000


class _Form(NamedTuple):
    read: Callable[[str, str], Read]
    write: Callable[[list[Rule]], Written]


_FORMS: dict[Format, _Form] = {
    "claude": _Form(claude.read, claude.write),
    "codex": _Form(codex.read, codex.write),
    "cursor": _Form(cursor.read, cursor.write),
    "gemini": _Form(gemini.read, gemini.write),
    "copilot": _Form(copilot.read, copilot.write),
    "opencode": _Form(opencode.read, opencode.write),
    "yaml": _Form(lists.read, lists.write),
}
_ENDINGS: dict[str, Format] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".rules": "codex",
    ".toml": "gemini",
    "opencode.json": "opencode",
    "opencode.jsonc": "opencode",
    "cli.json": "cursor",
    "cli-config.json": "cursor",
}


def guess(name: str, text: str) -> Format:
    """The format of a file by its name, else by how it begins."""
    if named := next((form for ending, form in _ENDINGS.items() if name.endswith(ending)), None):
        return named
    begins = text.lstrip()
    if "prefix_rule(" in text:
        return "codex"
    if begins.startswith("--"):
        return "copilot"
    if "[[rule]]" in text:
        return "gemini"
    return "claude" if begins.startswith("{") else "yaml"


def read(text: str, form: Format, agent: str = "") -> Read:
    """The rules of a file. Raises Unreadable; what a single entry gets wrong is a note."""
    if len(text) > MAX_CHARS:
        raise Unreadable(f"The file is longer than {MAX_CHARS:,} characters.")
    return _FORMS[form].read(text, agent)


def write(rules: Iterable[Rule], form: Format, agent: str = "") -> Written:
    """The rules for every agent and for this one, as a file."""
    rules = list(rules)
    spoken = [rule for rule in rules if rule.agent in ("", agent)]
    done = _FORMS[form].write(spoken)
    if left := len(rules) - len(spoken):
        done.notes.append(f"{left} rules for other agents are left out; name the agent to have its rules.")
    return done

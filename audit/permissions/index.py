"""Rules by what they can be about, so that each part of a call asks those alone: of the 204 shipped rules a handful.

A rule that is tied to a program or a tool stands under that name; one that is not, as `Bash(*)` or `mcp__*`, stands
under the kind of part alone and is always asked. What a rule then says is for `matching` to know.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from audit.permissions.calls import Call
from audit.permissions.matching import CommandPattern, Matcher
from audit.permissions.parts import Part
from audit.permissions.rules import EDITING, READING

Subject = tuple[str, str]
"""A kind of part and a name; without a name, any."""
_EVERY_KIND: list[Subject] = [(kind, "") for kind in ("command", "read", "write", "url", "sql", "tool")]
_KINDS = {
    **dict.fromkeys(READING, "read"),
    **dict.fromkeys(EDITING, "write"),
    "WebFetch": "url",
    "SQL": "sql",
}


class RuleIndex:
    """The rules that restrict, or those that allow, in their order."""

    def __init__(self, rules: Sequence[Matcher], subjects: Callable[[Matcher], Iterable[Subject]]) -> None:
        self.rules = rules
        self._places: defaultdict[Subject, list[int]] = defaultdict(list)
        for place, rule in enumerate(rules):
            for subject in subjects(rule):
                self._places[subject].append(place)

    def about(self, subjects: Iterable[Subject]) -> list[Matcher]:
        """The rules of any of the subjects, in their order."""
        places = {place for subject in subjects if subject in self._places for place in self._places[subject]}
        return [self.rules[place] for place in sorted(places)]


def restricted_by(item: Matcher) -> list[Subject]:
    """The subjects of a rule that denies or confirms."""
    if item.rule.tool == "*":
        return _EVERY_KIND
    if item.rule.tool != "Bash":
        return _of_tool(item.rule.tool)
    line = [("line", "")] if item.command is not None and item.command.is_about_line else []
    if item.command is not None and not item.command.is_about_command:
        return line
    if (program := _program(item.command)) is None:
        return [("command", ""), *line]
    # Under another case too: file systems that ignore it run the same program.
    return [("command", program), ("folded", program.casefold()), *line]


def allowed_by(item: Matcher) -> list[Subject]:
    """The subjects of a rule that allows."""
    if item.rule.tool == "*":
        return _EVERY_KIND
    if item.rule.tool != "Bash":
        return _of_tool(item.rule.tool)
    if item.command is None:
        return [("command", ""), ("read", ""), ("write", "")]  # redirects as well
    # A script that an allow rule names is no longer in doubt.
    return [("command", _program(item.command) or ""), ("doubt", "")]


def restrictable(part: Part, call: Call) -> list[Subject]:
    """What a rule that restricts the part may stand under."""
    if part.view is not None:
        names = [("command", name) for name in part.view.called]
        return [("command", ""), *names, ("folded", part.view.folded_name)]
    return _subjects(part, call)


def allowable(part: Part, call: Call) -> list[Subject]:
    """What a rule that allows the part may stand under."""
    if part.view is not None:
        return [("command", ""), *(("command", name) for name in part.view.allowed_called)]
    return _subjects(part, call)


def _subjects(part: Part, call: Call) -> list[Subject]:
    return [("tool", ""), ("tool", call.tool)] if part.kind == "tool" else [(part.kind, "")]


def _of_tool(tool: str) -> list[Subject]:
    """Of a rule for one tool, or for a pattern of tools."""
    if "*" in tool or tool.startswith("mcp__"):
        return [("tool", "")]
    named = [("tool", tool), ("tool", "Agent")] if tool == "Task" else [("tool", tool)]
    return [*named, (_KINDS[tool], "")] if tool in _KINDS else named


def _program(command: CommandPattern | None) -> str | None:
    """The one program a pattern is about."""
    return command.program if command is not None and "*" not in command.program else None

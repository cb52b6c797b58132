"""Rules by what they can be about, so that each part of a call asks those alone: of the 204 shipped rules a handful.

A rule that is tied to a program or a tool stands under that name; one that is not, as `Bash(*)` or `mcp__*`, stands
under the kind of part alone and is always asked. What a rule then says is for `matching` to know: it is made ready when
it is first asked, since a hook asks a handful and then ends.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from audit.permissions.calls import Call
from audit.permissions.lines import is_about_command, is_about_line
from audit.permissions.matching import Matcher, is_about_all, matchers, spelled_out
from audit.permissions.parts import Part
from audit.permissions.rules import EDITING, READING, Rule

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

    def __init__(self, rules: Sequence[Rule], subjects: Callable[[Rule], Iterable[Subject]]) -> None:
        self._rules = rules
        self._places: defaultdict[Subject, list[int]] = defaultdict(list)
        for place, rule in enumerate(rules):
            for subject in subjects(rule):
                self._places[subject].append(place)

    @property
    def rules(self) -> list[Matcher]:
        """All of them, in their order."""
        return [item for rule in self._rules for item in matchers(rule)]

    def about(self, subjects: Iterable[Subject]) -> list[Matcher]:
        """The rules of any of the subjects, in their order."""
        places = {place for subject in subjects if subject in self._places for place in self._places[subject]}
        return [item for place in sorted(places) for item in matchers(self._rules[place])]


def restricted_by(rule: Rule) -> list[Subject]:
    """The subjects of a rule that denies or confirms."""
    if rule.tool == "*":
        return _EVERY_KIND
    if rule.tool != "Bash":
        return _of_tool(rule.tool)
    is_line = is_about_line(rule.specifier)
    line = [("line", "")] if is_line else []
    if is_line and not is_about_command(rule.specifier):
        return line
    if (program := _program(rule)) is None:
        return [("command", ""), *line]
    # Under another case too: file systems that ignore it run the same program.
    return [("command", program), ("folded", program.casefold()), *line]


def allowed_by(rule: Rule) -> list[Subject]:
    """The subjects of a rule that allows."""
    if rule.tool == "*":
        return _EVERY_KIND
    if rule.tool != "Bash":
        return _of_tool(rule.tool)
    if is_about_all(rule):
        return [("command", ""), ("read", ""), ("write", "")]  # redirects as well
    # A script that an allow rule names is no longer in doubt.
    return [("command", _program(rule) or ""), ("doubt", "")]


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


def _program(rule: Rule) -> str | None:
    """The one program a rule is about."""
    program = "*" if is_about_all(rule) else spelled_out(rule.specifier).split(None, 1)[0]
    return None if "*" in program else program

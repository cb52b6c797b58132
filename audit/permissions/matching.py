"""Whether a rule fits a part of a call."""

from functools import lru_cache
from typing import Literal, NamedTuple

from audit.permissions.calls import Call
from audit.permissions.lines import fits_line, is_about_command, is_about_line, operator_in
from audit.permissions.parts import Part, parts_of
from audit.permissions.patterns import PathPattern, command_glob, domain, glob
from audit.permissions.rules import EDITING, READING, InvalidRule, Rule, alternatives, check_form
from audit.permissions.sides import CommandView
from audit.shell.words import UNKNOWN, plain

Fit = Literal["yes", "maybe", "no"]


def spelled_out(specifier: str) -> str:
    """`git push:*` is `git push *`; `git push * :*` is about a word that begins with a colon, not about a prefix."""
    is_prefix = specifier.endswith(":*") and not specifier.endswith(" :*")
    return f"{specifier[:-2]} *" if is_prefix else specifier


class CommandPattern(NamedTuple):
    """The specifier of a Bash rule."""

    pattern: str
    program: str
    """Its first word, which may hold a star."""
    words: tuple[str, ...]
    """The words after the program that are no options."""
    options: tuple[str, ...]
    first: str = ""
    """The first of its words, unless that holds a star."""
    is_about_line: bool = False
    is_about_command: bool = True

    @classmethod
    def of(cls, specifier: str) -> "CommandPattern":
        pattern = spelled_out(specifier)
        program, *rest = pattern.split()
        options = tuple(word for word in rest if word.startswith("-") and len(word) > 1 and word != "--")
        words = tuple(word for word in rest if word not in options)
        first = words[0] if words and "*" not in words[0] else ""
        is_line = is_about_line(specifier)
        return cls(pattern, program, words, options, first, is_line, not is_line or is_about_command(specifier))

    def restricts(self, view: CommandView) -> Fit:
        """Whether the pattern means this command, however it is spelled; `maybe` if an unknown part decides."""
        fit = self._restricts(view)
        if fit != "yes" and any(self._restricts(other) == "yes" for other in view.meant):
            return "yes"
        return fit

    def _restricts(self, view: CommandView) -> Fit:
        if "*" not in self.program:  # most rules are about another program: told without a glob
            is_meant = self.program in view.called
        else:
            is_meant = any(glob(self.program, name) for name in view.called)
        if not is_meant:
            # File systems that ignore case run it.
            return "maybe" if glob(self.program.casefold(), view.folded_name) else "no"
        if self.first and self.first not in view.tokens and not view.has_unknown:
            return "no"  # most rules of a program are about another subcommand: told without a glob
        if any(command_glob(self.pattern, text) for text in view.texts):
            return "yes"
        if self.options and self._fits_as_set(view):
            return "yes"
        bare = " ".join(view.operands)
        if not self.options and view.option_words and command_glob(" ".join(self.words), bare):
            return "yes"
        return "maybe" if view.has_unknown and self._aligns(view) else "no"

    def _fits_as_set(self, view: CommandView) -> bool:
        if not all(view.has_option(option) for option in self.options):
            return False
        wanted = " ".join(self.words)
        return (
            not wanted
            or command_glob(wanted, " ".join(view.operands))
            or command_glob(f"{wanted} *", " ".join(view.operands))
        )

    def names(self, inner: CommandView) -> bool:
        """Whether the pattern names, without a star, a program that stands among the arguments of another."""
        words, outer = inner.words, inner.command.outer
        literal = next((place for place, word in enumerate(self.pattern.split()) if "*" in word), len(outer))
        last = len(outer) - max(len(words) - 1, 1)  # what comes from an input stands behind what is written
        place = next((place for place in range(last, 0, -1) if plain(outer[place]) == words[0]), len(outer))
        return place < literal

    def _aligns(self, view: CommandView) -> bool:
        """Whether nothing that is known of the arguments contradicts the pattern."""
        if not view.may_hold_options and not all(view.has_option(option) for option in self.options):
            return False
        for wanted, word in zip(self.words, view.operands, strict=False):
            if "*" in wanted or UNKNOWN in word:
                return True
            if wanted != word:
                return False
        return len(view.operands) >= len(self.words) or any(UNKNOWN in word for word in view.words[1:])

    def allows(self, view: CommandView) -> bool:
        """Whether the pattern means this very command, spelled like this."""
        if "*" not in self.program and self.program not in view.allowed_called:
            return False
        return any(command_glob(self.pattern, text) for text in view.allowed_texts)


class Matcher(NamedTuple):
    """A rule made ready: its patterns are read once."""

    rule: Rule
    command: CommandPattern | None = None
    path: PathPattern | None = None

    def restricts(self, part: Part, call: Call) -> Fit:
        """Whether a deny or confirm rule is about this part."""
        rule = self.rule
        if rule.tool == "*":
            return "yes" if part.kind not in ("doubt", "line") else "no"
        match part.kind:
            case "command":
                if rule.tool != "Bash" or (self.command and not self.command.is_about_command):
                    return "no"
                return self.command.restricts(part.view) if self.command and part.view else "yes"
            case "line":
                is_meant = rule.tool == "Bash" and self.command is not None and self.command.is_about_line
                return "yes" if is_meant and fits_line(rule.specifier, part.text) else "no"
            case "read" | "write":
                return self._restricts_file(part, call)
            case "url":
                if rule.tool != "WebFetch":
                    return "no"
                return "yes" if not rule.specifier or domain(rule.specifier[7:], part.host) else "no"
            case "sql":
                return "yes" if rule.tool == "SQL" and command_glob(rule.specifier.lower(), part.text.lower()) else "no"
            case "tool":
                return self._restricts_tool(call)
        return "no"

    def _restricts_file(self, part: Part, call: Call) -> Fit:
        names = READING if part.kind == "read" else EDITING
        if self.rule.tool not in names:
            return "no"
        if self.path is None:
            # A bare Edit means every tool that edits; another bare name means that tool.
            whole = self.rule.tool in ("Edit", "Read") or self.rule.tool == call.tool
            return "yes" if whole and (part.needs_rule or part.redirect) else "no"
        for path in part.paths:
            for folder in part.folders:
                if self.path.fits(path, folder=folder, root=call.project, home=call.home, loosely=True):
                    return "yes"
        if not part.segment or not self.path.may_fit(part.segment, part.context, adrift=part.adrift):
            return "no"
        lies_there = not part.below or any(
            self.path.may_lie_below(below, folder=folder, root=call.project, home=call.home)
            for below in part.below
            for folder in part.folders
        )
        return "maybe" if lies_there else "no"

    def _restricts_tool(self, call: Call) -> Fit:
        if not _names_tool(self.rule.tool, call.tool):
            if call.tool.startswith("mcp__unknown__") and self.rule.tool.startswith("mcp__"):
                return "maybe" if self.rule.tool.endswith(call.tool.removeprefix("mcp__unknown")) else "no"
            return "no"
        return "yes" if not self.rule.specifier or _fits_parameter(self.rule, call) else "no"

    def allows(self, part: Part, call: Call) -> bool:
        """Whether an allow rule permits this part."""
        rule = self.rule
        if rule.tool == "*":
            return part.kind != "doubt"
        match part.kind:
            case "command":
                if rule.tool != "Bash" or part.view is None:
                    return False
                return self.command is None or self.command.allows(part.view)
            case "read" | "write":
                return self._allows_file(part, call)
            case "url":
                return rule.tool == "WebFetch" and (not rule.specifier or domain(rule.specifier[7:], part.host))
            case "tool":
                return _names_tool(rule.tool, call.tool) and (not rule.specifier or _fits_parameter(rule, call))
            case "doubt":
                return bool(part.script) and self._names_script(part.script)
        return False

    def _allows_file(self, part: Part, call: Call) -> bool:
        rule = self.rule
        if part.redirect and rule.tool == "Bash":
            return self.command is None  # every use of the shell is allowed
        if rule.tool not in (READING if part.kind == "read" else EDITING):
            return False
        if self.path is None:
            return rule.tool in ("Edit", "Read") or rule.tool == call.tool
        if not part.paths or part.segment:
            return False
        return all(self.path.fits(path, folder=call.cwd, root=call.project, home=call.home) for path in part.paths)

    def _names_script(self, script: str) -> bool:
        if self.rule.tool != "Bash" or self.command is None:
            return False
        return script in self.command.pattern.split() and "*" not in script


def _names_tool(pattern: str, tool: str) -> bool:
    if pattern == tool or (pattern == "Task" and tool == "Agent"):
        return True
    if pattern.startswith("mcp__") and "__" not in pattern[5:]:  # a whole server
        return tool.startswith(f"{pattern}__") or (pattern.endswith("*") and glob(pattern, tool))
    return "*" in pattern and glob(pattern, tool)


def _fits_parameter(rule: Rule, call: Call) -> bool:
    named = {"Agent": "subagent_type", "Task": "subagent_type", "Skill": "skill"}.get(rule.tool)
    if named and ":" not in rule.specifier:
        return glob(rule.specifier, str(call.input.get(named, "")))
    name, _, pattern = rule.specifier.partition(":")
    return name in call.input and glob(pattern, str(call.input[name]))


@lru_cache(maxsize=4096)
def matcher(rule: Rule) -> Matcher:
    """The rule made ready to match."""
    if is_about_all(rule):
        return Matcher(rule)
    if rule.tool == "Bash":
        return Matcher(rule, command=CommandPattern.of(rule.specifier))
    if rule.tool in READING | EDITING:
        if rule.specifier in ("*", "**"):
            return Matcher(rule)
        return Matcher(rule, path=PathPattern.of(rule.specifier))
    return Matcher(rule)


@lru_cache(maxsize=4096)
def matchers(rule: Rule) -> tuple[Matcher, ...]:
    """The rule made ready to match; one of a pack as all of those it stands for."""
    return tuple(matcher(one) for one in alternatives(rule))


def is_about_all(rule: Rule) -> bool:
    """Whether it is about every use of its tool."""
    return not rule.specifier or (rule.tool == "Bash" and rule.specifier in ("*", ":*"))


def check(rule: Rule) -> None:
    """Raise InvalidRule unless the rule can be kept and its examples come out as they say."""
    from audit.permissions.names import check_names  # hooks, which match, keep no rule

    check_form(rule)
    check_names(rule)
    ready = matcher(rule)
    if rule.tool == "Bash" and rule.decision == "allow" and (operator := operator_in(rule.specifier)):
        raise InvalidRule(
            "specifier",
            f"Never matches: each command is allowed by itself, and `{operator}` is part of none. Write one for each.",
        )
    for name, examples, wanted in (("match", rule.match, True), ("not_match", rule.not_match, False)):
        for example in examples:
            if _fits_example(ready, example) is not wanted:
                verb = "does not fit" if wanted else "fits"
                raise InvalidRule(name, f"{rule.text} {verb} the example {example[:200]!r}. Correct one of the two.")


def _fits_example(ready: Matcher, example: str) -> bool:
    return fits(ready, example_call(ready.rule, example)) == "yes"


def fits(ready: Matcher, call: Call) -> Fit:
    """Whether a rule is about a call: an allow rule about all of it, another about any part."""
    parts = [part for part in parts_of(call) if part.kind != "doubt"]
    if ready.rule.decision == "allow":
        needing = [part for part in parts if part.needs_rule]
        return "yes" if needing and all(ready.allows(part, call) for part in needing) else "no"
    found = {ready.restricts(part, call) for part in parts}
    return "yes" if "yes" in found else "maybe" if "maybe" in found else "no"


def example_call(rule: Rule, example: str) -> Call:
    """The call an example means: a command, a path, an address, SQL, or else a tool or a parameter's value."""
    if rule.tool in ("Bash", "*"):
        tool, parameter = "Bash", "command"
    elif rule.tool in READING | EDITING:
        tool, parameter = rule.tool, "file_path"
    elif rule.tool == "WebFetch":
        tool, parameter = rule.tool, "url"
    elif rule.tool == "SQL":
        tool, parameter = rule.tool, "sql"
    elif rule.specifier:
        tool, parameter = rule.tool, rule.specifier.partition(":")[0] if ":" in rule.specifier else "subagent_type"
    else:
        tool, parameter = example, "example"
    return Call(tool=tool, input={parameter: example}, cwd="/project", home="/home/you")

"""How a pack is written, and read.

A line without an indent says what the patterns below it mean: `deny name: reason -> what to do instead`. The id of the
rules is the pack's name and this one, such as `git.reset`. A pattern is one of Bash unless it names another tool, as
`Read(.env)` does, and {a,b} stands for either: of programs at once, of other words once the program is asked about.
`spares leftovers` or `spares project` behind the verdict: not where that is all that would be removed.
"""

import re
from collections.abc import Iterator

from audit.permissions.rules import Rule, either, parse_rule
from audit.verdicts import Verdict

_VERDICTS: dict[str, Verdict] = {"deny": "deny", "ask": "confirm", "allow": "allow"}
_HEADING = re.compile(r"(deny|ask|allow)(?: spares (leftovers|project))? ([a-z0-9-]+): (.+?)(?: -> (.+))?")
_PROGRAM = re.compile(r"(?:\{[^{}]*\}|[^ {])+")
_TOOL = re.compile(r"(?:Read|Edit|SQL|WebFetch)\(.+\)")


def pack(name: str, text: str) -> list[Rule]:
    """The rules of a pack's text. Raises ValueError for a line that is none."""
    found: list[Rule] = []
    heading: re.Match[str] | None = None
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.startswith(" "):
            if heading is None:
                raise ValueError(f"{name}: a pattern before any heading: {line}")
            found += _rules(name, heading, line.strip())
        elif (heading := _HEADING.fullmatch(line)) is None:
            raise ValueError(f"{name}: not a heading: {line}")
    return found


def _rules(name: str, heading: re.Match[str], line: str) -> Iterator[Rule]:
    verdict, spared, part, reason, safer = heading.groups()
    tool, specifier = parse_rule(line) if _TOOL.fullmatch(line) else ("Bash", line)
    first = _PROGRAM.match(specifier) if tool == "Bash" else None
    program, rest = (first[0], specifier[first.end() :]) if first else ("", specifier)
    for called in either(program):
        yield Rule(
            tool=tool,
            specifier=f"{called}{rest}",
            decision=_VERDICTS[verdict],
            reason=reason,
            id=f"{name}.{part}",
            safer=safer or "",
            spares=spared or "",
        )

"""What a client may leave to its agent while it cannot reach us: calls that no rule which denies or asks can be about.

A client is one file and judges no shell, so it is told less than the rules say, never more: pieces that every path of
a rule has, and programs of which no rule speaks and whose arguments are data.
"""

from functools import lru_cache
from typing import Any

from django.conf import settings

from audit.dialects import Dialect, dialect_of
from audit.permissions import calls, hooks, kept
from audit.permissions.bounds import Bounds
from audit.permissions.calls import Call
from audit.permissions.lines import is_about_command, is_about_line
from audit.permissions.matching import is_about_all, spelled_out
from audit.permissions.patterns import PathPattern, glob
from audit.permissions.posture import ASKS_NOBODY, STRICT
from audit.permissions.rules import EDITING, READING, Rule, alternatives
from audit.shell.known import KNOWN
from audit.shell.programs import NEUTRAL, handler, ordinary

_FORMS = "{0}; {0} x; {0} -r x/y; {0} -r x .; {0} -- x"
_FILES = ("Read", "Edit", "Write")
_CONTENTS = """
    content contents old_string new_string replace_all offset limit old_str new_str expected_replacements instruction
    start_line end_line view_range insert_line insert_text
"""
_ASIDES = "description timeout run_in_background is_background"


def told(agent: str) -> dict[str, Any] | None:
    """What to tell the client of an agent, None where nothing may go on without us."""
    if not settings.HOOK_OFFLINE_HOURS or not _is_plain(dialect_of(agent)):
        return None
    known = _of(agent, kept.bounds())
    return known and {"hours": settings.HOOK_OFFLINE_HOURS, **known}


def _is_plain(dialect: Dialect) -> bool:
    """Whether a payload says where every dialect has it what is asked, which is all that a client knows."""
    own = type(dialect)
    changed = (
        name for name in ("event", "tool", "arguments", "unfold") if getattr(own, name) != getattr(Dialect, name)
    )
    return not any(changed) and not dialect.stands_alone


@lru_cache(maxsize=32)
def _of(agent: str, bounds: Bounds) -> dict[str, Any] | None:
    """None where what no rule speaks of is asked, or where a rule or a budget is about whatever an agent does."""
    restricting = [rule for rule in bounds.restricting if rule.agent in ("", agent)]
    if bounds.may_deny_all or STRICT in bounds.postures_of(agent) or any(rule.tool == "*" for rule in restricting):
        return None
    of_files = [one for rule in restricting if rule.tool in READING | EDITING for one in alternatives(rule)]
    pieces = {tuple(PathPattern.of(rule.specifier).pieces) for rule in of_files}
    if () in pieces:
        return None
    moments = dialect_of(agent).moments
    return {
        "before": [name for name, moment in moments.items() if moment in ("before", "permission")],
        "after": [name for name, moment in moments.items() if moment == "after"],
        "modes": list(hooks.MODES),
        "asks_nobody": sorted(ASKS_NOBODY),
        "files": [name for tool in _FILES for name in calls.names_of(tool) if not _is_named(tool, restricting)],
        "paths": list(calls.PATHS),
        "contents": _CONTENTS.split(),
        "pieces": sorted(pieces),
        "shells": [] if _is_named("Bash", restricting) else calls.names_of("Bash"),
        "asides": _ASIDES.split(),
        "programs": _programs(agent, bounds, [rule for rule in restricting if rule.tool == "Bash"]),
    }


def _is_named(tool: str, restricting: list[Rule]) -> bool:
    """Whether a rule is about the tool by a parameter or a pattern of names, of which a client knows nothing."""
    return any("*" in rule.tool and tool.startswith(rule.tool.partition("*")[0]) for rule in restricting)


def _programs(agent: str, bounds: Bounds, restricting: list[Rule]) -> list[str]:
    """Those whose plain commands no rule can be about."""
    patterns = {_program(one).casefold() for rule in restricting for one in alternatives(rule)}
    return [
        name
        for name in sorted(KNOWN | NEUTRAL)
        if not any(glob(pattern, name) for pattern in patterns) and _is_left(agent, bounds, name)
    ]


def _program(rule: Rule) -> str:
    """A glob of the programs that a rule of Bash is about; that of rules about operators, which plain commands lack,
    is of none."""
    if is_about_line(rule.specifier) and not is_about_command(rule.specifier):
        return ""
    return "*" if is_about_all(rule) else spelled_out(rule.specifier).split(None, 1)[0]


def _is_left(agent: str, bounds: Bounds, program: str) -> bool:
    if handler([program]).handle is not ordinary:
        return False
    call = Call("Bash", {"command": _FORMS.format(program)}, agent, "/project", "/project", "/home/you")
    decision = bounds.decide(call)
    return decision.decision == "allow" or decision.is_left

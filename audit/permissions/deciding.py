"""The decision on a tool call: every part is judged, and the strictest judgement is the answer."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from audit.permissions.calls import Call
from audit.permissions.index import RuleIndex, allowable, allowed_by, restrictable, restricted_by
from audit.permissions.matching import Fit, Matcher, matcher
from audit.permissions.parts import Part, parts_of
from audit.permissions.patterns import absolute
from audit.permissions.posture import STRICT, Posture
from audit.permissions.rules import EDITING, READING, STRICTNESS, Rule
from audit.permissions.sides import CommandView
from audit.permissions.spared.leftovers import removes_only
from audit.permissions.spared.rehearsals import only_tells
from audit.shell.known import KNOWN
from audit.shell.words import UNKNOWN, plain
from audit.verdicts import Verdict

# They print or look up the names they are given, and open nothing.
_ONLY_NAMES_FILES = {"echo", "printf", ":", "true", "false", "test", "[", "ls", "stat", "which"}
_ONLY_NAMES_FILES |= {"basename", "dirname", "realpath", "readlink"}
MAX_DEPTH = 3
"""Of unknown programs among the arguments of unknown programs."""
MAX_LOOKED_INTO = 40
"""Words of an unknown program that are tried as a command."""


class Judgement(NamedTuple):
    """What the rules say of one part."""

    part: Part
    decision: Verdict | None
    """None when no rule need allow it and none restricts it."""
    rule: Rule | None
    reason: str
    is_unspoken: bool = False
    """No rule speaks of it, and nothing in it is in doubt."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.part.kind,
            "text": self.part.text[:500],
            "via": list(self.part.via),
            "decision": self.decision or "allow",
            "rule": self.rule.text if self.rule else None,
            "reason": self.reason,
        }


class Asked(NamedTuple):
    """What became of asking a person, where the agent has nobody to ask."""

    sentence: str
    approval: int | None = None
    """The number of the request, if there is one."""


class Decision(NamedTuple):
    """The answer: what, by which rule, because of which part."""

    decision: Verdict
    rule: Rule | None
    reason: str
    part: str
    judgements: Sequence[Judgement]
    posture: Posture = STRICT
    asked: Asked | None = None

    @property
    def is_left(self) -> bool:
        """Whether nothing is answered, so that the agent's own permissions decide."""
        if self.decision == "deny":
            return False
        if self.posture == "open":
            return True
        return self.is_open or (self.posture == "balanced" and self.is_unspoken)

    @property
    def is_open(self) -> bool:
        """No rule speaks of the call and it is no command: the agent's own settings may decide."""
        if self.rule is not None:
            return False
        return all(item.part.aside or item.part.kind not in ("command", "doubt") for item in self.judgements)

    @property
    def is_unspoken(self) -> bool:
        """Only because no rule speaks of something the call has to be asked."""
        if self.decision != "confirm":
            return False
        return all(item.is_unspoken for item in self.judgements if item.decision == "confirm")

    def as_dict(self) -> dict[str, Any]:
        return {
            "decision": self.decision,
            "open": self.decision == "confirm" and self.is_left,
            "rule": self.rule.text if self.rule else None,
            "rule_id": self.rule.name if self.rule else None,
            "reason": self.reason,
            "safer": self.rule.safer if self.rule and self.decision != "allow" else "",
            "part": self.part[:500],
            "commands": [judgement.as_dict() for judgement in self.judgements],
        }


class RuleSet:
    """Rules made ready, restricting ones apart from allowing ones."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = list(rules)
        deny, confirm, allow = ([rule for rule in self.rules if rule.decision == verdict] for verdict in STRICTNESS)
        self._restricting = RuleIndex([*deny, *confirm], restricted_by)
        self._allowing = RuleIndex(allow, allowed_by)
        named = [matcher(rule) for rule in (*deny, *confirm) if _may_be_named(rule)]
        self._files = [(item.path.literal, item) for item in named if item.path]
        self._read_files = [(literal, item) for literal, item in self._files if item.rule.tool in READING]

    def decide(self, call: Call) -> Decision:
        """Judge every part of the call. Never raises for what a call holds."""
        judged = [self._judge(part, call) for part in parts_of(call)]
        judgements = [item for item in judged if item.part.kind != "line" or item.decision is not None]
        counted = [item for item in judgements if item.decision is not None]
        if not counted:
            reason = _unmatched("the call")
            return Decision(decision="confirm", rule=None, reason=reason, part=call.tool, judgements=judgements)
        worst = min(counted, key=_severity)
        decision = worst.decision or "confirm"
        return Decision(
            decision=decision, rule=worst.rule, reason=worst.reason, part=worst.part.text, judgements=judgements
        )

    def speaking(self, call: Call) -> Iterator[tuple[Part, Rule, Fit]]:
        """Every rule that restricts a part of the call or may do so, and the first that allows it."""
        for part in parts_of(call):
            for item, fit in self._restrictions(part, call):
                yield part, item.rule, fit
            if (allowed := self._allowed(part, call)) is not None:
                yield part, allowed.rule, "yes"

    def _judge(self, part: Part, call: Call) -> Judgement:
        if restriction := min(self._restrictions(part, call), key=_weight, default=None):
            item, fit = restriction
            if fit == "maybe":
                doubt = " may apply: part of it is only known when it runs"
                return _judged(part, "confirm", item.rule, _because(item.rule, part) + doubt)
            return _judged(part, item.rule.decision, item.rule, _because(item.rule, part))
        if part.view is not None and (told := self._named_file(part, call) or self._hidden(part.view, call)):
            return _judged(part, "confirm", *told)
        if part.kind == "line":
            return _judged(part, None, None, "")
        if (allowed := self._allowed(part, call) or self._allowed_with_runner(part, call)) is not None:
            return _judged(part, "allow", allowed.rule, _because(allowed.rule, part))
        if part.kind == "doubt":
            return _judged(part, "confirm", None, f"cannot be seen through: {part.text}")
        if not part.needs_rule:
            return _judged(part, None, None, "")
        return Judgement(part, "confirm", None, _unmatched(part.text), is_unspoken=True)

    def _allowed(self, part: Part, call: Call) -> Matcher | None:
        asked = self._allowing.about(allowable(part, call))
        return next((item for item in asked if _speaks_of(item, call) and item.allows(part, call)), None)

    def _allowed_with_runner(self, part: Part, call: Call) -> Matcher | None:
        """The rule that allows a program as an argument of its runner, naming both: `uv run pytest *`."""
        if part.view is None or part.view.runner is None:
            return None
        runner = part._replace(view=part.view.runner)
        found = self._allowed(runner, call)
        return found if found and found.command and found.command.names(part.view) else None

    def _restrictions(self, part: Part, call: Call) -> Iterator[tuple[Matcher, Fit]]:
        """The rules that restrict the part or may do so, denying ones first."""
        for item in self._restricting.about(restrictable(part, call)):
            if not _speaks_of(item, call) or (fit := item.restricts(part, call)) == "no":
                continue
            if not (item.rule.id and _is_spared(item.rule, fit, part, call)):
                yield item, fit

    def _named_file(self, part: Part, call: Call) -> tuple[Rule, str] | None:
        """A restricted file among the words of any command: nobody can say of every program what it does with it."""
        view = part.view
        if view is None or view.command.name in _ONLY_NAMES_FILES:
            return None
        text = " ".join(view.words).casefold()
        files = self._read_files if view.only_reads else self._files
        likely = [item for literal, item in files if literal in text and _speaks_of(item, call)]
        for name in view.file_names if likely else ():
            for folder in part.folders:
                path = absolute(name, folder=folder, home=call.home)
                for item in likely:
                    if item.path and item.path.fits(
                        path, folder=folder, root=call.project, home=call.home, loosely=True
                    ):
                        return item.rule, f"{view.command.name} may use what {item.rule.text} is about: {name[:200]}"
        return None

    def _hidden(self, view: CommandView, call: Call, depth: int = 0) -> tuple[Rule | None, str] | None:
        """What a program nobody here knows may run: a command among its arguments that is restricted or in doubt."""
        name = view.command.name
        if name in KNOWN or not view.command.ordinary:
            return None
        words = list(view.command.words[:MAX_LOOKED_INTO])
        values = list(dict.fromkeys(value for word in words[1:] for value in _values(word)))
        codes: list[str | list[str]] = [words[index:] for index in range(1, len(words)) if words[index] != "."]
        codes += [[value] for value in values if " " not in value]
        codes += [text.lstrip("!+~-") for text in (*map(plain, words[1:]), *values) if " " in text]
        for code in codes:
            if found := self._inside(code, call, depth):
                rule, about = found
                return rule, f"{name} may run what {about}: {view.command.text[:200]}"
        return None

    def _inside(self, code: str | list[str], call: Call, depth: int) -> tuple[Rule | None, str] | None:
        """Why code that may be run needs a person: a rule it would break, or something that cannot be seen through."""
        parts = parts_of(call.running(code))
        for part in parts:
            for item, fit in self._restrictions(part, call):
                if fit == "yes" and not (isinstance(code, list) and _is_mild(item.rule)):
                    return item.rule, f"{item.rule.text} is about"
        views = [part.view for part in parts if part.view is not None]
        doubted = any(part.kind == "doubt" for part in parts)
        computed = any(UNKNOWN in view.words[0] for view in views)
        if doubted and (computed or any(len(view.words) > 1 and not view.command.ordinary for view in views)):
            return None, "cannot be seen through"
        if isinstance(code, list):
            return None
        if depth >= MAX_DEPTH or any(self._hidden(view, call, depth + 1) for view in views):
            return None, "cannot be seen through"
        return self._named_program(code, call) if doubted or "(" in code else None

    def _named_program(self, text: str, call: Call) -> tuple[Rule, str] | None:
        """The rule whose program is named in text that is no shell code."""
        tokens = re.split(r"[^\w./+-]+", text)
        for item in self._restricting.about([("command", token) for token in tokens]):
            if item.command and item.command.program in tokens and _speaks_of(item, call):
                return item.rule, f"{item.rule.text} is about"
        return None


def _values(word: str) -> list[str]:
    """What an argument may hold behind its name: `--run=x`, `exec:x`, `-ax`."""
    word = plain(word)
    attached = word[2:] if word.startswith("-") and not word.startswith("--") else ""
    found = [attached, word.partition("=")[2], *re.split(r"[=:,]", word)]
    return [value.strip() for value in found if value.strip() and value != word]


def _may_be_named(rule: Rule) -> bool:
    """Whether it matters that any program has the rule's file among its words: not for what packs only ask about."""
    return rule.tool in READING or (rule.tool in EDITING and not _is_mild(rule))


def _is_mild(rule: Rule) -> bool:
    """Whether a pack only asks about it: then a word alone, as in `borg mount`, is not taken for a command."""
    return bool(rule.id) and rule.decision == "confirm"


def _judged(part: Part, decision: Verdict | None, rule: Rule | None, reason: str) -> Judgement:
    return Judgement(part=part, decision=decision, rule=rule, reason=reason)


def _weight(restriction: tuple[Matcher, Fit]) -> tuple[int, bool]:
    """What may be denied is told before what is to be confirmed for sure."""
    item, fit = restriction
    return STRICTNESS[item.rule.decision], fit != "yes"


def _severity(judgement: Judgement) -> tuple[int, bool]:
    """The strictest first, and of the equally strict those that a rule names."""
    return STRICTNESS[judgement.decision or "allow"], judgement.rule is None


def _speaks_of(item: Matcher, call: Call) -> bool:
    rule = item.rule
    if rule.agent and rule.agent != call.agent:
        return False
    return not (call.excepted and rule.is_named_in(call.excepted))


def _is_spared(rule: Rule, fit: Fit, part: Part, call: Call) -> bool:
    """Whether a rule of a pack does not mean this after all; a team's own rules mean what they say."""
    if fit == "maybe" and _is_mild(rule):
        return True
    if part.view is not None and only_tells(part.view):
        return True
    return bool(rule.spares) and removes_only(rule.spares, part, call)


def _because(rule: Rule, part: Part) -> str:
    through = f" (through {' > '.join(part.via)})" if part.via else ""
    named = f"{rule.id}, " if rule.id else ""  # not ":", or `files.secrets: Read(x)` is taken for a secret
    safer = f". Instead: {rule.safer}" if rule.safer else ""
    return f"{named}{rule.text}: {rule.reason or part.text[:200]}{through}{safer}"


def _unmatched(what: str) -> str:
    return f"no rule matches {what[:200]}"

"""Rules in the files of others: Claude Code's settings, Codex rules, and YAML lists. Nothing read here is ever run."""

import ast
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from audit.permissions.rules import InvalidRule, Rule, parse_rule
from audit.verdicts import Verdict

Format = Literal["claude", "codex", "yaml"]
FORMATS: tuple[Format, ...] = get_args(Format)
MAX_CHARS = 1_000_000
_MAX_PRODUCT = 200

_CLAUDE: dict[str, Verdict] = {"deny": "deny", "ask": "confirm", "allow": "allow"}
_CODEX: dict[str, Verdict] = {"forbidden": "deny", "prompt": "confirm", "allow": "allow"}
# The lists of a YAML file, under the names people give them, and the tool each is about.
_LISTS = {
    **dict.fromkeys(("commands", "command", "bash"), "Bash"),
    **dict.fromkeys(("writes", "write", "edit", "edits"), "Edit"),
    **dict.fromkeys(("reads", "read"), "Read"),
    "tools": "",
}
_YAML_VERDICTS: dict[str, Verdict] = {
    "allow": "allow",
    "deny": "deny",
    "confirm": "confirm",
    "ask": "confirm",
}


class Unreadable(ValueError):
    """The file is not of the format it should be."""


@dataclass(slots=True)
class Read:
    """Rules of a file, and what in it is no rule of ours."""

    rules: list[Rule] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Written:
    """A file for another program, and which rules it cannot say."""

    text: str
    notes: list[str] = field(default_factory=list)


def guess(name: str, text: str) -> Format:
    """The format of a file by its name, else by its first character."""
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    if name.endswith(".rules") or "prefix_rule(" in text:
        return "codex"
    return "claude" if text.lstrip().startswith("{") else "yaml"


def read(text: str, form: Format, agent: str = "") -> Read:
    """The rules of a file. Raises Unreadable; what a single entry gets wrong is a note."""
    if len(text) > MAX_CHARS:
        raise Unreadable(f"The file is longer than {MAX_CHARS:,} characters.")
    readers = {"claude": _read_claude, "codex": _read_codex, "yaml": _read_yaml}
    return readers[form](text, agent)


def write(rules: Iterable[Rule], form: Format, agent: str = "") -> Written:
    """The rules for every agent and for this one, as a file."""
    rules = list(rules)
    spoken = [rule for rule in rules if rule.agent in ("", agent)]
    writers = {"claude": _write_claude, "codex": _write_codex, "yaml": _write_yaml}
    done = writers[form](spoken)
    if left := len(rules) - len(spoken):
        done.notes.append(f"{left} rules for other agents are left out; name the agent to have its rules.")
    return done


def _without_details(rules: list[Rule], names: tuple[str, ...], who: str) -> list[str]:
    """A note on what a format has no place for."""
    count = sum(any(getattr(rule, name) for name in names) for rule in rules)
    what = ", ".join(names)
    return [f"{count} rules lose their {what}: {who} has no place for them."] if count else []


def _read_claude(text: str, agent: str) -> Read:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The settings file is not JSON.") from error
    permissions = settings.get("permissions") if isinstance(settings, dict) else None
    if not isinstance(permissions, dict):
        raise Unreadable('A settings file has an object "permissions" with lists allow, ask and deny.')
    found = Read()
    for name, entries in permissions.items():
        if name not in _CLAUDE:
            found.notes.append(f"permissions.{name} is no list of rules and is left out.")
            continue
        if not isinstance(entries, list):
            raise Unreadable(f"permissions.{name} must be a list.")
        for entry in entries:
            _add(found, entry, _CLAUDE[name], agent)
    return found


def _add(found: Read, entry: Any, decision: Verdict, agent: str, tool: str = "") -> None:
    details: Mapping[str, Any] = entry if isinstance(entry, dict) else {"pattern": entry}
    text = details.get("pattern", details.get("rule"))
    lost = [name for name, value in details.items() if value and not _is_detail(name, value)]
    if lost and isinstance(text, str):
        found.notes.append(f"{text[:80]}: {', '.join(str(name)[:40] for name in lost)} is not understood and left out.")
    if not isinstance(text, str) or not text.strip():
        found.notes.append(f"An entry of {decision} is no rule, but {type(entry).__name__}.")
        return
    try:
        name, specifier = (tool, text.strip()) if tool else parse_rule(text)
    except InvalidRule as error:
        found.notes.append(error.detail)
        return
    found.rules.append(
        Rule(
            tool=name,
            specifier="" if specifier == "*" else specifier,
            decision=decision,
            reason=_text(details.get("reason")),
            agent=_text(details.get("agent")) or agent,
            match=_examples(details.get("match")),
            not_match=_examples(details.get("not_match")),
        )
    )


def _is_detail(name: Any, value: Any) -> bool:
    """Whether something said of a rule is kept with it."""
    if name in ("match", "not_match"):
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return name in ("pattern", "rule", "reason", "agent") and isinstance(value, str)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""  # another value may be endless: YAML's aliases multiply


def _examples(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def _write_claude(rules: list[Rule]) -> Written:
    lists: dict[str, list[str]] = {"allow": [], "ask": [], "deny": []}
    done = Written("")
    names = {verdict: name for name, verdict in _CLAUDE.items()}
    for rule in rules:
        if rule.tool == "SQL":
            done.notes.append(f"{rule.decision} {rule.text}: Claude Code has no rules for SQL; the hook holds it.")
        elif rule.tool == "*":
            done.notes.append(f"{rule.decision} *: Claude Code has no rule for every tool.")
        else:
            lists[names[rule.decision]].append(rule.text)
    done.notes += _without_details(rules, ("reason", "agent", "match", "not_match"), "a settings file")
    done.text = json.dumps({"permissions": lists}, indent=2, ensure_ascii=False) + "\n"
    return done


def _read_codex(text: str, agent: str) -> Read:
    try:
        tree = ast.parse(text)  # Starlark's calls and lists are Python's; the tree is read and never evaluated
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable("The rules file cannot be parsed; it should be calls of prefix_rule(...).") from error
    found = Read()
    for statement in tree.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Constant):
            continue  # a text on its own is a comment
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        if not isinstance(call, ast.Call) or name != "prefix_rule":
            found.notes.append(f"Line {statement.lineno} is no prefix_rule(...) and is left out.")
            continue
        _prefix_rule(call, agent, found)
    return found


def _prefix_rule(call: ast.Call, agent: str, found: Read) -> None:
    try:
        given = {item.arg: ast.literal_eval(item.value) for item in call.keywords if item.arg}
        words = _words(given["pattern"])
        decision = _CODEX[given.get("decision", "allow")]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        found.notes.append(f"Line {call.lineno} cannot be read as prefix_rule(...): {error}.")
        return
    count = 1
    for part in words:
        count *= len(part)
    if not 0 < count <= _MAX_PRODUCT:
        found.notes.append(f"Line {call.lineno} stands for {count:,} rules; at most {_MAX_PRODUCT} are taken.")
        return
    if any("*" in word or " " in word for part in words for word in part):
        found.notes.append(f"Line {call.lineno} has a word with a star or a blank, which would mean more here.")
        return
    examples = {name: tuple(_example(item) for item in given.get(name, ())) for name in ("match", "not_match")}
    alone = count == 1
    if not alone and examples["match"]:
        found.notes.append(
            f"Line {call.lineno} stands for {count} rules; its examples fit one of them and are left out."
        )
    for choice in itertools.product(*words):
        found.rules.append(
            Rule(
                tool="Bash",
                specifier=f"{' '.join(choice)} *",
                decision=decision,
                reason=_text(given.get("justification")),
                agent=agent,
                match=examples["match"] if alone else (),
                not_match=examples["not_match"],
            )
        )


def _words(pattern: Any) -> list[list[str]]:
    """A Codex pattern: words, and lists of words of which one stands there."""
    words = [[part] if isinstance(part, str) else list(part) for part in pattern]
    if not words or not all(isinstance(word, str) and word for part in words for word in part):
        raise ValueError("pattern is a list of words and lists of words")
    return words


def _example(value: Any) -> str:
    import shlex

    return value if isinstance(value, str) else shlex.join(str(word) for word in value)


def _write_codex(rules: list[Rule]) -> Written:
    done, lines = Written(""), []
    names = {verdict: name for name, verdict in _CODEX.items()}
    for rule in rules:
        words = rule.specifier.removesuffix(":*").removesuffix(" *").split()
        is_prefix = rule.specifier.endswith((" *", ":*")) and not any("*" in word for word in words)
        if rule.tool != "Bash" or not words or not is_prefix:
            done.notes.append(f"{rule.decision} {rule.text}: Codex rules are prefixes of commands; the hook holds it.")
            continue
        parts = [f"pattern={json.dumps(words)}", f"decision={json.dumps(names[rule.decision])}"]
        if rule.reason:
            parts.append(f"justification={json.dumps(rule.reason)}")
        if rule.decision != "allow" and any(word.startswith("-") for word in words):
            done.notes.append(
                f"{rule.decision} {rule.text}: Codex sees its options only in this place; the hook in any."
            )
        lines.append(f"prefix_rule({', '.join(parts)})")
    # Codex would check examples by its own reading of prefixes, and refuse the file for one that only we understand.
    done.notes += _without_details(rules, ("agent", "match", "not_match"), "a file of Codex rules")
    done.text = "\n".join(lines) + "\n"
    return done


def _read_yaml(text: str, agent: str) -> Read:
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable("The file is not YAML.") from error
    if isinstance(content, dict) and isinstance(content.get("permissions"), dict):
        content = content["permissions"]
    if not isinstance(content, dict):
        raise Unreadable("The file has lists allow, deny and confirm of commands, writes and reads.")
    found = Read()
    for kind, decision, entries in _yaml_lists(content, found):
        for entry in entries:
            _add(found, entry, decision, agent, _LISTS[kind])
    if not found.rules and not found.notes:
        raise Unreadable("The file has none of the lists allow, deny and confirm.")
    return found


def _yaml_lists(content: Mapping[Any, Any], found: Read) -> Iterator[tuple[str, Verdict, list[Any]]]:
    """Both orders are read: commands: {deny: [...]} and deny: {commands: [...]}."""
    for outer, inner in content.items():
        if not isinstance(inner, dict):
            found.notes.append(f"{str(outer)[:40]!r} is not understood and is left out.")
            continue
        for name, entries in inner.items():
            kind, verdict = (outer, name) if outer in _LISTS else (name, outer)
            if kind in _LISTS and verdict in _YAML_VERDICTS and isinstance(entries, list):
                yield kind, _YAML_VERDICTS[verdict], entries
            elif entries is not None:
                found.notes.append(f"{outer}.{name}"[:80] + " is not understood and is left out.")


def _write_yaml(rules: list[Rule]) -> Written:
    import yaml

    lists: dict[str, dict[str, list[Any]]] = {}
    kinds = {"Bash": "commands", "Edit": "writes", "Read": "reads"}
    for rule in rules:
        kind = kinds.get(rule.tool, "tools")
        pattern = rule.text if kind == "tools" else rule.specifier or "*"
        entry = {"pattern": pattern} | {
            name: value for name, value in rule.as_dict().items() if name in _YAML_DETAILS and value
        }
        lists.setdefault(rule.decision, {}).setdefault(kind, []).append(entry if len(entry) > 1 else pattern)
    ordered = {verdict: lists[verdict] for verdict in ("deny", "confirm", "allow") if verdict in lists}

    class Dumper(yaml.SafeDumper):
        """Escapes the line ends of Unicode, which a reader would fold into a blank."""

        def represent_text(self, text: str) -> yaml.ScalarNode:
            style = '"' if set(text) & set("\x85\u2028\u2029") else None
            return self.represent_scalar("tag:yaml.org,2002:str", text, style)

    Dumper.add_representer(str, Dumper.represent_text)
    return Written(yaml.dump(ordered, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))


_YAML_DETAILS = ("reason", "agent", "match", "not_match")

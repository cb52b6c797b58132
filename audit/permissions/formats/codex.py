"""Codex's rules: calls of prefix_rule(...), read as a syntax tree and never run."""

import ast
import itertools
import json
from typing import Any

from audit.permissions.formats.file import Read, Unreadable, Written, text_of, without_details
from audit.permissions.rules import Rule
from audit.verdicts import Verdict

_MAX_PRODUCT = 200
_CODEX: dict[str, Verdict] = {"forbidden": "deny", "prompt": "confirm", "allow": "allow"}


def read(text: str, agent: str) -> Read:
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
                reason=text_of(given.get("justification")),
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


def write(rules: list[Rule]) -> Written:
    done, lines = Written(""), []
    names = {verdict: name for name, verdict in _CODEX.items()}
    for rule in rules:
        words = rule.specifier.removesuffix(":*").removesuffix(" *").split()
        is_prefix = rule.specifier.endswith((" *", ":*")) and not any("*" in word for word in words)
        if rule.tool != "Bash" or not words or not is_prefix:
            done.leave(rule, "Codex rules are prefixes of commands")
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
    done.notes += without_details(rules, ("agent", "match", "not_match"), "a file of Codex rules")
    done.text = "\n".join(lines) + "\n"
    return done

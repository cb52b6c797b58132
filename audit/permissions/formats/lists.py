"""Lists in YAML, in either order: commands: {deny: [...]} and deny: {commands: [...]}. They hold everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit.permissions.formats.file import LISTS, Read, Unreadable, Written, add
from audit.permissions.rules import Rule
from audit.verdicts import Verdict

# Under the names people give them, and the tool each is about.
_LISTS = {
    **dict.fromkeys(("commands", "command", "bash"), "Bash"),
    **dict.fromkeys(("writes", "write", "edit", "edits"), "Edit"),
    **dict.fromkeys(("reads", "read"), "Read"),
    "tools": "",
}
_VERDICTS: dict[str, Verdict] = {**LISTS, "confirm": "confirm"}


def read(text: str, agent: str) -> Read:
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
            add(found, entry, decision, agent, _LISTS[kind])
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
            if kind in _LISTS and verdict in _VERDICTS and isinstance(entries, list):
                yield kind, _VERDICTS[verdict], entries
            elif entries is not None:
                found.notes.append(f"{outer}.{name}"[:80] + " is not understood and is left out.")


def write(rules: list[Rule]) -> Written:
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

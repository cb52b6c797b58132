"""The commands that a repository would have run: in scripts, images, pipelines, packages and agents' configuration.

Pure: from the text of a file to its commands, each with its line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeGuard

MAX_CHARACTERS = 10_000
"""Of a script that is judged as a whole; a longer one is judged line by line."""
_SHELL = re.compile(r"#!\s*\S*(?:/|\benv\s+(?:-S\s+)?)(?:ba|da|k|z)?sh\b")
_RUN = re.compile(r"(?im)^[ \t]*RUN[ \t]+((?:.*\\\r?\n)*.*)")
_FLAGS = re.compile(r"^(?:--\S+\s+)+")
_RECIPE = re.compile(r"(?m)^\t[@+-]*((?:.*\\\n)*.*)")
_SCRIPTS = frozenset({"run", "script", "before_script", "after_script"})
_ALLOWED = re.compile(r"Bash\((.+)\)")


class Unreadable(ValueError):
    """A file that would be looked at, and cannot be understood."""


class Found(NamedTuple):
    """A command, where it begins, and what brings it."""

    line: int
    code: str | list[str]
    by: str


def commands_in(name: str, text: str) -> Iterator[Found]:
    """The commands of a file by its name and, for a script without an ending, its first line. Raises Unreadable."""
    path = PurePosixPath(name)
    if path.suffix in (".sh", ".bash", ".zsh") or _SHELL.match(text):
        yield from _script(text)
    elif path.name.startswith(("Dockerfile", "Containerfile")) or path.suffix == ".dockerfile":
        yield from _image(text)
    elif path.name in ("Makefile", "GNUmakefile") or path.suffix == ".mk":
        yield from _matches(_RECIPE, text, "recipe")
    elif path.name == "package.json":
        yield from _package(text)
    elif path.suffix in (".yml", ".yaml"):
        yield from _pipeline(text)
    elif path.suffix == ".json" and any(part.startswith(".") for part in path.parts[:-1]):
        yield from _configuration(text)


def _script(text: str) -> Iterator[Found]:
    if len(text) <= MAX_CHARACTERS:
        yield Found(1, text, "script")
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield Found(number, line, "script")


def _matches(pattern: re.Pattern[str], text: str, by: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        yield Found(text.count("\n", 0, match.start(1)) + 1, match[1], by)


def _image(text: str) -> Iterator[Found]:
    for found in _matches(_RUN, text, "RUN"):
        code = _FLAGS.sub("", str(found.code))
        words = _json(code) if code.startswith("[") else None
        yield found._replace(code=words if _are_words(words) else code)


def _are_words(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _package(text: str) -> Iterator[Found]:
    known = _read_json(text)
    scripts = known.get("scripts") if isinstance(known, Mapping) else None
    for name, code in scripts.items() if isinstance(scripts, Mapping) else ():
        if isinstance(code, str):
            yield Found(_line_of(text, json.dumps(code)), code, f"script {name}")


def _pipeline(text: str) -> Iterator[Found]:
    import yaml

    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable(f"is no YAML that can be read{f', at line {mark.line + 1}' if mark else ''}") from error
    waiting: list[Any] = [root for root in roots if root is not None]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop(0)
        if id(node) in seen:  # an alias may lead back
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value in _SCRIPTS if isinstance(key, yaml.ScalarNode) else False:
                    yield from _lines_of_pipeline(key.value, value)
                waiting.append(value)


def _lines_of_pipeline(name: str, node: Any) -> Iterator[Found]:
    for item in node.value if isinstance(node.value, list) else [node]:
        if isinstance(item.value, str) and item.value.strip():
            begins = item.start_mark.line + (2 if getattr(item, "style", None) in ("|", ">") else 1)
            yield Found(begins, item.value, name)


def _configuration(text: str) -> Iterator[Found]:
    """Hooks of agents, the programs of MCP servers, and what a settings file allows."""
    waiting = [_read_json(text)]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, Mapping):
            continue
        for name, item in value.items():
            if name in ("command", "bash") and isinstance(item, str):
                rest = value.get("args")
                code = [item, *rest] if _are_words(rest) else item
                yield Found(_line_of(text, json.dumps(item)), code, name)
            elif name == "allow" and isinstance(item, list):
                yield from _allowed(text, item)
            waiting.append(item)


def _allowed(text: str, rules: list[Any]) -> Iterator[Found]:
    for rule in rules:
        if isinstance(rule, str) and (match := _ALLOWED.fullmatch(rule)):
            code = match[1].removesuffix(":*").replace("*", " ").strip()
            if code:
                yield Found(_line_of(text, json.dumps(rule)), code, "allowed")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_json(text: str) -> Any:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise Unreadable(f"is no JSON that can be read{f', at line {line}' if line else ''}") from error


def _line_of(text: str, part: str) -> int:
    place = text.find(part)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1

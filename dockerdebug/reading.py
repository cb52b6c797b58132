"""Reads what a container or the engine wrote into the types of `facts`: hostile text, with bounds on every length."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from dockerdebug.facts import ContainerFacts, FileText, PythonFacts

MAX_TEXT = 8192
MAX_ITEMS = 3000
MAX_FILE = 65536


class UnreadableProbe(Exception):
    """The probe's answer is not what the probe writes."""


class Tree:
    """Reads a JSON value of unknown shape; whatever is missing or of another type is empty."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, key: str) -> "Tree":
        return Tree(self.value.get(key) if isinstance(self.value, Mapping) else None)

    @property
    def text(self) -> str:
        return self.value[:MAX_TEXT] if isinstance(self.value, str) else ""

    @property
    def long_text(self) -> str:
        """A file's text."""
        return self.value[:MAX_FILE] if isinstance(self.value, str) else ""

    @property
    def flag(self) -> bool:
        return self.value is True

    @property
    def number(self) -> int:
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else 0

    @property
    def items(self) -> "list[Tree]":
        return [Tree(item) for item in self.value[:MAX_ITEMS]] if isinstance(self.value, list) else []

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(item.text for item in self.items if isinstance(item.value, str))

    @property
    def mapping(self) -> dict[str, str]:
        return {key: item.text for key, item in self.entries.items() if isinstance(item.value, str)}

    @property
    def entries(self) -> "dict[str, Tree]":
        if not isinstance(self.value, Mapping):
            return {}
        return {str(key)[:MAX_TEXT]: Tree(value) for key, value in list(self.value.items())[:MAX_ITEMS]}


def read_probe(output: str) -> tuple[PythonFacts, dict[str, str]]:
    """The probe's answer as facts, and the environment it ran in. Raises UnreadableProbe."""
    try:
        data = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise UnreadableProbe(str(error)) from error
    tree = Tree(data)
    if tree["schema"].number != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", tree["python"]["version"].text):
        raise UnreadableProbe("no schema or no version in it")
    return _fill(PythonFacts, tree["python"]), tree["environ"].mapping


def _fill(kind: Any, tree: Tree) -> Any:
    """An instance of one of the types in `facts`, whose fields say what is read and how."""
    return kind(**{name: _value(hint, tree[name]) for name, hint in _fields(kind).items()})


@cache
def _fields(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _value(hint: Any, tree: Tree) -> Any:
    if hint in _PLAIN:
        return _PLAIN[hint](tree)
    outer, inner = get_origin(hint), get_args(hint)
    if outer is None:
        return _fill(hint, tree)
    if outer is UnionType:  # X | None
        return None if tree.value is None else _value(inner[0], tree)  # nothing found is not the same as not read
    if outer is Mapping:
        return {key: _value(inner[1], item) for key, item in tree.entries.items()}
    if inner[-1] is Ellipsis:
        return tuple(_value(inner[0], item) for item in tree.items)
    items = [*tree.items, *(Tree(None) for _ in inner)]
    return tuple(_value(part, item) for part, item in zip(inner, items, strict=False))


_PLAIN: dict[Any, Callable[[Tree], Any]] = {
    str: lambda tree: tree.text,
    FileText: lambda tree: tree.long_text,
    bool: lambda tree: tree.flag,
    int: lambda tree: tree.number,
    tuple[str, ...]: lambda tree: tree.texts,
    Mapping[str, str]: lambda tree: tree.mapping,
}


def read_container(inspected: Mapping[str, Any]) -> ContainerFacts:
    """The engine's description of a container as facts."""
    tree = Tree(inspected)
    state, config, host = tree["State"], tree["Config"], tree["HostConfig"]
    checks = state["Health"]["Log"].items
    pairs = (entry.partition("=") for entry in config["Env"].texts)
    return ContainerFacts(
        id=tree["Id"].text,
        name=tree["Name"].text.lstrip("/"),
        image=config["Image"].text,
        image_id=tree["Image"].text,
        state=state["Status"].text,
        exit_code=state["ExitCode"].number,
        error=state["Error"].text,
        oom_killed=state["OOMKilled"].flag,
        restart_count=tree["RestartCount"].number,
        restart_policy=host["RestartPolicy"]["Name"].text,
        health=state["Health"]["Status"].text,
        health_output=checks[-1]["Output"].text if checks else "",
        health_exit_code=checks[-1]["ExitCode"].number if checks else 0,
        health_command=config["Healthcheck"]["Test"].texts,
        environment={name: value for name, equals, value in pairs if equals},
        command=(tree["Path"].text, *tree["Args"].texts),
        tty=config["Tty"].flag,
        user=config["User"].text,
        memory_bytes=host["Memory"].number,
        read_only=host["ReadonlyRootfs"].flag,
        started_at=state["StartedAt"].text,
        mounts=tuple((m["Type"].text, m["Source"].text, m["Destination"].text) for m in tree["Mounts"].items),
        working_dir=config["WorkingDir"].text,
        init=host["Init"].flag,
        network_mode=host["NetworkMode"].text,
    )


def cut_answer(output: str, mark: str) -> str | None:
    """The probe's JSON between its marks; start-up noise may stand before it."""
    begin = output.rfind(f"\x01{mark}")
    if begin < 0:
        return None
    begin += len(mark) + 1
    end = output.find("\x01", begin)
    return output[begin:end] if end > 0 else None

"""Reads what a container or the engine wrote into the types of `facts`: hostile text, with bounds on every length."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dockerdebug.facts import (
    Access,
    ContainerFacts,
    Distribution,
    PathEntry,
    PipFile,
    PythonFacts,
    Search,
    Startup,
    Venv,
)

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
        if not isinstance(self.value, Mapping):
            return {}
        pairs = list(self.value.items())[:MAX_ITEMS]
        return {str(key)[:255]: str(value)[:MAX_TEXT] for key, value in pairs if isinstance(value, str)}


def read_probe(output: str) -> tuple[PythonFacts, dict[str, str]]:
    """The probe's answer as facts, and the environment it ran in. Raises UnreadableProbe."""
    try:
        data = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise UnreadableProbe(str(error)) from error
    tree = Tree(data)
    if tree["schema"].number != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", tree["python"]["version"].text):
        raise UnreadableProbe("no schema or no version in it")
    return _python(tree), tree["environ"].mapping


def _python(tree: Tree) -> PythonFacts:
    python, found, venvs, places = tree["python"], tree["interpreters"], tree["environments"], tree["places"]
    distributions = tree["distributions"].items
    return PythonFacts(
        version=python["version"].text,
        release=python["release"].text,
        implementation=python["implementation"].text,
        executable=python["executable"].text,
        realpath=python["realpath"].text,
        library=python["library"].text,
        markers=tree["markers"].mapping,
        named=found["names"].mapping,
        python_identity=found["python_identity"].text,
        pip=found["pip"].text,
        pip_interpreter=found["pip_interpreter"].text,
        pip_identity=found["pip_identity"].text,
        dangling=tuple((item["path"].text, item["target"].text) for item in found["dangling"].items),
        hooks=tree["hooks"].texts,
        venv=_venv(venvs["own"]),
        named_venv=_venv(venvs["named_venv"]),
        virtual_env=venvs["named"].text,
        virtual_env_exists=venvs["named_exists"].flag,
        venvs_about=tuple(filter(None, map(_venv, venvs["about"].items))),
        broken_scripts=tuple((i["script"].text, i["interpreter"].text) for i in venvs["broken_scripts"].items),
        startup=_startup(tree["child"]),
        path=tuple(
            PathEntry(path=item["path"].text, exists=item["exists"].flag, readable=item["readable"].flag)
            for item in tree["path"].items
        ),
        distributions=tuple(map(_distribution, distributions[0].items)) if distributions else None,
        invalid=distributions[1].texts if len(distributions) > 1 else (),
        unreadable=distributions[2].texts if len(distributions) > 2 else (),
        shadows=tuple((item["name"].text, item["path"].text) for item in tree["shadows"].items),
        pip_files=tuple(
            PipFile(path=i["path"].text, content=i["content"].text, readable=i["readable"].text == "True")
            for i in tree["pip_files"].items
        ),
        externally_managed=tree["externally_managed"].flag,
        pid1=tree["pid1"]["argv"].texts,
        cwd=places["cwd"].text,
        bundles=places["bundles"].texts,
        listening=tuple(item.number for item in places["listening"].items),
        system=system_of(places["os_release"].text),
        missing_places=places["missing"].mapping,
        temporary=places["temporary"].text,
        temporary_writable=places["temporary_writable"].flag,
        search=_search(tree["search"]),
        errors=tree["errors"].mapping,
    )


def system_of(os_release: str) -> str:
    """The ID of /etc/os-release; of a derived distribution the family it names first."""
    pairs = (line.partition("=") for line in os_release.splitlines())
    found = {key.strip(): value.strip().strip("'\"") for key, equals, value in pairs if equals}
    return (found.get("ID_LIKE", "").split() or [found.get("ID", "")])[0]


def _search(tree: Tree) -> Search:
    files = {
        item["path"].text: Access(
            exists=item["exists"].flag,
            readable=item["readable"].flag,
            writable=item["writable"].flag,
            owner=item["owner"].number,
        )
        for item in tree["files"].items
    }
    return Search(
        places=_grouped((item["name"].text, item["path"].text) for item in tree["places"].items),
        files=files,
        requirements={item["path"].text: item["content"].long_text for item in tree["requirements"].items},
        looked=tree["looked"].texts,
        complete=tree["complete"].flag,
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, path in pairs:
        found.setdefault(name, []).append(path)
    return {name: tuple(dict.fromkeys(paths)) for name, paths in found.items()}


def _venv(tree: Tree) -> Venv | None:
    if not tree["root"].text:
        return None
    return Venv(
        root=tree["root"].text,
        home=tree["home"].text,
        home_exists=tree["home_exists"].flag,
        version=tree["version"].text,
        libraries=tree["libraries"].texts,
    )


def _startup(tree: Tree) -> Startup | None:
    if not tree.value:
        return None
    return Startup(
        ok=tree["ok"].flag,
        timed_out=tree["timed_out"].flag,
        status=tree["status"].number,
        noise=tree["noise"].text,
        prefix=tree["prefix"].text,
        stdout=tree["stdout"].text,
    )


def _distribution(tree: Tree) -> Distribution:
    return Distribution(
        name=tree["name"].text,
        version=tree["version"].text,
        path=tree["path"].text,
        requires=tree["requires-dist"].texts,
        requires_python=tree["requires-python"].text,
        tags=tree["tags"].texts,
        editable=tree["editable"].text,
    )


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

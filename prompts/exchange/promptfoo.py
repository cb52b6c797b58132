"""promptfoo's configuration: prompts, one provider with its settings, and tests with variables and assertions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prompts.exchange import case_files, names
from prompts.exchange.foreign_checks import from_promptfoo, to_promptfoo
from prompts.exchange.jsonl import objects, said
from prompts.exchange.terms import Carried, File, Read, Unreadable, Written, said_of
from prompts.exchange.yaml_text import dump, load
from prompts.model_settings import SETTINGS

_KNOWN = {"description", "prompts", "providers", "tests", "defaultTest"}
_OF_A_TEST = {"description", "vars", "assert", "threshold"}


def read(files: Sequence[File]) -> Read:
    """Every configuration among the files; what they name as file:// is looked for beside them. Raises Unreadable."""
    beside = {file.path: file for file in files}
    found = Read()
    for file in files:
        if file.name.endswith((".yaml", ".yml")):
            config = load(file.text, file.path)
            if isinstance(config, dict) and "prompts" in config:
                found.leave(file.path, sorted(set(map(str, config)) - _KNOWN))
                _read(file, config, beside, found)
    if not found.prompts:
        raise Unreadable("There is no configuration of promptfoo: YAML with a list `prompts`.")
    return found


def _read(file: File, config: dict[str, Any], beside: Mapping[str, File], found: Read) -> None:
    settings = _settings(file, config.get("providers"), found)
    listed = config["prompts"] if isinstance(config["prompts"], list) else [config["prompts"]]
    cases = list(_cases(file, config, beside, found))
    usual = file.stem.removesuffix(".promptfoo").replace("promptfooconfig", "prompt")
    for number, item in enumerate(listed, start=1):
        text, label = _prompt(file, item, beside)
        if text is None:
            found.leave(file.path, [str(item)], "is a file that was not given, or no text")
            continue
        prompt_id, folder = names.placed(label or (usual if len(listed) == 1 else f"{usual}-{number}"))
        found.prompts.append(
            Carried(
                prompt_id=prompt_id,
                folder=folder,
                purpose=str(config.get("description") or ""),
                settings=settings,
                cases=tuple(cases),
                **_content(text),
            )
        )


def _prompt(file: File, item: Any, beside: Mapping[str, File]) -> tuple[Any, str]:
    """The text of an entry, and its name."""
    label = ""
    if isinstance(item, dict):
        label, item = str(item.get("label") or ""), item.get("raw", item.get("id"))
    if isinstance(item, str) and item.startswith("file://"):
        named = _beside(file, item, beside)
        return (named.text, label or named.stem) if named else (None, "")
    return (item if isinstance(item, str | list) else None), label


def _beside(file: File, address: str, beside: Mapping[str, File]) -> File | None:
    folder = file.path.rpartition("/")[0]
    path = address.removeprefix("file://").removeprefix("./")
    return beside.get(f"{folder}/{path}" if folder else path)


def _content(text: Any) -> dict[str, Any]:
    """A text, or the messages it holds as JSON."""
    turns = text
    if isinstance(text, str):
        try:
            turns = json.loads(text) if text.lstrip().startswith("[") else None
        except (ValueError, RecursionError):
            turns = None
    if isinstance(turns, list) and turns and all(isinstance(turn, dict) and "role" in turn for turn in turns):
        return {"messages": [{"role": str(turn["role"]), "content": str(turn.get("content", ""))} for turn in turns]}
    return {"prompt_text": text if isinstance(text, str) else dump(text)}


def _settings(file: File, providers: Any, found: Read) -> dict[str, Any]:
    listed = providers if isinstance(providers, list) else [providers] if providers else []
    if len(listed) != 1:
        found.leave(file.path, [str(item)[:60] for item in listed], "are providers: name a model when it is tested")
        return {}
    [one] = listed
    given = one if isinstance(one, dict) else {"id": one}
    known = {name: value for name, value in (given.get("config") or {}).items() if name in SETTINGS}
    found.leave(file.path, sorted(set(given.get("config") or {}) - known.keys()))
    return {"model": str(given.get("id", "")).rpartition(":")[2], **known} if given.get("id") else known


def _cases(file: File, config: dict[str, Any], beside: Mapping[str, File], found: Read) -> Iterator[dict[str, Any]]:
    usual = config.get("defaultTest") or {}
    usual = usual if isinstance(usual, dict) else {}
    taken: set[str] = set()
    for number, test in enumerate(_tests(file, config.get("tests") or [], beside, found), start=1):
        name = str(test.get("name") or test.get("description") or f"case {number}")[:110]
        name = f"{name} ({number})" if name in taken else name
        taken.add(name)
        case = {**test, "name": name} if "input" in test else _case(file, name, test, usual, found)
        if case is not None:
            yield case


def _tests(file: File, tests: Any, beside: Mapping[str, File], found: Read) -> Iterator[dict[str, Any]]:
    """The tests of a configuration, and the cases of the files it names."""
    for item in tests if isinstance(tests, list) else [tests]:
        if isinstance(item, dict):
            yield item
            continue
        named = _beside(file, item, beside) if isinstance(item, str) and item.startswith("file://") else None
        if named is None:
            found.leave(file.path, [str(item)], "are tests of a file that was not given")
        elif named.name.endswith(".csv"):
            cases, left = case_files.read(named)
            found.left.extend(left)
            yield from cases
        elif named.name.endswith((".json", ".jsonl")):
            yield from (test for _, test in objects(named))
        else:
            listed = load(named.text, named.path)
            yield from (test for test in listed if isinstance(test, dict)) if isinstance(listed, list) else ()


def _case(file: File, name: str, test: dict[str, Any], usual: dict[str, Any], found: Read) -> dict[str, Any] | None:
    where = f"{file.path}, {name}"
    given = [*(usual.get("assert") or []), *(test.get("assert") or [])]
    checks, left = from_promptfoo(given)
    found.leave(where, left, "is nothing we judge")
    found.leave(where, sorted(set(test) - _OF_A_TEST))
    variables = {**(usual.get("vars") or {}), **(test.get("vars") or {})}
    if not checks:
        found.leave(where, ["it"], "stays behind: without an assertion that we judge it could not fail")
        return None
    threshold = test.get("threshold", usual.get("threshold"))
    scored = {"threshold": threshold} if threshold is not None else {}
    plain = set(variables) == {"input"} and isinstance(variables["input"], str)
    return {"name": name, "input": variables["input"] if plain else variables, "assertions": checks, **scored}


def write(prompts: Iterable[Carried]) -> Written:
    """A configuration for each, with its cases as tests."""
    done = Written()
    for carried in prompts:
        done.leave(carried, said_of(carried, ("notes", "description", "tags")))
        name = f"{carried.folder}/{carried.prompt_id}" if carried.folder else carried.prompt_id
        settings = dict(carried.settings)
        model = settings.pop("model", None)
        raw = carried.prompt_text if carried.prompt_text is not None else json.dumps(carried.messages, indent=2)
        config = {
            "description": carried.purpose,
            "prompts": [{"label": name, "raw": raw}],
            "providers": [{"id": f"openai:chat:{model}" if model else None, "config": settings}],
            "tests": [_test(carried, said(case), done) for case in carried.cases],
        }
        done.files.append(File(path=f"{carried.prompt_id}.promptfoo.yaml", text=dump(_without_nothing(config))))
    return done


def _test(carried: Carried, case: dict[str, Any], done: Written) -> dict[str, Any]:
    checks, left = to_promptfoo(case.get("assertions") or [{"type": "equals", "value": case.get("expected_output")}])
    lost = [name for name in ("type", "must_pass") if name in case]
    done.leave(carried, [f"{what} of {case['name']}" for what in [*left, *lost]])
    given = case["input"]
    return {
        "description": case["name"],
        "vars": {"input": given} if isinstance(given, str) else given,
        "assert": checks,
        "threshold": case.get("threshold"),
    }


def _without_nothing(value: Any) -> Any:
    """Without names that say nothing."""
    if isinstance(value, dict):
        kept = {name: _without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {}, [{}])}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value

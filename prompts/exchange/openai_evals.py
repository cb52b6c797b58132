"""OpenAI's evals: `{"input": [messages], "ideal": ...}` a line, or `{"item": {...}}` as its data sources have it.

Samples that differ in their last message alone are one prompt with the variable `input`, and a case each.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prompts.exchange import names
from prompts.exchange.jsonl import objects, said
from prompts.exchange.literals import filled, literal
from prompts.exchange.terms import Carried, File, Read, Unreadable, Written, said_of
from prompts.templates import inspect

_WANTED = ("ideal", "expected_output", "expected", "ground_truth", "correct_label", "label")
_CHOICES = re.compile(r"\\A\\s\*\(\?:(.*)\)\\s\*\\Z", re.DOTALL)


def read(files: Sequence[File]) -> Read:
    """A prompt for each file. Raises Unreadable."""
    found = Read()
    for file in files:
        if file.name.endswith((".jsonl", ".json")):
            samples = [_sample(where, item, found) for where, item in objects(file)]
            if samples:
                found.prompts.append(_carried(file, samples, found))
    if not found.prompts:
        raise Unreadable("There is no file of samples: JSON a line, each with input and ideal.")
    return found


def _sample(where: str, item: dict[str, Any], found: Read) -> tuple[str, Any, Any]:
    """Where it stands, what is asked (messages, or variables) and what must come back."""
    inner = item.get("item")
    if isinstance(inner, dict):
        found.leave(where, sorted(set(item) - {"item"}))
        wanted = next((name for name in _WANTED if name in inner), None)
        return where, {name: value for name, value in inner.items() if name != wanted}, inner.get(wanted or "")
    found.leave(where, sorted(set(item) - {"input", "ideal"}))
    asked = item.get("input")
    turns = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    if not isinstance(turns, list) or not turns or not all(_is_turn(turn) for turn in turns):
        raise Unreadable(f"{where}: `input` is a text, or messages of role and content.")
    return where, [{"role": turn["role"], "content": turn["content"]} for turn in turns], item.get("ideal")


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)


def _carried(file: File, samples: Sequence[tuple[str, Any, Any]], found: Read) -> Carried:
    prompt_id, folder = names.placed(file.stem)
    if all(isinstance(asked, dict) for _, asked, _ in samples):
        variables = list(dict.fromkeys(name for _, asked, _ in samples for name in asked))
        found.left.append(f"{file.path} has data alone: its prompt names the variables; save what it shall say.")
        text = "\n".join(f"{name}: {{{{ {name} }}}}" for name in variables)
        content: dict[str, Any] = {"prompt_text": text}
        chosen = [(where, asked, ideal) for where, asked, ideal in samples if set(asked) == set(variables)]
    else:
        before = Counter(json.dumps(asked[:-1]) for _, asked, _ in samples if isinstance(asked, list)).most_common(1)
        turns = json.loads(before[0][0])
        same = [item for item in samples if isinstance(item[1], list) and item[1][:-1] == turns]
        start = [{"role": turn["role"], "content": literal(turn["content"])} for turn in turns]
        content = {"messages": [*start, {"role": "user", "content": "{{ input }}"}]}
        chosen = [(where, asked[-1]["content"], ideal) for where, asked, ideal in same]
    others = {where for where, _, _ in samples} - {where for where, _, _ in chosen}
    found.leave(file.path, sorted(others)[:20], "asks in another way than most, so it stays behind")
    cases = [_case(where, number, asked, ideal) for number, (where, asked, ideal) in enumerate(chosen, start=1)]
    return Carried(prompt_id=prompt_id, folder=folder, cases=tuple(cases), **content)


def _case(where: str, number: int, asked: Any, ideal: Any) -> dict[str, Any]:
    case = {"name": f"sample {number}", "input": asked}
    if isinstance(ideal, str):
        return {**case, "expected_output": ideal}
    if isinstance(ideal, list) and ideal and all(isinstance(item, str) for item in ideal):
        choices = "|".join(re.escape(item) for item in ideal)
        return {**case, "assertions": [{"type": "regex", "value": rf"\A\s*(?:{choices})\s*\Z"}]}
    raise Unreadable(f"{where}: `ideal` is what must come back, a text or a list of texts.")


def write(prompts: Iterable[Carried]) -> Written:
    """A file of samples for each prompt that has cases with a whole output."""
    done = Written()
    for carried in prompts:
        done.leave(carried, said_of(carried, ("purpose", "notes", "settings", "description", "folder", "tags")))
        samples, lost = [], []
        for case in carried.cases:
            sample = _told(carried, said(case))
            samples += [sample] if sample else []
            lost += [] if sample else [case["name"]]
        done.leave(carried, lost[:20], "wants something else than a whole output, or fills no template")
        if not samples:
            done.leave(carried, ["it"], "has no case that is a sample, so it stays behind")
            continue
        lines = "".join(f"{json.dumps(sample, ensure_ascii=False)}\n" for sample in samples)
        done.files.append(File(path=f"{carried.prompt_id}.jsonl", text=lines))
    return done


def _told(carried: Carried, case: Mapping[str, Any]) -> dict[str, Any] | None:
    ideal = _ideal(case)
    turns = carried.messages or [{"role": "user", "content": carried.prompt_text or ""}]
    given = case["input"] if isinstance(case["input"], dict) else {"input": case["input"]}
    values = {name: value for name, value in given.items() if isinstance(value, str)}
    needed = {name for turn in turns for name in inspect(turn["content"]).names}
    if ideal is None or needed != values.keys():
        return None
    return {
        "input": [{"role": turn["role"], "content": filled(turn["content"], values)} for turn in turns],
        "ideal": ideal,
    }


def _ideal(case: Mapping[str, Any]) -> str | list[str] | None:
    checks = case.get("assertions") or []
    if not checks:
        return case.get("expected_output")
    match = (
        _CHOICES.fullmatch(str(checks[0].get("value"))) if len(checks) == 1 and checks[0]["type"] == "regex" else None
    )
    if match is None:
        return None
    choices = [re.sub(r"\\(.)", r"\1", item, flags=re.DOTALL) for item in re.split(r"(?<!\\)\|", match[1])]
    return choices if "|".join(re.escape(item) for item in choices) == match[1] else None

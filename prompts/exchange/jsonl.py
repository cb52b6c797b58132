"""JSON a line: prompts with all that a version has, or test cases. What is written here is read as it was."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from prompts.exchange.terms import Carried, File, Read, Unreadable, Written

_FIELDS = {field.name for field in fields(Carried)}
_TEXTS = {"prompt_id", "prompt_text", "purpose", "notes", "description", "folder"}


def read(files: Sequence[File]) -> Read:
    """A prompt in each line. Raises Unreadable naming the line."""
    found = Read()
    for file in files:
        for where, item in objects(file):
            found.leave(where, sorted(set(item) - _FIELDS))
            found.prompts.append(_carried(where, item))
    return found


def objects(file: File) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of a file of lines, or of a list, with where it stands. Raises Unreadable."""
    whole = file.text.lstrip("\ufeff \t\r\n")
    if whole.startswith("["):
        listed = [(f"{file.path}[{index}]", item) for index, item in enumerate(parsed(whole, file.path))]
    else:
        lines = enumerate(file.text.removeprefix("\ufeff").split("\n"), start=1)
        places = [(f"{file.path}, line {number}", line) for number, line in lines if line.strip()]
        listed = [(where, parsed(line, where)) for where, line in places]
    for where, item in listed:
        if not isinstance(item, dict):
            raise Unreadable(f"{where} is no JSON object.")
        yield where, item


def parsed(text: str, where: str) -> Any:
    """A value of JSON, by the rules of REST bodies. Raises Unreadable."""
    from rest_framework.exceptions import ParseError

    from config.rest.parsers import parse_json

    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except ParseError as error:
        raise Unreadable(f"{where}: {str(error.detail).replace('The body', 'it')}") from error


def checked_cases(listed: Any, where: str) -> tuple[dict[str, Any], ...]:
    """Test cases as they are given; what is in one is the operation's to refuse. Raises Unreadable."""
    if not isinstance(listed, list) or not all(isinstance(case, dict) for case in listed):
        raise Unreadable(f"{where}: cases are a list of {{name, input, expected_output?, assertions?}}.")
    return tuple(listed)


def read_cases(file: File) -> tuple[dict[str, Any], ...]:
    """Test cases, one a line. Raises Unreadable."""
    return tuple(item for _, item in objects(file))


def write_cases(cases: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{_line(said(case))}\n" for case in cases)


def said(case: dict[str, Any]) -> dict[str, Any]:
    """A case without what says nothing."""
    usual = {"type": "general", "must_pass": False}
    return {name: value for name, value in case.items() if value not in (None, []) and usual.get(name) != value}


def write(prompts: Iterable[Carried]) -> Written:
    """All prompts in one file."""
    lines = [_line({name: value for name, value in asdict(carried).items() if value}) for carried in prompts]
    return Written(files=[File(path="prompts.jsonl", text="".join(f"{line}\n" for line in lines))])


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _carried(where: str, item: dict[str, Any]) -> Carried:
    known = {name: value for name, value in item.items() if name in _FIELDS and value is not None}
    if not isinstance(known.get("prompt_id"), str):
        raise Unreadable(f"{where} has no prompt_id.")
    wrong = [name for name in _TEXTS & known.keys() if not isinstance(known[name], str)]
    wrong += [name for name in ("messages", "tags", "cases") if not isinstance(known.get(name, []), list)]
    if wrong or not isinstance(known.get("settings", {}), dict):
        raise Unreadable(f"{where}: {wrong[0] if wrong else 'settings'} has the wrong type.")
    lists = {"tags": tuple(known.get("tags", ())), "cases": checked_cases(known.get("cases", []), where)}
    return Carried(**{**known, **lists})

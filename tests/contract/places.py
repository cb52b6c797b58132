"""Where a request has room for a value: each parameter, and each field of its body at any depth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from config.rest.examples import recorded
from tests.contract.hostile import HASHES, UUIDS
from tests.contract.judging import fits
from tests.project.conftest import Operation, openapi

TEXTS = ["a", HASHES[0], UUIDS[0], "2030-01-01T00:00:00Z", "https://example.org/a", "aGk=", "0:"]
COMPONENT = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Place:
    """`within` is the part of the request; `steps` lead to the value there: a name, an index, a name of a field."""

    within: str
    steps: tuple[str | int, ...]
    schema: dict[str, Any]
    owner: str
    """What declares it: operations that share a body share its places."""

    def __str__(self) -> str:
        return f"{self.within} {'.'.join(map(str, self.steps))}".strip()


def places(operation: Operation) -> Iterator[Place]:
    for parameter in operation.described.get("parameters", ()):
        name, within = parameter["name"], parameter["in"]
        yield Place(
            within, (name,), resolved(parameter["schema"]), f"{within} {name} {json.dumps(parameter['schema'])}"
        )
    if schema := body_schema(operation):
        yield from _inside(schema, (), operation.path)


def body_schema(operation: Operation) -> dict[str, Any] | None:
    content = operation.described.get("requestBody", {}).get("content", {})
    found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if reference := schema.get("$ref"):
        return {**openapi()["components"]["schemas"][reference.removeprefix(COMPONENT)]}
    return schema


def alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The shapes a value may have; those that only say which fields go together are none."""
    schema = resolved(schema)
    if schema.get("properties"):
        return [schema]
    found = [item for name in ("oneOf", "anyOf") for item in schema.get(name, ())]
    return [shape for item in found for shape in alternatives(item)] or [schema]


def _inside(schema: dict[str, Any], steps: tuple[str | int, ...], owner: str) -> Iterator[Place]:
    name = schema.get("$ref", "").removeprefix(COMPONENT).removeprefix("Patched")
    yield Place("body", steps, resolved(schema), owner)
    if name == "Json":  # it holds itself
        return
    for shape in alternatives(schema):
        for field, inner in shape.get("properties", {}).items():
            yield from _inside(inner, (*steps, field), f"{name or owner} {field}")
        if "items" in shape:
            yield from _inside(shape["items"], (*steps, 0), f"{owner} item")


def placed(schema: dict[str, Any], body: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """The body with `value` at a place; what is missing on the way is made up, what excludes it is left out."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if step == 0:
        shape = next(shape for shape in alternatives(schema) if "items" in shape)
        items = body if isinstance(body, list) and body else [sample(shape["items"])]
        return [placed(shape["items"], items[0], rest, value), *items[1:]]
    shape = next(shape for shape in alternatives(schema) if step in shape.get("properties", {}))
    fields = body if isinstance(body, dict) and fits(shape, body) else sample(shape)
    inner = shape["properties"][step]
    return {**_beside(shape, fields, step), step: placed(inner, fields.get(step), rest, value)}


def _beside(shape: dict[str, Any], fields: dict[str, Any], name: str | int) -> dict[str, Any]:
    """The other fields of a body that may stand beside this one, and those that must."""
    one_of = [rule["required"][0] for rule in shape.get("oneOf", ()) if "required" in rule]
    excluded = set(one_of) if name in one_of else set()
    for rule in shape.get("not", {}).get("anyOf", ()):
        excluded |= set(rule["required"]) if name in rule["required"] else set()
    needed = {other: sample(shape["properties"][other]) for other in shape.get("dependentRequired", {}).get(name, ())}
    return {**needed, **{other: value for other, value in fields.items() if other not in excluded}}


def sample(schema: dict[str, Any]) -> Any:
    """Some value that fits: the recorded one of that shape, else the least of it."""
    return json.loads(_sample(json.dumps(schema)))


@cache
def _sample(text: str) -> str:
    schema = json.loads(text)
    candidates = [*_recorded_values(), *TEXTS, 1, 0, False, [], {}, None]
    shape = alternatives(schema)[0]
    candidates += shape.get("enum", [])
    if "items" in shape:
        candidates.append([sample(shape["items"])] * shape.get("minItems", 1))
    if "properties" in shape:
        groups = [
            rule["required"][0] for rule in (*shape.get("oneOf", ()), *shape.get("anyOf", ())) if "required" in rule
        ]
        names = [*shape.get("required", ()), *groups[:1]]
        candidates.append({name: sample(shape["properties"][name]) for name in names})
    return json.dumps(next(value for value in candidates if fits(schema, value)))


@cache
def _recorded_values() -> list[Any]:
    """The bodies of the examples and the objects in them."""
    found: list[Any] = [example["body"] for example in recorded().values() if "body" in example]
    for value in found:  # which grows
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        found.extend(item for item in inner if isinstance(item, dict) and item)
    return sorted(found, key=lambda value: -len(json.dumps(value)))

"""What a request's fields may hold, said in OpenAPI as our parser and fields enforce it.

drf-spectacular reads lengths, choices and bounds off a field. What it cannot see is here: text has no NUL (no database
holds one), a field that must not be blank is more than blanks, integers are exact in a double, and which fields of a
body go together (EXACTLY_ONE, AT_LEAST_ONE, AT_MOST_ONE and NEEDS of a serializer; config.rest.views enforces them).
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from rest_framework import serializers

from config.canonical import LARGEST_INTEGER
from config.limits import BLANK
from config.rest import times

TEXT = r"^[^\u0000]*$"
_BLANK = rf"\t-\r\u001c-\u001f\u0085{BLANK}"
NOT_BLANK = rf"^[{_BLANK}]*[^\u0000{_BLANK}][^\u0000]*$"
ANYTHING = {"$ref": "#/components/schemas/Json"}
NUMBER = {"type": "number", "description": "An integer in digits lies within 2**53 - 1; 1e22 is a double and goes."}
"""No schema can tell the two spellings of one number apart: what has such numbers may be refused as malformed."""
_TIME = "#/components/schemas/Time"
_NAMES = {"type": "string", "pattern": TEXT}
_EMPTY = {"type": "string", "maxLength": 0}
_CONTENT: list[dict[str, Any]] = [
    {"type": "boolean"},
    NUMBER,
    {"type": "string", "pattern": TEXT},
    {"type": "array", "items": ANYTHING},
    {"type": "object", "propertyNames": _NAMES, "additionalProperties": ANYTHING},
]
COMPONENTS = {
    "Json": {"description": "Any JSON that every database and hash can hold.", "anyOf": [{"type": "null"}, *_CONTENT]},
    "Time": times.COMPONENT,
    "JsonContent": {"description": "Any such JSON but null.", "anyOf": _CONTENT},
}


def declare_request(schema: dict[str, Any], serializer: serializers.Serializer[Any]) -> None:
    """Narrow the schema of a body to what is accepted."""
    for name, described in schema.get("properties", {}).items():
        if field := serializer.fields.get(name):
            _narrow(described, field)
    schema.update(_together(serializer))


def declare_response(schema: dict[str, Any], serializer: serializers.Serializer[Any]) -> None:
    """Widen the schema of an answer by the empty choice of a column that may be blank."""
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    columns = {column.name: column for column in model._meta.get_fields()} if model else {}
    for name, described in schema.get("properties", {}).items():
        field = serializer.fields.get(name)
        column = columns.get(getattr(field, "source", name))
        _blank_or_fitting(described)
        if "enum" in described and getattr(column, "blank", False) and "" not in described["enum"]:
            described["enum"] = [*described["enum"], ""]


def _narrow(described: dict[str, Any], field: serializers.Field[Any, Any, Any, Any]) -> None:
    if _blank_or_fitting(described):
        return
    if "$ref" in described or "allOf" in described:
        return
    match field:
        case times.TimeField():
            declare_time(described)
        case serializers.ListSerializer():
            bounds = {"minItems": getattr(field, "min_length", None), "maxItems": getattr(field, "max_length", None)}
            described.update({name: bound for name, bound in bounds.items() if bound is not None})
        case serializers.ListField() if "items" in described:
            _narrow(described["items"], field.child)
        case serializers.DictField() if "properties" not in described:
            _narrow_object(described, field)
        case serializers.CharField() if not {"pattern", "format", "enum", "oneOf"} & described.keys():
            described["pattern"] = TEXT if field.allow_blank or not field.trim_whitespace else NOT_BLANK
        case serializers.IntegerField():
            described.setdefault("minimum", -LARGEST_INTEGER)
            described.setdefault("maximum", LARGEST_INTEGER)
        case serializers.JSONField() if not {"type", "anyOf", "items"} & described.keys():
            described.pop("oneOf", None)  # a nullable {}: null would fit both
            described["$ref"] = ANYTHING["$ref"] if field.allow_null else "#/components/schemas/JsonContent"


def _blank_or_fitting(described: dict[str, Any]) -> bool:
    """A pattern, or blank: blank may fit the pattern too."""
    if described.get("oneOf", ())[-1:] != [_EMPTY]:
        return False
    described["anyOf"] = described.pop("oneOf")
    return True


def as_declared(pattern: str) -> str:
    """A pattern of ours in ECMAScript, whose `$` does not forgive a line's end."""
    return pattern.replace(r"\Z", "$")


def declare_time(described: dict[str, Any]) -> None:
    """`format: date-time`, by which drf-spectacular names a time, is not quite what is taken."""
    may_be_null = "null" in described.pop("type", ())
    del described["format"]
    described["$ref"] = _TIME
    if may_be_null:
        described["anyOf"] = [{"$ref": described.pop("$ref")}, {"type": "null"}]


def _narrow_object(described: dict[str, Any], field: serializers.DictField) -> None:
    for alternative in described.get("oneOf", [described]):  # a nullable one has two
        if alternative.get("type") != "null":
            alternative["propertyNames"] = _NAMES
            values = alternative.get("additionalProperties")
            if values:
                _narrow(values, field.child)
            else:
                alternative["additionalProperties"] = ANYTHING


def _together(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    given = {rule: getattr(serializer, rule, ()) for rule in _TOGETHER}
    together: dict[str, Any] = {}
    if given["EXACTLY_ONE"]:
        together["oneOf"] = [{"required": [name]} for name in given["EXACTLY_ONE"]]
    if given["AT_LEAST_ONE"]:
        together["anyOf"] = [{"required": [name]} for name in given["AT_LEAST_ONE"]]
    if needs := getattr(serializer, "NEEDS", {}):
        together["dependentRequired"] = {name: [needed] for name, needed in needs.items()}
    if given["AT_MOST_ONE"]:
        pairs = combinations(given["AT_MOST_ONE"], 2)
        together["not"] = {"anyOf": [{"required": list(pair)} for pair in pairs]}
    return together


_TOGETHER: dict[str, tuple[str, Callable[[int], bool]]] = {
    "EXACTLY_ONE": ("Give exactly one of", lambda count: count == 1),
    "AT_LEAST_ONE": ("Give at least one of", lambda count: count >= 1),
    "AT_MOST_ONE": ("Give at most one of", lambda count: count <= 1),
}


def wrong_together(serializer: serializers.Serializer[Any], data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each rule about fields that go together which a body breaks: the field to name and what to send."""
    for rule, (words, holds) in _TOGETHER.items():
        names = getattr(serializer, rule, ())
        if names and not holds(sum(name in data for name in names)):
            yield names[0], f"{words} {', '.join(names)}."
    for name, needed in getattr(serializer, "NEEDS", {}).items():
        if name in data and needed not in data:
            yield name, f"Give {needed} too."

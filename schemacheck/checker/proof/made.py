"""What the server says against a name that the script itself made, and that the server therefore cannot know yet."""

import re
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import Catalog
from schemacheck.checker.reading.parser import walk

_QUOTED = re.compile(r'"([^"]+)"')
_CALLED = re.compile(r"(?:function|procedure|aggregate) ([\w.\"]+)\(")
_LABEL = re.compile(r'invalid input value for enum (?P<type>.+): "(?P<label>.*)"\Z', re.DOTALL)
_MISSING = {"42704", "42P01", "42883", "3F000", "42703"}


def speaks_of_made(catalog: Catalog, answer: ServerError) -> bool:
    """Whether an objection is about what an earlier statement of the script made."""
    if answer.sqlstate == "22P02":
        return made_label(catalog, answer) is not None
    if answer.sqlstate not in _MISSING:
        return False
    if answer.sqlstate == "42883" and catalog.made_operators:
        return True
    return any(
        _plain(name) in catalog.made for name in _QUOTED.findall(answer.message) + _CALLED.findall(answer.message)
    )


def without_made(catalog: Catalog, expression: Any, answer: ServerError) -> Any:
    """The expression with other constants where they name what the script made, to ask again; None where none does.

    A label of an enum becomes NULL, the name of a relation its number zero, which the server does not look up.
    """
    label = made_label(catalog, answer)
    relation = next(iter(_QUOTED.findall(answer.message)), "") if answer.sqlstate == "42P01" else ""
    if label is None and _plain(relation) not in catalog.made:
        return None
    changed = type(expression)()
    changed.CopyFrom(expression)
    found = False
    for node in walk(changed):
        if not isinstance(node, ast.A_Const) or not node.HasField("sval"):
            continue
        if label is not None and node.sval.sval == label[1]:
            node.ClearField("sval")
            node.isnull = found = True
        elif relation and node.sval.sval.replace('"', "") == relation:
            node.sval.sval, found = "0", True
    return changed if found else None


def made_label(catalog: Catalog, answer: ServerError) -> tuple[str, str] | None:
    """The enum and the label of it that the server does not know and the script adds."""
    found = _LABEL.search(answer.message) if answer.sqlstate == "22P02" else None
    if found is None:
        return None
    known = any(
        info.kind == "e" and info.display == found["type"] and found["label"] in info.labels
        for info in catalog.types.values()
    )
    return (found["type"], found["label"]) if known else None


def _plain(name: str) -> str:
    """The last part of a qualified name, as the catalog keeps it."""
    return name.replace('"', "").removesuffix("[]").rpartition(".")[2]

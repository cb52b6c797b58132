"""SQL put together from values: f-strings, `%`, `+` and `.format` where only SQL is expected."""

from __future__ import annotations

import ast
from typing import Any, Iterator

from .sources import Source, walk_names

_TAKING_SQL = ("execute", "executemany", "raw", "RunSQL", "RawSQL")
_QUOTING = ("quote_name", "quote_value", "quote", "Identifier", "Literal")
_SHOWN = 80


def formatted_sql(source: Source) -> list[dict[str, Any]]:
    """Each place where a value becomes a part of SQL, with what stands there."""
    safe = _constants(source.tree)
    first = source.migration.lineno if source.migration else 1
    return [
        {
            "line": node.lineno,
            "column": node.col_offset + 1,
            "text": " ".join((ast.get_source_segment(source.text, node) or "").split())[:_SHOWN],
            "in_class": node.lineno >= first > 1,
        }
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and call.args
        for node in _sql_of(call)
        if _is_formatted(node, safe)
    ]


def _sql_of(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are SQL."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _TAKING_SQL:
        yield call.args[0]
    if name == "RunSQL":
        yield from (keyword.value for keyword in call.keywords if keyword.arg in ("sql", "reverse_sql"))
        yield from call.args[1:2]


def _constants(tree: ast.AST) -> frozenset[str]:
    """Names whose every value stands in the file."""
    values: dict[str, list[ast.expr]] = {}
    foreign: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.arg):
            foreign.add(node.arg)
        elif isinstance(node, (ast.For, ast.withitem, ast.NamedExpr, ast.AugAssign, ast.AnnAssign)):
            target = node.optional_vars if isinstance(node, ast.withitem) else node.target
            foreign.update(walk_names(target) if target else ())
    safe: frozenset[str] = frozenset()
    while True:
        found = frozenset(
            name
            for name, given in values.items()
            if name not in foreign and all(_is_quoted(value, safe) for value in given)
        )
        if found == safe:
            return safe
        safe = found


def _is_formatted(node: ast.expr, safe: frozenset[str]) -> bool:
    if isinstance(node, ast.JoinedStr):
        held = [value for value in node.values if isinstance(value, ast.FormattedValue)]
        return not all(_is_quoted(value.value, safe) for value in held)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return isinstance(node.left, (ast.Constant, ast.JoinedStr, ast.BinOp)) and not _is_quoted(node.right, safe)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_joined(list(_summands(node)), safe)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return isinstance(node.func.value, ast.Constant) and not all(_is_quoted(value, safe) for value in given)
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(_is_formatted(item, safe) for item in node.elts)
    return False


def _is_joined(parts: list[ast.expr], safe: frozenset[str]) -> bool:
    is_text = any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )
    return is_text and any(
        _is_formatted(part, safe) if isinstance(part, ast.JoinedStr) else not _is_quoted(part, safe) for part in parts
    )


def _is_quoted(node: ast.expr, safe: frozenset[str]) -> bool:
    """Whether a value stands in the file, or went through a function that quotes names."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _QUOTING:
            return True
    if isinstance(node, ast.Attribute):
        return node.attr in ("db_table", "column")  # of a model: Django's own
    parts = list(ast.walk(node))
    bound = {name for part in parts if isinstance(part, ast.comprehension) for name in walk_names(part.target)}
    if any(isinstance(part, (ast.Attribute, ast.Call)) and not _is_join(part) for part in parts):
        return False
    return all(part.id in safe or part.id in bound for part in parts if isinstance(part, ast.Name))


def _is_join(node: ast.AST) -> bool:
    """`" OR ".join(...)`: no more than what it joins."""
    if isinstance(node, ast.Attribute):
        return node.attr == "join" and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_join(node.func)


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node
